"""The doctor: is this help desk well? Each finding is a sentence; nothing is changed (PARITY V21)."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseFailed
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import secrets
from core.models import Lease, PeriodicJob
from helpdesk import relay
from mail import outbox_watch, watchdog
from mail.models import Breaker, Health, IncomingMail, MailState, OutgoingMail
from tickets.models import Escalation, FailedHandler, SetAside, TicketClock

# Work that is due for so long has nobody who does it.
LATE, TOO_LATE = timedelta(minutes=5), timedelta(minutes=30)
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """`name` is a word for machines, such as "database"."""

    name: str
    health: Health
    text: str


def examine(at: datetime) -> list[Finding]:
    """Return what was found. Without a database the rest cannot be asked."""
    found = list(_database())
    if found[0].health == Health.RED:
        return found
    for look in EXAMINATIONS:
        found += look(at)
    return found


def worst(found: Sequence[Finding]) -> Health:
    return max((one.health for one in found), key=watchdog.WORSE.index, default=Health.GREEN)


def _database() -> Iterator[Finding]:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseFailed as error:
        text = _("The database does not answer: %(why)s") % {"why": " ".join(str(error).split())[:300]}
        yield Finding("database", Health.RED, text)
        return
    if missing:
        yield Finding("database", Health.RED, _("The database is older than the program: run manage.py prepare."))
    else:
        yield Finding("database", Health.GREEN, _("The database answers and is up to date."))


def _files(at: datetime) -> Iterator[Finding]:
    try:
        settings.FILES_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.FILES_DIR) as file:
            file.write(b"x")
    except OSError as error:
        text = _("Files cannot be written to %(folder)s: %(why)s.")
        yield Finding("files", Health.RED, text % {"folder": settings.FILES_DIR, "why": error.strerror})
    else:
        yield Finding("files", Health.GREEN, _("Files can be written."))


def _keys(at: datetime) -> Iterator[Finding]:
    try:
        secrets.decrypt(secrets.encrypt(b"x"))
    except (ImproperlyConfigured, secrets.SecretUnreadable) as error:
        yield Finding("keys", Health.RED, str(error))
    else:
        yield Finding("keys", Health.GREEN, _("Secrets can be encrypted and read."))


def _relay(at: datetime) -> Iterator[Finding]:
    held = Lease.objects.filter(name=relay.LEASE, expires_at__gt=at).first()
    if held is None:
        yield Finding("relay", Health.RED, _("No worker is running: nothing is sent, fetched or closed."))
    else:
        yield Finding("relay", Health.GREEN, _("A worker is running: %(holder)s.") % {"holder": held.holder})
    failed = [job.name for job in PeriodicJob.objects.exclude(last_error="")]
    if failed:
        yield Finding("jobs", Health.AMBER, _("Periodic jobs fail: %(names)s.") % {"names": ", ".join(failed)})


def _outbox(at: datetime) -> Iterator[Finding]:
    waiting = OutgoingMail.objects.filter(due_at__lte=at - LATE, state=MailState.QUEUED)
    oldest = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    if oldest is None:
        yield Finding("outbox", Health.GREEN, _("No mail waits to be sent."))
    else:
        health = Health.RED if at - oldest > TOO_LATE else Health.AMBER
        text = _("The oldest mail in the outbox waits for %(time)s.")
        yield Finding("outbox", health, text % {"time": timesince(oldest, at)})
    for report in outbox_watch.reports(at):
        text = _("mail by %(name)s: %(sentences)s") % {"name": report.name, "sentences": " ".join(report.sentences)}
        yield Finding(f"sending:{report.name}", report.health, text)
    figures = outbox_watch.figures(at)
    if (health := figures.health_of_bounces) != Health.GREEN:
        text = _("%(percent)s %% of the last day's mails bounced.")
        yield Finding("bounces", health, text % {"percent": round(100 * figures.bounce_share)})


def _answers(at: datetime) -> Iterator[Finding]:
    breaker = Breaker.objects.open_at(at).first()
    if breaker is not None:
        text = _("Automatic answers are held back for another %(time)s: there were too many.")
        yield Finding("answers", Health.RED, text % {"time": timesince(at, breaker.closes_at)})


def _promises(at: datetime) -> Iterator[Finding]:
    oldest = (
        TicketClock.objects.filter(due_at__lte=at - LATE).order_by("due_at").values_list("due_at", flat=True).first()
    )
    if oldest is not None:
        health = Health.RED if at - oldest > TOO_LATE else Health.AMBER
        text = _("The clock that is due longest waits for %(time)s.")
        yield Finding("clocks", health, text % {"time": timesince(oldest, at)})
    aside = len(SetAside.objects.filter(clock__stopped_at=None).values_list("pk")[:MOST_COUNTED])
    if aside:
        text = ngettext("%(count)s clock is set aside.", "%(count)s clocks are set aside.", aside)
        yield Finding("clocks_aside", Health.AMBER, text % {"count": aside})
    failing = len(Escalation.objects.filter(failed_at__isnull=False).values_list("pk")[:MOST_COUNTED])
    if failing:
        text = ngettext("%(count)s step of escalation fails.", "%(count)s steps of escalation fail.", failing)
        yield Finding("escalations", Health.AMBER, text % {"count": failing})


def _handlers(at: datetime) -> Iterator[Finding]:
    count = len(FailedHandler.objects.values_list("pk")[:MOST_COUNTED])
    if count:
        text = ngettext("%(count)s handler failed.", "%(count)s handlers failed.", count)
        yield Finding("handlers", Health.AMBER, text % {"count": count})


def _intake(at: datetime) -> Iterator[Finding]:
    waiting = IncomingMail.objects.filter(due_at__lte=at - LATE, state="stored")
    oldest = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    if oldest is not None:
        health = Health.RED if at - oldest > TOO_LATE else Health.AMBER
        text = _("The oldest mail that came waits for %(time)s to be taken in.")
        yield Finding("intake", health, text % {"time": timesince(oldest, at)})


def _mailboxes(at: datetime) -> Iterator[Finding]:
    for report in watchdog.reports(at):
        text = _("mailbox %(name)s: %(sentences)s")
        told = {"name": report.mailbox.name, "sentences": " ".join(report.sentences)}
        yield Finding(f"mailbox:{report.mailbox.name}", report.health, text % told)


EXAMINATIONS: Sequence[Callable[[datetime], Iterator[Finding]]] = (
    _files,
    _keys,
    _relay,
    _outbox,
    _answers,
    _intake,
    _handlers,
    _promises,
    _mailboxes,
)
