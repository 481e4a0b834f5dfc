"""Forms of the portal that wait: kept in the ledger as the mail that they could have been, for an administrator.

Nobody proved who filled one in. So the page after it says the same as after a form that opened a ticket: that this
address has many open ones is nothing to tell. Its owner hears of it by mail, as who mails does.
"""

import hashlib
from base64 import encodebytes
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTPUTF8
from email.utils import format_datetime, formataddr
from secrets import token_hex

from django.db import transaction

from accounts.models import Address
from core import files
from core.models import NewFile, SiteSettings
from mail import over_limit
from mail.models import Door, IncomingMail, IncomingState, Reason
from tickets import numbers
from tickets.actions.locking import lock_address
from tickets.models import HelpTopic, Ticket

NUMBER, TOPIC = "X-Ticket-Number", "X-Help-Topic"
HEAD = 1 << 16
# Of base64 a line has 57 bytes (RFC 2045 section 6.8).
PIECE = 57 << 10


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form says besides words and files. `number` is what the page after it told."""

    number: str
    topic: HelpTopic | None


def put_aside(
    *,
    address: Address,
    topic: HelpTopic | None,
    subject: str,
    text: str,
    attached: Sequence[NewFile],
    number: str,
    request_key: str,
    at: datetime,
) -> IncomingMail:
    """Put the form into quarantine and tell whose address it names; return its row.

    Sent twice with the same `request_key` it is one. Raises OSError if it could not be stored. Not to be called within
    a transaction.
    """
    message_id = _message_id(address, request_key)
    if not number or Ticket.objects.filter(number=number).exists():
        number = numbers.reserve(topic)
    said = {NUMBER: number, TOPIC: str(topic.pk) if topic else "", "Message-ID": message_id}
    blob = files.store(_as_mail(address, subject, text, attached, said, at))
    with transaction.atomic():
        # Sent twice at once, the second waits and finds what the first left.
        lock_address(address)
        mail = waiting(address, request_key) or IncomingMail.objects.create(
            door=Door.PORTAL,
            raw=blob,
            size=blob.size,
            stored_at=at,
            arrived_at=at,
            taken_in_at=at,
            state=IncomingState.QUARANTINED,
            reason=Reason.TOO_MANY_OPEN,
            sender=address.email[:254],
            subject=subject[:1000],
            message_id=message_id,
        )
    over_limit.tell(address, about=f"form:{mail.pk}", site=SiteSettings.load(), at=at)
    return mail


def waiting(address: Address, request_key: str) -> IncomingMail | None:
    """Return the row of a form that was put aside before, whatever became of it since."""
    if not request_key:
        return None
    rows = IncomingMail.objects.filter(door=Door.PORTAL, message_id=_message_id(address, request_key))
    return rows.order_by("pk").first()


def asked(mail: IncomingMail) -> Asked | None:
    """Return what the form says; None for what is no form, or is not kept any more."""
    if mail.door != Door.PORTAL or mail.raw is None:
        return None
    with files.open_blob(mail.raw) as file:
        head = BytesHeaderParser().parsebytes(file.read(HEAD).partition(b"\r\n\r\n")[0])
    pk = head.get(TOPIC, "")
    topic = HelpTopic.objects.enabled().filter(pk=pk).first() if pk else None
    return Asked(head.get(NUMBER, ""), topic)


def _message_id(address: Address, request_key: str) -> str:
    """Return what this form of this person is found by; without a key it is found by nothing."""
    words = f"{address.user_id}:{request_key}" if request_key else token_hex(20)
    return f"<{hashlib.sha256(words.encode()).hexdigest()[:40]}@portal.invalid>"


def _as_mail(
    address: Address, subject: str, text: str, attached: Sequence[NewFile], said: dict[str, str], at: datetime
) -> Iterator[bytes]:
    """Return the form as a mail, in pieces: its files together may be larger than memory."""
    boundary = token_hex(20)
    head = EmailMessage(policy=SMTPUTF8)
    head["From"] = formataddr((address.user.name, address.email), charset="utf-8")
    head["Subject"] = subject
    head["Date"] = format_datetime(at)
    for name, value in said.items():
        head[name] = value
    head["MIME-Version"] = "1.0"
    head["Content-Type"] = f'multipart/mixed; boundary="{boundary}"'
    # Of a mail that has no parts yet only the head.
    yield head.as_bytes().partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    words = EmailMessage(policy=SMTPUTF8)
    words.set_content(text, cte="base64")
    yield from _part(boundary, words, [])
    for file in attached:
        part = EmailMessage(policy=SMTPUTF8)
        part["Content-Type"] = file.content_type
        part["Content-Transfer-Encoding"] = "base64"
        part.add_header("Content-Disposition", "attachment", filename=file.name)
        yield from _part(boundary, part, _encoded(file))
    yield f"--{boundary}--\r\n".encode()


def _part(boundary: str, part: EmailMessage, body: Iterable[bytes]) -> Iterator[bytes]:
    yield f"--{boundary}\r\n".encode()
    yield part.as_bytes()
    yield from body
    yield b"\r\n"


def _encoded(file: NewFile) -> Iterator[bytes]:
    with files.open_blob(file.blob) as source:
        while piece := source.read(PIECE):
            yield encodebytes(piece).replace(b"\n", b"\r\n")
