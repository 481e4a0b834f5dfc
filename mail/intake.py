"""Taking mail in: the two functions in which every door ends (PARITY V1).

`store` puts the bytes on the disk and a row into the ledger; only then may a door tell its server that it has the mail.
`take_in` decides what becomes of it. It may be run again after any crash, at any place: the entry that a mail becomes
stands in its row from the moment it is made, so there is one at most.
"""

import hashlib
import logging
import traceback
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError
from django.db.models import F
from django.utils.timezone import now

from core import files, wakeups
from core.models import SiteSettings
from core.models.work import holding
from core.prepared import Prepared, insert, whole
from mail import delivering, foreseeing, matching, parsing, waiting_forms
from mail.addresses import own_addresses
from mail.keeping import ClaimLost, Held
from mail.models import NOT_WHOLE, Door, IncomingMail, IncomingState, Mailbox, Reason
from mail.outcome import Outcome
from mail.parsing import ParsedMail
from tickets.thread import clean_text

logger = logging.getLogger(__name__)

# A mail that kills its worker so often is put aside, and the others go on.
MOST_ATTEMPTS = 5
# A full disk, files that are away: tried again until they are back.
AWAY_FOR = timedelta(minutes=5)
# So much of a mail above the limit is read, to say who sent it.
READ_OF_TOO_LARGE = 1 << 20


_FREE = Prepared(
    lambda pk, attempts: IncomingMail.objects.filter(pk=pk, state=IncomingState.STORED, claim=None, attempts=attempts)
)

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


def store_held(chunks: Iterable[bytes], *, door: Door, at: datetime, mailbox: Mailbox | None = None) -> Held:
    """Put a mail into the ledger as `store` does, for who goes on to `take_in_held`: until then no worker gets it.

    Should they die before that, a worker gets it when the claim has run out. Raises what `store` raises.
    """
    blob, claim = files.store(chunks), uuid4()
    mail = IncomingMail(
        door=door,
        mailbox=mailbox,
        raw=blob,
        size=blob.size,
        stored_at=at,
        arrived_at=at,
        due_at=at + settings.CLAIM_TIME,
        claim=claim,
        attempts=1,
    )
    return Held(insert(mail), claim)


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
        with whole():
            insert(mail)
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
    return _work(Held(IncomingMail.objects.select_related("raw", "mailbox").get(pk=pk), mine))


def take_in_at_once(mail: IncomingMail) -> IncomingMail:
    """Take a mail in that was just stored, without waiting for a worker; return it with what became of it.

    If a worker was quicker, it is returned as it stands.
    """
    mine = uuid4()
    # With as many attempts as when it was stored, it stands as it was stored: it need not be read again.
    claimed = {"claim": mine, "due_at": now() + settings.CLAIM_TIME, "attempts": mail.attempts + 1}
    if not _FREE.update(claimed, pk=mail.pk, attempts=mail.attempts):
        return _as_it_stands(mail)
    mail.attempts += 1
    return take_in_held(Held(mail, mine))


def take_in_held(held: Held) -> IncomingMail:
    """Take a mail in that was stored for that; return it with what became of it, as `take_in_at_once` does."""
    return _work(held) or _as_it_stands(held.mail)


def _as_it_stands(mail: IncomingMail) -> IncomingMail:
    return IncomingMail.objects.select_related("ticket", "entry", "raw", "mailbox").get(pk=mail.pk)


def _work(held: Held) -> IncomingMail | None:
    at, mail = now(), held.mail
    try:
        _take_in(held, at)
    except ClaimLost:
        return None
    except (OperationalError, InterfaceError):
        # The claim runs out, and the mail is due again.
        logger.exception("mail %s waits for the database", mail.pk)
        raise
    except OSError as error:
        logger.exception("mail %s waits for its file", mail.pk)
        rows = holding(IncomingMail.objects.all(), mail.pk, held.claim)
        said = clean_text(f"{type(error).__name__}: {error}")[:2000]
        rows.update(due_at=at + AWAY_FOR, claim=None, attempts=0, last_error=said)
        return None
    except Exception as error:
        logger.exception("mail %s could not be taken in", mail.pk)
        return _put_aside(held, "".join(traceback.format_exception(error))[-10_000:], at)
    return mail


def _take_in(held: Held, at: datetime) -> None:
    """Do with the mail what is to be done, and write down what that was.

    At first as if nobody had it before. If somebody has, or a worker died of it, then step by step: what it says of
    itself is written before anything is done with it.
    """
    if held.mail.attempts > MOST_ATTEMPTS:
        return held.finish(_failed("Its worker died over and over while working on it."), at)
    if held.mail.attempts <= 1:
        # The same mail, by another door at the same time, may hold the identity.
        with suppress(IntegrityError):
            return _settle(held, at)
    return _settle(held, at, is_careful=True)


def _settle(held: Held, at: datetime, *, is_careful: bool = False) -> None:
    held.is_finished = False
    outcome = _decide(held, at, is_careful=is_careful)
    if not held.is_finished:
        held.finish(outcome, at)


def _put_aside(held: Held, error: str, at: datetime) -> IncomingMail | None:
    try:
        if held.said:
            held.be_second()
        held.finish(_failed(error), at)
    except ClaimLost:
        return None
    return held.mail


def _decide(held: Held, at: datetime, *, is_careful: bool) -> Outcome:
    mail = held.mail
    if mail.raw is None:
        return _failed("Its raw bytes are no longer kept.")
    # What a pipe hands over may be of any size. It is whole on the disk; of the memory it gets no more than others.
    is_too_large = mail.raw.size > settings.MAIL_MOST_BYTES
    with files.open_blob(mail.raw) as file:
        raw = file.read(READ_OF_TOO_LARGE if is_too_large else -1)
    parsed, sender = waiting_forms.read(mail, parsing.parse(raw))
    held.says(mail.raw.sha256 if is_too_large else identity_of(raw, parsed), _said(parsed, sender))
    with SiteSettings.read_once(), foreseeing.asked(held, parsed, sender, at):
        if (is_careful or held.is_known()) and (original := held.be_second()):
            return Outcome(
                IncomingState.DUPLICATE,
                Reason.SAME_MAIL,
                ticket=original.ticket,
                entry=original.entry,
                duplicate_of=original,
            )
        if is_too_large:
            return _failed("It is larger than MAIL_MAX_MB. Raise that, and take it in again.")
        return delivering.deliver(held, parsed, sender, own_addresses(), at=at)


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


def _said(parsed: ParsedMail, sender: str) -> dict[str, str]:
    return {
        "sender": sender[:254],
        "subject": clean_text(parsed.subject)[:1000],
        "message_id": clean_text(parsed.message_id or "")[:500],
    }


def _failed(error: str) -> Outcome:
    return Outcome(IncomingState.QUARANTINED, Reason.FAILED, error=error)
