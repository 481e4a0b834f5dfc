"""What time does to a ticket. Called by workers that hold a claim; done twice, it happens once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principal import Principal
from core.models.work import holding
from tickets import clocks, events
from tickets.actions.escalating import plan_steps
from tickets.actions.locking import lock
from tickets.actions.status import close
from tickets.actions.waiting import wake
from tickets.models import Cause, Kind, Status, TicketClock, TicketTimer, TimerKind


@transaction.atomic
def breach_or_warn(*, clock: TicketClock, claim: UUID, at: datetime) -> None:
    """Record that a deadline is near, or has passed, and say when to look again. Without the claim, nothing."""
    ticket = lock(clock.ticket)
    held = holding(TicketClock.objects.running(), clock.pk, claim)
    current = held.select_related("plan").first()
    if current is None:
        return
    by = Principal.system(f"{Cause.CLOCK}:{clock.pk}")
    data: dict[str, Any] = {
        "clock": clock.pk,
        "target": clock.target,
        "deadline": current.deadline_at.isoformat(),
    }
    if not current.plan.alerts:
        data["unalerted"] = True
    if at >= current.deadline_at and current.breached_at is None:
        if held.update(breached_at=current.deadline_at, warned_at=current.warned_at or at, due_at=None, claim=None):
            plan_steps(current)
            events.record(Kind.CLOCK_BREACHED, ticket, by=by, at=at, **data)
        return
    is_near = current.breached_at is None and at >= current.warn_at
    share = clocks.warn(current, at) if is_near else 0
    warned = {name: getattr(current, name) for name in ("warn_at", "warned_at", "warned_share")}
    if held.update(**warned, due_at=current.next_due(), claim=None) and share:
        events.record(Kind.CLOCK_WARNED, ticket, by=by, at=at, share=share, **data)


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
