"""Forms of the portal that wait: kept in the ledger as the mail that they could have been, for an administrator.

Nobody proved who filled one in. So the page after it says the same as after a form that opened a ticket: that this
address has many open ones is nothing to tell. Its owner hears of it by mail, as who mails does.
"""

import hashlib
from base64 import encodebytes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.header import Header
from email.parser import BytesHeaderParser
from email.utils import format_datetime
from io import BytesIO
from secrets import token_hex
from typing import IO
from urllib.parse import quote

from django.db import transaction

from accounts.models import Address
from core import files
from core.models import NewFile, SiteSettings
from mail import matching, over_limit
from mail.models import Door, IncomingMail, IncomingState, Reason
from mail.parsing import ParsedMail
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


def read(mail: IncomingMail, parsed: ParsedMail) -> tuple[ParsedMail, str]:
    """Return what the mail says and who sent it.

    A form was filled in by a person, whatever its words and files look like, and its row names them: not every address
    that can be typed is read out of a head again.
    """
    if mail.door != Door.PORTAL:
        return parsed, matching.address_of_sender(parsed)
    return replace(parsed, auto_reply=False, auto_reply_is_guess=False, bounce=None), mail.sender


def _message_id(address: Address, request_key: str) -> str:
    """Return what this form of this person is found by; without a key it is found by nothing."""
    words = f"{address.user_id}:{request_key}" if request_key else token_hex(20)
    return f"<{hashlib.sha256(words.encode()).hexdigest()[:40]}@portal.invalid>"


def _as_mail(
    address: Address, subject: str, text: str, attached: Sequence[NewFile], said: dict[str, str], at: datetime
) -> Iterator[bytes]:
    """Return the form as a mail, in pieces: its files together may be larger than memory."""
    boundary = token_hex(20)
    yield _head(
        {
            "From": f"{_words(address.user.name)} <{address.email}>",
            "Subject": _words(subject),
            "Date": format_datetime(at),
            **said,
            "MIME-Version": "1.0",
            "Content-Type": f'multipart/mixed; boundary="{boundary}"',
        }
    )
    yield from _part(boundary, {"Content-Type": "text/plain; charset=utf-8"}, BytesIO(text.encode()))
    for file in attached:
        name = quote(file.name, safe="")
        about = {
            "Content-Type": file.content_type,
            # RFC 6266 names it so, and RFC 2231: no character of a name is any other there.
            "Content-Disposition": f"attachment; filename*=utf-8''{name}",
        }
        with files.open_blob(file.blob) as source:
            yield from _part(boundary, about, source)
    yield f"--{boundary}--\r\n".encode()


def _words(text: str) -> str:
    """Return words as encoded words (RFC 2047), so that nothing in them is anything else."""
    return Header(" ".join(text.split()), "utf-8").encode(linesep="\r\n")


def _head(fields: Mapping[str, str]) -> bytes:
    """Return the lines of a head. Written as they are: what kind of file a part says it is changes nothing."""
    return ("".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n").encode()


def _part(boundary: str, about: Mapping[str, str], source: IO[bytes]) -> Iterator[bytes]:
    yield f"--{boundary}\r\n".encode() + _head({**about, "Content-Transfer-Encoding": "base64"})
    while piece := source.read(PIECE):
        yield encodebytes(piece).replace(b"\n", b"\r\n")
    yield b"\r\n"
