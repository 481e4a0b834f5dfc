"""Reckoning the clocks of many tickets at once, after a change of what they are reckoned by."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from core.prepared import Prepared
from sla import promises
from sla.models import BusinessHours, Scope, SLAPlan
from sla.promises import Terms
from sla.reckoning import Foreseen, Thing
from tickets import clocks, deadlines
from tickets.models import FAR_FUTURE, Ticket, TicketClock

# What says by which terms a ticket's clocks run: plan, priority, business hours of the department.
Key = tuple[int, int, int | None]

_CLOCK = Prepared(lambda pk: TicketClock.objects.filter(pk=pk))


def concerned_by(scope: Scope, number: int) -> Q:
    """Return which tickets have clocks that a change of this may move."""
    match scope:
        case Scope.PLAN:
            return Q(sla_plan=number)
        case Scope.DEPARTMENT:
            return Q(department=number, sla_plan__isnull=False)
        case Scope.HOURS:
            named = Q(department__hours=number) | Q(sla_plan__hours=number)
            is_default = BusinessHours.objects.filter(pk=number, is_default=True).exists()
            return Q(sla_plan__isnull=False) & (named | _by_the_sites() if is_default else named)
        case Scope.SITE:
            return Q(sla_plan__isnull=False) & _by_the_sites()


def count(scope: Scope, number: int, most: int) -> int:
    """Count the open tickets that a change concerns, to `most` and no further."""
    return Ticket.objects.live().working().filter(concerned_by(scope, number))[:most].count()


def foresee(things: Sequence[Thing], at: datetime, *, most: int, most_counted: int) -> Foreseen:
    """Return how many open tickets get another due time once `retarget_all` has done its work, and write nothing.

    Which they are is asked of at most `most`, in no order.
    """
    concerned = Q()
    for scope, number in things:
        concerned |= concerned_by(scope, number)
    if not things:
        return Foreseen(0, 0, 0)
    found = Ticket.objects.live().working().filter(concerned)
    tickets = list(found.select_related("department", "sla_plan")[:most])
    running, known = _running(tickets), dict[Key, Terms]()
    moved = sum(_moves(ticket, running[ticket.pk], known, at) for ticket in tickets)
    count = len(tickets) if len(tickets) < most else found[:most_counted].count()
    return Foreseen(moved, len(tickets), count)


def _moves(ticket: Ticket, running: Sequence[TicketClock], known: dict[Key, Terms], at: datetime) -> bool:
    """Say whether a clock of it gets another deadline, starts, ends, pauses or resumes."""
    plan = ticket.sla_plan
    if plan is None:
        return False
    terms = _terms(ticket, plan, known)
    return not _is_simple(ticket, running, plan, terms, at) or any(
        clock.deadline_at != deadlines.deadline_under(ticket, clock, terms)
        for clock in running
        if not deadlines.is_over(clock, at)
    )


def retarget_all(tickets: Sequence[Ticket], *, at: datetime, cause: str) -> list[Ticket]:
    """Do for many locked tickets what `clocks.retarget` does for one; return those of which a clock changed.

    They come with department and plan. The caller records what became of their clocks. Where nothing but times
    changes, which is nearly always, it costs the same few queries for all of them, and one for each clock that changes.
    """
    running = _running(tickets)
    known: dict[Key, Terms] = {}
    written: list[TicketClock] = []
    for ticket in tickets:
        plan, found = ticket.sla_plan, running[ticket.pk]
        terms = _terms(ticket, plan, known) if plan else None
        if plan is None or terms is None or not _is_simple(ticket, found, plan, terms, at):
            clocks.retarget(ticket, at=at, cause=cause)
            continue
        written += [
            clock
            for clock in found
            if not deadlines.is_over(clock, at) and clocks.reckon(ticket, clock, plan, terms, at)
        ]
        ticket.next_due_at = min((clock.deadline_at for clock in found), default=FAR_FUTURE)
    for clock in written:
        # A kept statement for each: one for all of them takes four times as long to put together.
        _CLOCK.update({name: getattr(clock, name) for name in clocks.RECKONED}, pk=clock.pk)
    return [ticket for ticket in tickets if ticket.clock_changes]


def _by_the_sites() -> Q:
    return Q(department__hours=None, sla_plan__hours=None)


def _running(tickets: Sequence[Ticket]) -> Mapping[int, list[TicketClock]]:
    found: dict[int, list[TicketClock]] = defaultdict(list)
    for clock in TicketClock.objects.running().filter(ticket__in=tickets).prefetch_related("spans").order_by("pk"):
        found[clock.ticket_id].append(clock)
    return found


def _terms(ticket: Ticket, plan: SLAPlan, known: dict[Key, Terms]) -> Terms:
    key = plan.pk, ticket.priority_id, ticket.department.hours_id
    if key not in known:
        known[key] = promises.terms(plan, ticket.priority_id, ticket.department.hours_id)
    return deadlines.with_due_date(ticket, known[key])


def _is_simple(ticket: Ticket, running: Sequence[TicketClock], plan: SLAPlan, terms: Terms, at: datetime) -> bool:
    """Say whether its clocks go on as they are but for their times: none starts, ends, pauses or resumes."""
    waits = ticket.waits
    return (
        ticket.is_working
        and not clocks.missing_of(ticket, terms, {clock.target for clock in running})
        and all(
            clock.target in terms.within
            and (
                not deadlines.is_another(ticket, clock, plan)
                if deadlines.is_over(clock, at)
                else clock.paused_by == (plan.pausing(clock.target, waits) or "")
            )
            for clock in running
        )
    )
