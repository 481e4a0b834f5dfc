"""What time does to a ticket. Called by workers that hold a claim; done twice, it happens once."""

import logging
import traceback
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principal import Principal
from core.models.work import holding
from core.prepared import Prepared, Question, known
from core.retries import next_try
from tickets import deadlines, events
from tickets.actions.escalating import plan_steps, steps_of
from tickets.actions.locking import lock
from tickets.actions.status import close
from tickets.actions.waiting import wake
from tickets.models import (
    Alert,
    AlertRule,
    AsideReason,
    Cause,
    Kind,
    SetAside,
    Status,
    Ticket,
    TicketClock,
    TicketTimer,
    TimerKind,
)

logger = logging.getLogger(__name__)

_HELD = Prepared(
    lambda pks, claim: TicketClock.objects.running().select_related("plan", "aside").filter(pk__in=pks, claim=claim)
)
_ROWS = Prepared(lambda pk, claim: TicketClock.objects.running().filter(pk=pk, claim=claim))


def sweep_clocks(pks: Sequence[int], *, claim: UUID, at: datetime) -> None:
    """Do what these clocks are due for, each by itself: one that cannot be handled is set aside and stops no other.

    Raises what means that the database is gone.
    """
    found = _HELD.all(pks=list(pks), claim=claim)
    answers = _answers(found)
    for clock in found:
        try:
            with known(*answers):
                _warn_or_breach(clock, claim=claim, at=at)
        except Exception as error:
            if events.is_lost():
                raise
            logger.exception("clock %s could not be handled and is set aside", clock.pk)
            set_aside(clock.pk, claim=claim, error=error, at=at)


def breach_or_warn(*, clock: TicketClock, claim: UUID, at: datetime) -> None:
    """Do what one clock is due for, as `sweep_clocks` does. Raises what goes wrong."""
    for held in _HELD.all(pks=[clock.pk], claim=claim):
        _warn_or_breach(held, claim=claim, at=at)


def _answers(found: Sequence[TicketClock]) -> list[tuple[Question, list[Any]]]:
    """Ask once for all of them what is the same for each: who is told of what, and the steps of their plans."""
    if len(found) < 2:
        return []
    rules = [AlertRule.question(alert) for alert in (Alert.WARNED, Alert.BREACHED)]
    steps = [steps_of(plan) for plan in sorted({clock.plan_id for clock in found})]
    return [(question, question[0].all(**question[1])) for question in (*rules, *steps)]


@transaction.atomic
def _warn_or_breach(clock: TicketClock, *, claim: UUID, at: datetime) -> None:
    """Record that a deadline is near, or has passed, and say when to look again. Without the claim, nothing.

    Read before the lock, the clock is as it is behind it, or its claim is gone: whoever changes one takes it away.
    """
    pk = clock.pk
    ticket = lock(Ticket(pk=clock.ticket_id))
    if at >= clock.deadline_at and clock.breached_at is None:
        seen: dict[str, Any] = {"breached_at": clock.deadline_at, "warned_at": clock.warned_at or at, "due_at": None}
        seen["department"] = clock.department_id or ticket.department_id
        if _ROWS.update({**seen, "claim": None}, pk=pk, claim=claim):
            plan_steps(clock)
            _record(Kind.CLOCK_BREACHED, ticket, clock, at)
        return
    is_near = clock.breached_at is None and at >= clock.warn_at
    share = deadlines.warn(clock, at) if is_near else 0
    warned = {name: getattr(clock, name) for name in ("warn_at", "warned_at", "warned_share")}
    if not _ROWS.update({**warned, "due_at": clock.next_due(), "claim": None}, pk=pk, claim=claim):
        return
    if share:
        _record(Kind.CLOCK_WARNED, ticket, clock, at, share=share)
    else:
        _take_back(clock)


def _record(kind: Kind, ticket: Ticket, clock: TicketClock, at: datetime, **data: Any) -> None:
    told = {"clock": clock.pk, "target": clock.target, "deadline": clock.deadline_at.isoformat(), **data}
    if not clock.plan.alerts:
        told["unalerted"] = True
    events.record(kind, ticket, by=Principal.system(f"{Cause.CLOCK}:{clock.pk}"), at=at, **told)
    _take_back(clock)


def _take_back(clock: TicketClock) -> None:
    """Let a clock that could be handled be set aside no more."""
    if hasattr(clock, "aside"):
        clock.aside.delete()


@transaction.atomic
def set_aside(pk: int, *, claim: UUID, error: Exception, at: datetime) -> None:
    """Keep why a clock could not be handled, and try it again later. Without the claim, nothing."""
    aside = SetAside.objects.filter(clock=pk).first() or SetAside(clock_id=pk, since=at)
    again = next_try(at, failures=aside.attempts, since=aside.since)
    # First of all, so that of two who know the clock one alone goes on: whoever stops it needs no row of it.
    if not holding(TicketClock.objects.running(), pk, claim).update(due_at=again, claim=None):
        return
    aside.reason, aside.attempts = AsideReason.FAILED, aside.attempts + 1
    aside.error = "".join(traceback.format_exception(error))[-10_000:]
    aside.save()


def let_time_act(*, timer: TicketTimer, claim: UUID, at: datetime) -> None:
    """Do what the timer waited for. Without the claim, or before its time, nothing."""
    act = wake_if_slept if timer.kind == TimerKind.WAKE else close_if_silent
    act(timer=timer, claim=claim, at=at)


@transaction.atomic
def wake_if_slept(*, timer: TicketTimer, claim: UUID, at: datetime) -> None:
    """Let a snoozed ticket come back. Without the claim, or before its time, nothing."""
    ticket = lock(timer.ticket)
    held = holding(TicketTimer.objects.all(), timer.pk, claim)
    if not held.exists():
        return
    if not ticket.is_working or ticket.snoozed_until is None:
        held.delete()
        return
    if at < ticket.snoozed_until:
        held.update(due_at=ticket.snoozed_until, claim=None)
        return
    wake(ticket=ticket, by=Principal.system(Cause.SNOOZE), at=at)


@transaction.atomic
def close_if_silent(*, timer: TicketTimer, claim: UUID, at: datetime) -> None:
    """Close a resolved ticket whose requester said nothing. Without the claim, or before its time, nothing."""
    ticket = lock(timer.ticket)
    held = holding(TicketTimer.objects.all(), timer.pk, claim)
    if not held.exists():
        return
    if ticket.status != Status.RESOLVED or ticket.closes_at is None:
        held.delete()
        return
    if at < ticket.closes_at:
        held.update(due_at=ticket.closes_at, claim=None)
        return
    close(ticket=ticket, by=Principal.system(Cause.CLOSE_AFTER), at=at)
