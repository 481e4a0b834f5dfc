"""How long what waits for a span of time may wait at most: a machine's clock that is set back makes no span longer.

Every wait is kept as the time at which it is over. Where the clock is set back by an hour, such a time lies an hour
further away, and a mailbox that is looked into each minute would be left alone for sixty-one. Whatever waits longer
than it ever may, from now on, began before that, and is due.

What waits for a moment is left alone: deadlines, the steps after a breach, a day to come back, replies for tomorrow
morning, alerts kept through quiet hours.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet

from accounts import bouncing
from accounts.models import UndoTime
from core import periodic, retries
from core.models import PeriodicJob
from mail import intake, outbound, senders
from mail.fetching import fetcher
from mail.models import ALERT_TEMPLATES, Fault, IncomingMail, Mailbox, MailState, OutgoingMail
from sla import reckoning
from sla.models import Reckoning
from tickets.models import AsideReason, Erasure, Escalation, FailedHandler, HeldReply, TicketClock

# Rows, and how long these wait at most; nobody holds them.
Bound = tuple["QuerySet[Any]", timedelta]

AT_ONCE = timedelta(0)


def too_long(at: datetime) -> Iterator["QuerySet[Any]"]:
    """Yield the rows that wait longer than they ever may."""
    for rows, longest in chain(_of_all(), _of_tickets(), _of_replies(), _of_mailboxes(), _of_mails()):
        yield rows.filter(claim=None, due_at__gt=at + longest)


def _of_all() -> Iterator[Bound]:
    for name, every in periodic.intervals().items():
        yield PeriodicJob.objects.filter(name=name), every
    yield Erasure.objects.all(), AT_ONCE
    yield Reckoning.objects.all(), reckoning.SETTLES


def _of_tickets() -> Iterator[Bound]:
    """What failed; only a step or a clock that did waits for anything but its moment."""
    yield from _each(FailedHandler.objects.all(), "attempts", retries.wait_after)
    yield from _each(Escalation.objects.filter(attempts__gt=0), "attempts", retries.wait_after)
    failed = TicketClock.objects.running().filter(aside__reason=AsideReason.FAILED, aside__attempts__gt=0)
    yield from _each(failed, "aside__attempts", retries.wait_after)


def _of_replies() -> Iterator[Bound]:
    untried = HeldReply.objects.filter(failures=0)
    yield untried.filter(is_scheduled=False), timedelta(seconds=max(UndoTime))
    failed = HeldReply.objects.filter(failures__gt=0)
    yield from _each(failed, "failures", lambda failures: settings.RETRY_FIRST * 2**failures)


def _of_mailboxes() -> Iterator[Bound]:
    fine = Mailbox.objects.filter(failures=0)
    yield from _each(fine, "poll_seconds", lambda seconds: timedelta(seconds=seconds))
    yield from _each(Mailbox.objects.filter(failures__gt=0), "failures", fetcher.longest_wait)


def _of_mails() -> Iterator[Bound]:
    yield IncomingMail.objects.filter(attempts=0, last_error=""), AT_ONCE
    yield IncomingMail.objects.all(), intake.AWAY_FOR
    queued = OutgoingMail.objects.filter(state=MailState.QUEUED)
    yield queued.filter(due_at__lte=F("created_at")), AT_ONCE
    # Let go of, by a worker that had too many or by an account that takes so many a minute.
    yield queued.exclude(template__in=ALERT_TEMPLATES.values()), senders.MINUTE
    tried = OutgoingMail.objects.filter(state=MailState.DEFERRED, attempts__gt=0)
    for_account = Q(fault=Fault.ACCOUNT)
    yield tried.filter(for_account), outbound.longest_wait_for_account()
    yield from _each(tried.exclude(for_account), "attempts", outbound.longest_wait)
    # What an alert waits for longer than its mailbox rests are quiet hours.
    full = OutgoingMail.objects.filter(state=MailState.DEFERRED, attempts=0, due_at=F("address__resting_until"))
    yield from _each(full, "address__soft_bounces", bouncing.longest_rest)


def _each(rows: "QuerySet[Any]", name: str, longest: Callable[[int], timedelta]) -> Iterator[Bound]:
    """Yield these rows by a number of theirs, on which it depends how long they wait."""
    waiting = rows.filter(due_at__isnull=False, claim=None)
    for number in waiting.order_by(name).values_list(name, flat=True).distinct():
        yield rows.filter(**{name: number}), longest(number)
