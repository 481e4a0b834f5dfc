"""The relay: the only timer. It turns rows that are due into tasks, and holds nothing itself.

A thread in every worker runs it, one of them active by a lease. Handing a row out moves its `due_at` to the end
of the claim and gives it a new token, so whatever is lost after that simply becomes due again: a message, the
broker's whole memory, a worker, the relay.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections, transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError
from redis.client import PubSub

import core.tasks
import mail.tasks
import tickets.tasks
from accounts import sessions
from core import lease, periodic, statistics, sweeping, wakeups
from core.models import PeriodicJob, Waiting
from core.periodic import Job
from helpdesk import waits
from mail import alarm, breaking, ledger, oauth
from mail.models import IncomingMail, Mailbox, OutgoingMail
from notices import sweeping as sweeping_notices
from sla import holidays
from sla.models import Reckoning
from tickets.models import Erasure, Escalation, FailedHandler, HeldReply, TicketClock, TicketTimer

logger = logging.getLogger(__name__)

LEASE = "relay"
LEASE_LASTS = timedelta(seconds=10)
# The lease is renewed when this share of it is used up.
RENEW_AT = 0.3

BATCH = 100
# Of one worker, as it is started usually.
THREADS = 4
# At most 1,000 rows are out at once, and no kind takes the place of the others.
MOST_OUT = 70
# Of what comes in bundles so many that each thread, of two workers even, has its next one waiting.
MOST_OUT_OF_MAILS, MOST_OUT_OF_CLOCKS = 300, 150
# Claims that end before their message is read are handed out anew. Workers pass over the old messages, some
# forty a second at least: with short claims fewer rows are out, so that the old ones never gather faster.
OUT_PER_SECOND = 5

# How often to look: at SQLite's change counter, which costs nothing; at the tables, whatever happens.
GLANCE = 0.2
LOOK = 1.0
LONGEST_BACKOFF = 10.0


@dataclass(frozen=True, slots=True)
class WorkKind:
    """A table of waiting rows, and the task that takes (id, claim token) of one."""

    model: type[Waiting]
    task: Any
    # So many rows come in one message at most, as ([id, …], claim token); 0 where each has its own.
    bundle: int = 0
    # So many are out at once at most: few where a row is work for minutes.
    most: int = MOST_OUT

    def send(self, pks: Sequence[int], claim: UUID) -> None:
        self.task.delay(list(pks) if self.bundle else pks[0], str(claim))


KINDS: Sequence[WorkKind] = (
    WorkKind(TicketClock, tickets.tasks.run_clocks, bundle=25, most=MOST_OUT_OF_CLOCKS),
    WorkKind(Escalation, tickets.tasks.run_escalation, most=60),
    WorkKind(TicketTimer, tickets.tasks.run_timer),
    WorkKind(HeldReply, tickets.tasks.send_held_reply),
    WorkKind(FailedHandler, tickets.tasks.retry_handler),
    WorkKind(IncomingMail, mail.tasks.take_in, most=100),
    WorkKind(OutgoingMail, mail.tasks.send, bundle=25, most=MOST_OUT_OF_MAILS),
    WorkKind(Mailbox, mail.tasks.fetch),
    WorkKind(Erasure, tickets.tasks.go_on_erasing, most=50),
    WorkKind(Reckoning, tickets.tasks.go_on_reckoning, most=10),
    WorkKind(PeriodicJob, core.tasks.run_periodic, most=50),
)

PERIODIC = {
    "watch_mailboxes": Job(alarm.watch, every=timedelta(minutes=1)),
    "watch_sending": Job(alarm.watch_sending, every=timedelta(minutes=1)),
    "watch_bounces": Job(alarm.watch_bounces, every=timedelta(minutes=10)),
    "watch_answers": Job(alarm.watch_answers, every=timedelta(minutes=1)),
    "watch_locks": Job(alarm.watch_locks, every=timedelta(minutes=1)),
    "watch_failures": Job(alarm.watch_failures, every=timedelta(minutes=1)),
    sweeping.SWEEP: Job(sweeping.sweep_files, every=timedelta(hours=1)),
    "clear_sessions": Job(sweeping.clear_sessions, every=timedelta(hours=6)),
    "clear_my_sessions": Job(sessions.sweep, every=timedelta(hours=6)),
    "sweep_notices": Job(sweeping_notices.sweep, every=timedelta(hours=6)),
    "let_go_of_raw_mail": Job(ledger.let_go_of_raw, every=timedelta(hours=1)),
    "clear_cache": Job(sweeping.clear_cache, every=timedelta(hours=1)),
    "fill_in_holidays": Job(holidays.fill_in_years, every=timedelta(days=1)),
    "refresh_statistics": Job(statistics.refresh, every=timedelta(days=1)),
}
periodic.schedule(PERIODIC)


def hand_out(
    kind: WorkKind, *, at: datetime, send: Callable[[Sequence[int], UUID], object] | None = None, limit: int = BATCH
) -> int:
    """Claim at most `limit` due rows of a kind in one UPDATE and send them off; say how many.

    What could not be sent, the broker being away, is due again at once.
    """
    if not _is_due(kind, at):
        return 0
    rows = kind.model._default_manager.all()
    most, out = most_out(kind), _out(rows, at)
    room = most - out
    if 0 < kind.bundle <= most:
        # What a bundle has in common is read once: where much waits, none is begun for a few rows.
        room -= room % kind.bundle
    if room <= 0:
        return 0
    claim = uuid4()
    pks = _claim(rows, claim, at, min(limit, room))
    # What waits is spread over the threads of a worker before any of them gets much.
    size = max(1, min(kind.bundle, -(-(out + len(pks)) // THREADS)))
    for number in range(0, len(pks), size):
        try:
            (send or kind.send)(pks[number : number + size], claim)
        except Exception:
            rows.filter(pk__in=pks[number:], claim=claim).update(due_at=at, claim=None)
            raise
    return len(pks)


def _is_due(kind: WorkKind, at: datetime) -> bool:
    return kind.model._default_manager.filter(due_at__lte=at).exists()


def most_out(kind: WorkKind) -> int:
    """Return how many rows of a kind may be out at once."""
    return min(kind.most, max(1, int(settings.CLAIM_TIME.total_seconds() * OUT_PER_SECOND)))


def _out(rows: "QuerySet[Any]", at: datetime) -> int:
    """Count the rows that are handed out and not done, which a claim's time is enough to find."""
    return rows.filter(due_at__gt=at, due_at__lte=at + settings.CLAIM_TIME, claim__isnull=False).count()


def _claim(rows: "QuerySet[Any]", claim: UUID, at: datetime, limit: int) -> list[int]:
    """Put the rows that are due longest under the claim; another relay's are passed over, not waited for."""
    with transaction.atomic():
        due = rows.filter(due_at__lte=at).order_by("due_at", "pk").select_for_update(skip_locked=True, of=("self",))
        pks = list(due.values_list("pk", flat=True)[:limit])
        rows.filter(pk__in=pks).update(due_at=at + settings.CLAIM_TIME, claim=claim)
    return pks


class Relay:
    """The thread of one worker. `start` and `stop` are called once each."""

    def __init__(self) -> None:
        self.holder = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid4().hex[:8]}"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._is_active = self._is_busy = False
        self._asked_at = self._asks_at = now()

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, wait: float = 0.0) -> None:
        """Hand nothing out any more; wait so many seconds for the thread to end."""
        self._stopped.set()
        if wait and self._thread.is_alive():
            self._thread.join(wait)

    def turn(self, at: datetime) -> bool:
        """Look at every kind once, if the lease is ours; say whether there may be more."""
        if not self._holds_lease(at):
            return False
        handed_out = [hand_out(kind, at=at) for kind in KINDS]
        # Where all is out that may be, the rest has its turn as soon as there is room, and not at the next look.
        self._is_busy = any(handed_out) or (self._is_busy and any(_is_due(kind, at) for kind in KINDS))
        return max(handed_out, default=0) >= BATCH

    def _run(self) -> None:
        backoff = GLANCE
        while not self._stopped.is_set():
            started = time.monotonic()
            try:
                self._serve()
            except (OperationalError, InterfaceError, RedisError, BrokerError) as error:
                logger.warning("the relay waits for database or broker: %s", " ".join(str(error).split()))
            except Exception:
                logger.exception("the relay failed and goes on")
            self._is_active = False
            _let_go()
            if time.monotonic() - started > LONGEST_BACKOFF:
                backoff = GLANCE
            self._stopped.wait(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF)

    def _serve(self) -> None:
        """Look until stopped. Whatever goes wrong ends it, and `_run` starts anew with a fresh connection."""
        with closing(_Pause(self._stopped)) as pause:
            try:
                if _is_alone():
                    _take_over(now())
                periodic.ensure_rows(now())
                while not self._stopped.is_set():
                    if not self.turn(now()):
                        # What is out is done soon, and makes room for more of what waits.
                        pause.until_something_happens(GLANCE if self._is_busy else LOOK)
            finally:
                with suppress(DatabaseError, InterfaceError):
                    lease.give_back(LEASE, holder=self.holder)

    def _holds_lease(self, at: datetime) -> bool:
        # A machine's clock that went back asks at once, too: nobody else believes in a lease that lasts so long.
        if not (self._is_active and self._asked_at <= at < self._asks_at):
            lasts = min(LEASE_LASTS, settings.CLAIM_TIME)
            was_active = self._is_active
            self._is_active = lease.take(LEASE, holder=self.holder, at=at, lasts=lasts)
            went_back = at < self._asked_at
            self._asked_at, self._asks_at = at, at + lasts * RENEW_AT
            if self._is_active and not was_active:
                logger.info("the relay of %s is the active one", self.holder)
            if self._is_active and (went_back or not was_active):
                bring_back(at)
        return self._is_active


class _Pause:
    """Waiting for something to happen: for a wake-up through Redis, or for SQLite's change counter to move."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped
        self._channel: PubSub | None = None
        self._seen: int | None = None

    def until_something_happens(self, within: float = LOOK) -> None:
        """Return when there is reason to look, after so many seconds at the latest."""
        if settings.REDIS_URL:
            self._listen(within)
        elif connection.vendor == "sqlite":
            self._watch(within)
        else:
            self._stopped.wait(within)

    def close(self) -> None:
        if self._channel is not None:
            with suppress(RedisError):
                self._channel.close()

    def _listen(self, within: float) -> None:
        self._channel = self._channel or wakeups.listen()
        assert self._channel is not None
        if self._channel.get_message(timeout=within) is not None:
            # What else came meanwhile is answered by the same look.
            while self._channel.get_message() is not None:
                pass

    def _watch(self, within: float) -> None:
        before, deadline = self._seen, time.monotonic() + within
        while not self._stopped.wait(GLANCE):
            with connection.cursor() as cursor:
                # Moves when another connection has changed the database.
                cursor.execute("PRAGMA data_version")
                [self._seen] = cursor.fetchone()
            if self._seen != before or time.monotonic() >= deadline:
                return


def _is_alone() -> bool:
    """Say whether this worker is the only one: with the broker inside, nobody else could get its messages."""
    return str(settings.CELERY_BROKER_URL).startswith("memory:")


def _take_over(at: datetime) -> None:
    """Make due at once what the worker before us had in hand: with its process its messages are gone."""
    lease.clear(LEASE)
    for kind in KINDS:
        # Whatever is claimed is due at some time; saying so lets the index of due rows find it among millions.
        kind.model._default_manager.filter(due_at__isnull=False, claim__isnull=False).update(due_at=at, claim=None)


def bring_back(at: datetime) -> None:
    """Let no row wait for a time that the machine's clock had shown before it was set back.

    A claim never lasts longer than from now on, and what waits longer than it ever may is due.
    """
    latest = at + settings.CLAIM_TIME
    for kind in KINDS:
        kind.model._default_manager.filter(due_at__gt=latest, claim__isnull=False).update(due_at=latest)
    for rows in waits.too_long(at):
        rows.update(due_at=at)
    breaking.bring_back(at)
    oauth.bring_back(at)


def _let_go() -> None:
    with suppress(DatabaseError, InterfaceError):
        connections.close_all()
