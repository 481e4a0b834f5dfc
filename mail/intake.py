"""Taking mail in: the two functions in which every door ends (PARITY V1).

`store` puts the bytes on the disk and a row into the ledger; only then may a door tell its server that it has the mail.
`take_in` decides what becomes of it. It may be run again after any crash, at any place: the entry that a mail becomes
carries the mail's key, so there is one at most.
"""

import hashlib
import logging
import traceback
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils.timezone import now

from core import files, wakeups
from core.models.work import holding
from mail import delivering, matching, parsing
from mail.addresses import own_addresses
from mail.models import NOT_WHOLE, Door, IncomingMail, IncomingState, Mailbox, Reason
from mail.outcome import Outcome, told
from mail.parsing import ParsedMail
from tickets.thread import clean_text

logger = logging.getLogger(__name__)

# A mail that kills its worker so often is put aside, and the others go on.
MOST_ATTEMPTS = 5
# A full disk, files that are away: tried again until they are back.
AWAY_FOR = timedelta(minutes=5)


# --- Storing --------------------------------------------------------------------------------------


def store(
    chunks: Iterable[bytes],
    *,
    door: Door,
    at: datetime,
    mailbox: Mailbox | None = None,
    place: str = "",
    arrived_at: datetime | None = None,
) -> IncomingMail:
    """Put a mail into the ledger, as it came; return its row, an older one if the same `place` was stored before.

    `arrived_at` is what the server says, never what the mail says of itself. When this returns, the mail cannot be
    lost.
    Raises OSError or DatabaseError if it could not be stored. Not to be called within a transaction.
    """
    known = _at(mailbox, place)
    if known is not None:
        return known
    blob = files.store(chunks)
    mail = _keep(
        IncomingMail(
            door=door,
            mailbox=mailbox,
            place=place,
            raw=blob,
            size=blob.size,
            stored_at=at,
            arrived_at=min(arrived_at or at, at),
            due_at=at,
        )
    )
    wakeups.wake()
    return mail


def put_aside(
    head: bytes,
    *,
    size: int,
    reason: Reason,
    door: Door,
    at: datetime,
    mailbox: Mailbox,
    place: str,
    arrived_at: datetime | None = None,
) -> IncomingMail:
    """Put a mail into quarantine of which only the head could be had, or less; `size` is what the server says it has.

    Its `size` stays above that of its raw bytes: so the fetcher knows that the server must keep its own.
    Raises what `store` raises.
    """
    known = _at(mailbox, place)
    if known is not None:
        return known
    blob = files.store([head])
    parsed = parsing.parse(head)
    return _keep(
        IncomingMail(
            door=door,
            mailbox=mailbox,
            place=place,
            raw=blob,
            size=max(size, blob.size + 1),
            stored_at=at,
            arrived_at=min(arrived_at or at, at),
            state=IncomingState.QUARANTINED,
            reason=reason,
            taken_in_at=at,
            **_said(parsed, matching.address_of_sender(parsed)),
        )
    )


def make_whole(mail: IncomingMail, chunks: Iterable[bytes], *, at: datetime) -> bool:
    """Store the bytes of a mail that was put aside, now that they can be had, and let it be taken in.

    Says False, and changes nothing, if somebody decided otherwise meanwhile. Raises what `store` raises.
    """
    blob = files.store(chunks)
    rows = IncomingMail.objects.filter(pk=mail.pk, state=IncomingState.QUARANTINED, reason__in=NOT_WHOLE)
    done = rows.update(raw=blob, size=blob.size, state=IncomingState.STORED, reason="", due_at=at, taken_in_at=None)
    wakeups.wake()
    return bool(done)


def _at(mailbox: Mailbox | None, place: str) -> IncomingMail | None:
    if mailbox is None or not place:
        return None
    return IncomingMail.objects.filter(mailbox=mailbox, place=place).first()


def _keep(mail: IncomingMail) -> IncomingMail:
    """Write the row, unless another fetcher was quicker; return the one that stands."""
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
    except IntegrityError:
        known = _at(mail.mailbox, mail.place)
        if known is None:
            raise
        return known
    return mail


# --- Taking in ------------------------------------------------------------------------------------


def take_in(pk: int, claim: UUID) -> IncomingMail | None:
    """Take one mail in that is held under `claim`; return it with what became of it, None if somebody else has it."""
    mine = uuid4()
    waiting = holding(IncomingMail.objects.filter(state=IncomingState.STORED), pk, claim)
    if not waiting.update(claim=mine, attempts=F("attempts") + 1):
        return None
    return _work(IncomingMail.objects.select_related("raw", "mailbox").get(pk=pk), mine)


def take_in_at_once(mail: IncomingMail) -> IncomingMail:
    """Take a mail in that was just stored, without waiting for a worker; return it with what became of it.

    If a worker was quicker, it is returned as it stands.
    """
    mine = uuid4()
    # With as many attempts as when it was stored, it stands as it was stored: it need not be read again.
    free = IncomingMail.objects.filter(pk=mail.pk, state=IncomingState.STORED, claim=None, attempts=mail.attempts)
    if free.update(claim=mine, due_at=now() + settings.CLAIM_TIME, attempts=F("attempts") + 1):
        mail.attempts += 1
        if done := _work(mail, mine):
            return done
    return IncomingMail.objects.select_related("ticket", "entry", "raw", "mailbox").get(pk=mail.pk)


def _work(mail: IncomingMail, claim: UUID) -> IncomingMail | None:
    at = now()
    if mail.attempts > MOST_ATTEMPTS:
        return _finish(mail, claim, _failed("Its worker died over and over while working on it."), at)
    try:
        outcome = _decide(mail, claim, at)
    except (OperationalError, InterfaceError):
        # The claim runs out, and the mail is due again.
        logger.exception("mail %s waits for the database", mail.pk)
        raise
    except OSError as error:
        logger.exception("mail %s waits for its file", mail.pk)
        held = holding(IncomingMail.objects.all(), mail.pk, claim)
        held.update(due_at=at + AWAY_FOR, claim=None, attempts=0, last_error=f"{type(error).__name__}: {error}"[:2000])
        return None
    except Exception as error:
        logger.exception("mail %s could not be taken in", mail.pk)
        outcome = _failed("".join(traceback.format_exception(error))[-10_000:])
    return _finish(mail, claim, outcome, at)


def _decide(mail: IncomingMail, claim: UUID, at: datetime) -> Outcome:
    if mail.raw is None:
        return _failed("Its raw bytes are no longer kept.")
    with files.open_blob(mail.raw) as file:
        raw = file.read()
    parsed = parsing.parse(raw)
    own = own_addresses()
    sender = matching.address_of_sender(parsed)
    original = _claim_identity(mail, claim, parsed, sender, identity_of(raw, parsed))
    if original is not None:
        return Outcome(
            IncomingState.DUPLICATE,
            Reason.SAME_MAIL,
            ticket=original.ticket,
            entry=original.entry,
            duplicate_of=original,
        )
    return delivering.deliver(mail, parsed, sender, own, at=at)


def identity_of(raw: bytes, parsed: ParsedMail) -> str:
    """Return a digest of what the sender made of the mail: the same by whatever way it comes.

    Servers on the way add headers and change line ends. A mail without Message-ID and date is itself only byte by byte.
    """
    if parsed.message_id is None and parsed.date is None:
        return hashlib.sha256(raw).hexdigest()
    unified = raw.replace(b"\r\n", b"\n")
    body = unified.partition(b"\n\n")[2].rstrip()
    said = [parsed.message_id, parsed.header("Date"), parsed.header("From"), parsed.subject]
    digest = hashlib.sha256("\0".join(one or "" for one in said).encode("utf-8", "surrogatepass"))
    digest.update(b"\0" + body)
    return digest.hexdigest()


def _claim_identity(
    mail: IncomingMail, claim: UUID, parsed: ParsedMail, sender: str, identity: str
) -> IncomingMail | None:
    """Write down what the mail says of itself. Return the mail that was this one before, if there is one."""
    held = holding(IncomingMail.objects.all(), mail.pk, claim)
    said = _said(parsed, sender)
    for name, value in said.items():
        setattr(mail, name, value)
    try:
        # Nearly every mail is the first that has it, so the constraint is asked and not the table.
        with transaction.atomic():
            held.update(identity=identity, **said)
    except IntegrityError:
        held.update(**said)
        same = IncomingMail.objects.select_related("ticket", "entry").filter(identity=identity).exclude(pk=mail.pk)
        return same.get()
    return None


def _said(parsed: ParsedMail, sender: str) -> dict[str, str]:
    return {
        "sender": sender[:254],
        "subject": clean_text(parsed.subject)[:1000],
        "message_id": clean_text(parsed.message_id or "")[:500],
    }


def _finish(mail: IncomingMail, claim: UUID, outcome: Outcome, at: datetime) -> IncomingMail | None:
    """Write down what became of the mail, if that is still ours to say."""
    changes: dict[str, Any] = {
        "state": outcome.state,
        "reason": outcome.reason,
        "ticket": outcome.ticket,
        "entry": outcome.entry,
        "duplicate_of": outcome.duplicate_of,
        "bounced": outcome.bounced,
        "remarks": told(outcome.remarks),
        "remote_images": [clean_text(address) for address in outcome.remote_images],
        "authentication": outcome.authentication,
        "last_error": clean_text(outcome.error),
        "taken_in_at": at,
        "due_at": None,
        "claim": None,
    }
    if not holding(IncomingMail.objects.all(), mail.pk, claim).update(**changes):
        return None
    for name, value in changes.items():
        setattr(mail, name, value)
    return mail


def _failed(error: str) -> Outcome:
    return Outcome(IncomingState.QUARANTINED, Reason.FAILED, error=error)
