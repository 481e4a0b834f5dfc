"""What a worker does with one mailbox that is due: store what lies there, then tell the server; go on next time.

One fetcher per mailbox, by the claim of its row (docs/architecture.md). A mail that cannot be had holds up no other:
it goes last, and after a few times only its head is put aside. A mailbox that fails backs off alone.
"""

import hashlib
import logging
import random
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import F
from django.utils.timezone import now
from django.utils.translation import gettext as _

from core.models.work import holding
from mail import intake
from mail.fetching.imap import ImapFolder
from mail.fetching.pop3 import Maildrop
from mail.fetching.source import About, Letter, Source
from mail.models import IncomingMail, IncomingState, Mailbox, Protocol, Reason
from mail.trouble import CannotTell, NotHandedOut, TooLarge, Trouble, Vanished, answer_of

_T = TypeVar("_T")

logger = logging.getLogger(__name__)

# Mails whose size is asked at once, and of which the server is told at once.
LOOKED_AT = 500
TOGETHER = 20
# A worker has others to serve: after so many seconds the rest waits for the next turn, at once.
LONGEST_TURN = 20.0
# The whole folder is compared with the ledger so often.
LOOKED_THROUGH = timedelta(hours=1)
# So often a mail is asked for, then its head alone; then what is known of it is put aside.
TRIES, TRIES_OF_HEAD = 3, 5
# Beyond these the server is broken, not some mails.
MOST_STUMBLES = 50
LONGEST_WAIT = timedelta(minutes=10)
SPREAD = 0.2
# Servers that do not answer keep so many threads of a worker at most; other work goes on.
SIDE_BY_SIDE = 2
LATER = timedelta(seconds=1)

_free = threading.BoundedSemaphore(SIDE_BY_SIDE)


class ClaimLost(Exception):
    """Another worker has the mailbox now, or somebody changed how it is set up."""


class Hold:
    """The claim on a mailbox, renewed while it goes on."""

    def __init__(self, pk: int, claim: UUID) -> None:
        self._pk, self._claim, self._renewed = pk, claim, monotonic()

    def renew(self) -> None:
        """Take the claim anew if a good part of it is over. Raises ClaimLost."""
        if monotonic() - self._renewed > settings.CLAIM_TIME.total_seconds() / 4:
            self.write(due_at=now() + settings.CLAIM_TIME)

    def write(self, **changes: Any) -> None:
        """Write into the row while it is ours. Raises ClaimLost."""
        if not holding(Mailbox.objects.all(), self._pk, self._claim).update(**changes):
            raise ClaimLost
        self._renewed = monotonic()


def fetch(pk: int, claim: UUID) -> None:
    """Fetch from one mailbox that is held under `claim`; do nothing if somebody else has it."""
    if not _free.acquire(blocking=False):
        holding(Mailbox.objects.all(), pk, claim).update(due_at=now() + LATER, claim=None)
        return
    try:
        mine = uuid4()
        if holding(Mailbox.objects.all(), pk, claim).update(claim=mine):
            _fetch(Mailbox.objects.get(pk=pk), Hold(pk, mine))
    except ClaimLost:
        logger.info("mailbox %s was given to somebody else meanwhile", pk)
    finally:
        _free.release()


def _fetch(mailbox: Mailbox, hold: Hold) -> None:
    if not mailbox.is_fetched:
        hold.write(due_at=None, claim=None)
        return
    turn = Turn(mailbox, hold)
    try:
        turn.take()
    except (ClaimLost, DatabaseError, InterfaceError):
        raise
    except Trouble as trouble:
        _fail(turn, str(trouble))
    except OSError as error:
        _fail(turn, _("The mail could not be stored here: %(why)s.") % {"why": error.strerror or error})
    except Exception as error:
        logger.exception("fetching from mailbox %s failed", mailbox.name)
        _fail(turn, f"{type(error).__name__}: {answer_of(error)}")
    else:
        _succeed(turn)


class Turn:
    """One connection to one mailbox."""

    def __init__(self, mailbox: Mailbox, hold: Hold) -> None:
        self.mailbox, self.hold = mailbox, hold
        self.stumbles: dict[str, int] = dict(mailbox.stumbled_over)
        self.stored = 0
        # What is still to be stored, and whether it waits for nothing but the next turn.
        self.left, self.has_more = 0, False
        self.count: int | None = None
        # What the administrator should know though mails are fetched.
        self.complaint = ""
        self._is_untold = False
        self._ends_at = monotonic() + LONGEST_TURN

    def take(self) -> None:
        """Store and tell what there is. Raises Trouble, ClaimLost, OSError, DatabaseError."""
        source: Source = ImapFolder(self.mailbox) if self.mailbox.protocol == Protocol.IMAP else Maildrop(self.mailbox)
        try:
            self.count, self.complaint = source.count, source.complaint
            self.hold.write(connected_at=now(), **self._position())
            self._work(source)
        finally:
            source.close()

    def _position(self) -> dict[str, Any]:
        box = self.mailbox
        names = ("source", "generation", "uid_validity", "first_uid", "last_uid", "looked_through_at")
        return {name: getattr(box, name) for name in names}

    def _work(self, source: Source) -> None:
        box, at = self.mailbox, now()
        last = box.looked_through_at
        # Later than now, where the machine's clock was set back.
        through = last is None or not timedelta(0) <= at - last <= LOOKED_THROUGH or bool(self.stumbles)
        letters = source.letters(through=through)
        if self.stumbles:
            self._forget_vanished(letters)
        todo = self._todo(letters)
        looked_through_at = box.looked_through_at
        if todo and looked_through_at is not None:
            # Whatever ends us now, the next turn has to look at everything.
            self.hold.write(looked_through_at=None)
        box.looked_through_at = None
        # What stumbled before goes last.
        todo.sort(key=lambda pair: self.stumbles.get(pair[0].name, 0))
        self.left = len([one for one, row in todo if row is None])
        for part in _parts(todo, TOGETHER):
            if monotonic() > self._ends_at:
                self.has_more = True
                return
            self._some(source, part)
        if box.uid_validity:
            box.last_uid = max([box.last_uid, *(one.key for one in letters)])
        if not self.stumbles and not self._is_untold:
            box.looked_through_at = at if through else looked_through_at

    def _forget_vanished(self, letters: Sequence[Letter]) -> None:
        """Let go of what somebody took away since: else the whole folder would be looked through in every turn."""
        there = {one.name for one in letters}
        self.stumbles = {name: times for name, times in self.stumbles.items() if name in there}

    def _todo(self, letters: Sequence[Letter]) -> list[tuple[Letter, IncomingMail | None]]:
        """Return the mails to store, and those that are stored and of which the server is to be told."""
        todo: list[tuple[Letter, IncomingMail | None]] = []
        for part in _parts(letters, LOOKED_AT):
            self.hold.renew()
            known = self._known(part)
            for one in part:
                row = known.get(one.place) if one.place else None
                if (row is None and one.is_ours) or (row is not None and not one.is_done) or _may_be_whole(row):
                    todo.append((one, row))
        return todo

    def _known(self, letters: Iterable[Letter]) -> dict[str, IncomingMail]:
        places = [one.place for one in letters if one.place]
        rows = IncomingMail.objects.filter(mailbox=self.mailbox, place__in=places)
        rows = rows.annotate(raw_size=F("raw__size")).only("place", "size", "state", "reason", "raw_id")
        return {row.place: row for row in rows}

    def _some(self, source: Source, part: Sequence[tuple[Letter, IncomingMail | None]]) -> None:
        fresh = [one for one, row in part if row is None or _may_be_whole(row)]
        about = source.about(fresh) if fresh else {}
        to_tell = []
        for one, row in part:
            self.hold.renew()
            if row is None or _may_be_whole(row):
                said = about.get(one.key)
                whole = said is not None and self._store(source, one, said, row)
                self.left -= row is None
            else:
                whole = _is_whole(row)
            if whole and not one.is_done:
                to_tell.append(one)
        if to_tell and not self._is_untold:
            try:
                source.tell(to_tell)
            except CannotTell as sentence:
                # It would refuse the others, too. Each is known by its place, so none is stored twice.
                self.complaint, self._is_untold = str(sentence), True

    def _store(self, source: Source, one: Letter, said: About, row: IncomingMail | None) -> bool:
        """Store one mail; say whether all of it is here now."""
        if said.size > settings.MAIL_MOST_BYTES:
            return self._put_aside(source, one, said, Reason.TOO_LARGE) if row is None else False
        before = self.stumbles.get(one.name, 0)
        if before >= TRIES:
            if row is not None:
                IncomingMail.objects.filter(pk=row.pk, reason=Reason.TOO_LARGE).update(reason=Reason.NOT_HANDED_OUT)
                del self.stumbles[one.name]
                return False
            return self._put_aside(source, one, said, Reason.NOT_HANDED_OUT)
        # If the connection breaks at this mail, the next turn has to know.
        self.stumbles[one.name] = before + 1
        try:
            self._keep(self._bounded(source.read(one, size=said.size)), source, one, said, row)
        except NotHandedOut as refusal:
            logger.info("mailbox %s: mail %s is not handed out: %s", self.mailbox.name, one.place, refusal)
            if len(self.stumbles) > MOST_STUMBLES:
                raise Trouble(
                    _("The server does not hand its mails out. It said: %(answer)s") % {"answer": refusal}
                ) from refusal
            return False
        except Vanished:
            del self.stumbles[one.name]
            return False
        except TooLarge:
            # The rest of it may be on the way still: only a new connection is in step again.
            self.stumbles[one.name] = TRIES
            raise Trouble(_("A mail is larger than the server said.")) from None
        del self.stumbles[one.name]
        return True

    def _keep(
        self, chunks: Iterable[bytes], source: Source, one: Letter, said: About, row: IncomingMail | None
    ) -> None:
        at = now()
        if row is not None:
            intake.make_whole(row, chunks, at=at)
        else:
            intake.store(
                chunks, door=source.door, at=at, mailbox=self.mailbox, place=one.place, arrived_at=said.arrived_at
            )
        self.stored += 1

    def _bounded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > settings.MAIL_MOST_BYTES:
                raise TooLarge
            yield chunk
            self.hold.renew()

    def _put_aside(self, source: Source, one: Letter, said: About, reason: Reason) -> bool:
        head = b""
        if self.stumbles.get(one.name, 0) < TRIES_OF_HEAD:
            self.stumbles[one.name] = self.stumbles.get(one.name, 0) + 1
            try:
                head = source.read_head(one)[: settings.MAIL_MOST_BYTES]
            except Vanished:
                del self.stumbles[one.name]
                return False
            except NotHandedOut as refusal:
                logger.info("mailbox %s: nor is the head of mail %s: %s", self.mailbox.name, one.place, refusal)
        intake.put_aside(
            head,
            size=said.size,
            reason=reason,
            door=source.door,
            at=now(),
            mailbox=self.mailbox,
            place=one.place or _place_of(head, said),
            arrived_at=said.arrived_at,
        )
        self.stumbles.pop(one.name, None)
        self.stored += 1
        return False


def _place_of(head: bytes, said: About) -> str:
    """Return a place for a mail to which the server gives no name: it stays there, and is put aside once."""
    return f"head/{hashlib.sha256(head).hexdigest()}/{said.size}"


def _is_whole(row: IncomingMail) -> bool:
    """Say whether all bytes of a mail are here; those that are no longer kept once were."""
    raw_size: int | None = row.raw_size  # type: ignore[attr-defined]
    return raw_size is None or raw_size >= row.size


def _may_be_whole(row: IncomingMail | None) -> bool:
    """Say whether a mail that was too large is so no more, since the limit was raised."""
    if row is None or row.state != IncomingState.QUARANTINED or row.reason != Reason.TOO_LARGE:
        return False
    return bool(row.size <= settings.MAIL_MOST_BYTES)


def _parts(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


# --- How it went ------------------------------------------------------------------------------------


def next_try(failures: int) -> timedelta:
    """Return how long a mailbox waits that failed so often in a row (PARITY I05)."""
    spread = random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 - spreads load, hides nothing
    return _wait(failures) * spread


def longest_wait(failures: int) -> timedelta:
    """Return how long a mailbox waits at most that failed so often in a row."""
    return _wait(failures) * (1 + SPREAD)


def _wait(failures: int) -> timedelta:
    wait: timedelta = settings.RETRY_FIRST * 2 ** min(failures - 1, 12)
    return min(LONGEST_WAIT, wait)


def _fail(turn: Turn, sentence: str) -> None:
    box, at = turn.mailbox, now()
    failures = 1 if turn.stored else box.failures + 1
    if box.failing_since is None:
        logger.warning("mailbox %s cannot be fetched from: %s", box.name, sentence)
    turn.hold.write(
        failures=failures,
        failing_since=box.failing_since or at,
        last_error=sentence,
        stumbled_over=turn.stumbles,
        looked_through_at=None,
        due_at=at + next_try(failures),
        claim=None,
        **_told(turn, at),
    )


def _succeed(turn: Turn) -> None:
    box, at = turn.mailbox, now()
    if box.failing_since is not None:
        logger.info("mailbox %s can be fetched from again", box.name)
    if turn.complaint and turn.complaint != box.last_error:
        logger.warning("mailbox %s: %s", box.name, turn.complaint)
    turn.hold.write(
        failures=0,
        failing_since=None,
        last_error=turn.complaint,
        stumbled_over=turn.stumbles,
        looked_through_at=box.looked_through_at,
        last_uid=box.last_uid,
        due_at=at if turn.has_more else at + timedelta(seconds=box.poll_seconds),
        claim=None,
        **_told(turn, at),
    )


def _told(turn: Turn, at: datetime) -> dict[str, Any]:
    told: dict[str, Any] = {"not_stored": turn.left}
    if turn.count is not None:
        told["on_server"] = turn.count
    if turn.stored:
        told["fetched_at"] = at
    return told
