"""Starting, stopping and recomputing the clocks of a locked ticket. Called by actions, inside their transaction.

`next_due_at` is set on the ticket and saved by the event that every action records (tickets.events).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from sla.hours import add_working_time
from sla.models import SLAPlan, Target
from tickets.models import FAR_FUTURE, ClockSpan, Kind, Ticket, TicketClock
from tickets.models.clock import Outcome

RESPONSES = (Target.FIRST_RESPONSE, Target.NEXT_RESPONSE)

# A clock warns when this share of its time is used up.
WARN_AT_SHARE = 0.75


def start(ticket: Ticket, targets: Iterable[Target], *, since: datetime, cause: str) -> list[dict[str, Any]]:
    """Start what the ticket's plan promises of `targets`, unless it runs already; say which, for the event."""
    if ticket.sla_plan is None:
        return []
    promises = ticket.sla_plan.promises()
    running = dict(ticket.clocks.running().values_list("target", "deadline_at"))
    fresh = [
        _clock(ticket, ticket.sla_plan, target, promises[target], since)
        for target in dict.fromkeys(targets)
        if target in promises and target not in running
    ]
    TicketClock.objects.bulk_create(fresh)
    ClockSpan.objects.bulk_create(ClockSpan(clock=clock, started_at=since, cause=cause) for clock in fresh)
    deadlines = [*running.values(), *(clock.deadline_at for clock in fresh)]
    ticket.next_due_at = _nearest(deadlines)
    return [{"target": str(clock.target), "deadline": clock.deadline_at.isoformat()} for clock in fresh]


def stop(ticket: Ticket, targets: Iterable[Target], *, at: datetime, outcome: Outcome, cause: str) -> list[str]:
    """Stop the running clocks of `targets`; say which. A clock stopped after its deadline is a breach, seen or not."""
    stopped = []
    for clock in ticket.clocks.running().filter(target__in=list(targets)):
        if outcome == Outcome.MET and at > clock.deadline_at:
            clock.breached_at = clock.breached_at or clock.deadline_at
        clock.stopped_at, clock.outcome = at, outcome
        clock.due_at = clock.claim = None
        clock.save(update_fields=["stopped_at", "outcome", "breached_at", "due_at", "claim"])
        clock.spans.filter(ended_at=None).update(ended_at=at)
        stopped.append(clock.target)
    ticket.next_due_at = _nearest(ticket.clocks.running().values_list("deadline_at", flat=True))
    return stopped


def change_plan(ticket: Ticket, *, at: datetime, cause: str) -> list[dict[str, Any]]:
    """Put the running clocks under the ticket's new plan, as if it had held since they started.

    Clocks that already stopped are history and stay. A promise that only the new plan makes starts with the ticket,
    or with its last reopening.
    """
    since = {clock.target: clock.started_at for clock in ticket.clocks.running()}
    stop(ticket, Target, at=at, outcome=Outcome.CANCELLED, cause=cause)
    started = []
    wanted = [Target.RESOLUTION] if ticket.first_response_at else [Target.FIRST_RESPONSE, Target.RESOLUTION]
    begun = _begun(ticket)
    for target in [*wanted, *(Target(name) for name in since if name not in wanted)]:
        started += start(ticket, [target], since=since.get(target, begun), cause=cause)
    return started


def _begun(ticket: Ticket) -> datetime:
    reopened = ticket.events.filter(kind=Kind.REOPENED).aggregate(last=Max("at"))["last"]
    return reopened or ticket.opened_at


def _nearest(deadlines: Iterable[datetime]) -> datetime:
    return min(deadlines, default=FAR_FUTURE)


def _clock(ticket: Ticket, plan: SLAPlan, target: Target, within: timedelta, since: datetime) -> TicketClock:
    clock = TicketClock(
        ticket=ticket,
        target=target,
        plan=plan,
        within=within,
        started_at=since,
        warn_at=add_working_time(since, within * WARN_AT_SHARE),
        deadline_at=add_working_time(since, within),
    )
    clock.due_at = clock.next_due()
    return clock
