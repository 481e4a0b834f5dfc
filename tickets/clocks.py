"""Starting, stopping and reckoning the clocks of a locked ticket. Called by actions, inside their transaction.

When they warn and are due is said by `tickets.deadlines`.

What changes is told on the ticket: `next_due_at`, and in `clock_changes` what became of each clock. Both are kept by
the event that every action records (tickets.events), so that the events alone say what every clock was at any time.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Case, F, Max, Q, When

from core.prepared import Prepared, insert_all
from sla import promises
from sla.hours import Run
from sla.models import SLAPlan, Target
from sla.promises import Terms
from tickets import deadlines
from tickets.models import FAR_FUTURE, AsideReason, ClockSpan, Kind, SetAside, Ticket, TicketClock
from tickets.models.clock import ClockChange, Outcome

RESPONSES = (Target.FIRST_RESPONSE, Target.NEXT_RESPONSE)

# What reckoning changes of a clock.
RECKONED = [
    *("plan", "within", "hours", "is_manual", "deadline_at", "warn_at", "warned_at", "warned_share"),
    *("due_at", "claim"),
]

_RUNNING = Prepared(
    lambda ticket: TicketClock.objects.running().filter(ticket=ticket).values_list("target", "deadline_at")
)


def start(ticket: Ticket, targets: Iterable[Target], *, since: datetime, cause: str) -> None:
    """Start what the ticket's plan promises of `targets`, unless it runs already."""
    if ticket.sla_plan is None:
        return
    running = dict(_RUNNING.all(ticket=ticket))
    fresh = _promised(ticket, targets, since, without=running)
    _keep(ticket, fresh, since, cause)
    ticket.next_due_at = nearest([*running.values(), *(clock.deadline_at for clock in fresh)])


def wind(ticket: Ticket, targets: Iterable[Target], *, since: datetime) -> list[TicketClock]:
    """Return the clocks of a ticket that is about to be written, and set when it is due."""
    fresh = _promised(ticket, targets, since)
    ticket.next_due_at = nearest(clock.deadline_at for clock in fresh)
    return fresh


def start_wound(ticket: Ticket, clocks: Sequence[TicketClock], *, since: datetime, cause: str) -> None:
    """Start these clocks, now that their ticket is written."""
    for clock in clocks:
        clock.ticket = ticket
    _keep(ticket, clocks, since, cause)


def _promised(
    ticket: Ticket, targets: Iterable[Target], since: datetime, without: Collection[str] = ()
) -> list[TicketClock]:
    plan = ticket.sla_plan
    if plan is None:
        return []
    terms = deadlines.terms_of(ticket, plan)
    wanted = [target for target in dict.fromkeys(targets) if target in terms.within and target not in without]
    return [_fresh(ticket, plan, target, terms, [(since, None)]) for target in wanted]


def _keep(ticket: Ticket, clocks: Sequence[TicketClock], since: datetime, cause: str) -> None:
    insert_all(clocks)
    insert_all([ClockSpan(clock=clock, started_at=since, cause=cause) for clock in clocks])
    _set_aside(clocks, since)
    _tell(ticket, ClockChange.STARTED, clocks)


def stop(ticket: Ticket, targets: Iterable[Target], *, at: datetime, outcome: Outcome) -> list[str]:
    """Stop the running clocks of `targets`; say which.

    A clock stopped after its deadline is a breach, seen or not, met or cancelled.
    """
    stopped = list(ticket.clocks.running().filter(target__in=list(targets)))
    for clock in stopped:
        _stop(ticket, clock, at, outcome)
    _set_next_due(ticket)
    return [clock.target for clock in stopped]


def retarget(ticket: Ticket, *, at: datetime, cause: str) -> None:
    """Reckon the running clocks anew, as if the ticket's plan, priority and business hours had held since they started.

    What is over stays: clocks that stopped, and a deadline that has passed. Under another plan, or by another due date
    set by hand, a broken promise ends and the new one counts from the same start. A promise that only the new plan
    makes starts with the ticket, or with its last reopening.
    """
    plan = ticket.sla_plan
    terms = deadlines.terms_of(ticket, plan) if plan else Terms({}, None, None)
    again: list[TicketClock] = []
    for clock in ticket.clocks.running().prefetch_related("spans"):
        if plan is None or clock.target not in terms.within:
            _stop(ticket, clock, at, Outcome.CANCELLED)
        elif not deadlines.is_over(clock, at):
            _reckon(ticket, clock, plan, terms, at)
        elif deadlines.is_another(ticket, clock, plan):
            again.append(clock)
            _stop(ticket, clock, at, Outcome.CANCELLED)
    if plan is not None and ticket.is_working:
        for clock in again:
            _start_again(ticket, clock, plan, terms)
        _start_missing(ticket, terms, cause)
        _pause_and_resume(ticket, plan, at=at, cause=cause)
    _set_next_due(ticket)


def leave(ticket: Ticket, *, at: datetime) -> None:
    """Keep that promises which are decided by then were this department's, before the ticket goes to another.

    One that is broken and that nobody looked at yet, too: whoever claimed it read another row, so its claim goes.
    """
    decided = ticket.clocks.filter(Q(stopped_at__isnull=False) | Q(deadline_at__lt=at), department=None)
    due_at = Case(When(stopped_at=None, breached_at=None, then=F("warn_at")))
    decided.update(department=ticket.department_id, due_at=due_at, claim=None)


def follow_waits(ticket: Ticket, *, at: datetime, cause: str) -> None:
    """Pause and resume the clocks by what the ticket waits for from `at` on, as far as its plan lets that pause them.

    A promise that is broken by then stays so. Asks nothing where the plan pauses nothing.
    """
    plan = ticket.sla_plan
    if plan is not None and plan.pauses and _pause_and_resume(ticket, plan, at=at, cause=cause):
        _set_next_due(ticket)


def _pause_and_resume(ticket: Ticket, plan: SLAPlan, *, at: datetime, cause: str) -> bool:
    """Say whether there was anything to pause or to resume."""
    waits = ticket.waits
    moved = [
        (clock, wait)
        for clock in ticket.clocks.running().prefetch_related("spans")
        if clock.paused_by != (wait := plan.pausing(clock.target, waits) or "") and not deadlines.is_over(clock, at)
    ]
    if not moved:
        return False
    terms = deadlines.terms_of(ticket, plan)
    for clock, wait in moved:
        _turn(clock, wait, at, cause)
        deadlines.set_times(ticket, clock, terms, clock.runs())
        clock.due_at, clock.claim = clock.next_due(), None
        clock.save(update_fields=["paused_by", "warn_at", "deadline_at", "due_at", "claim"])
        _tell(ticket, ClockChange.PAUSED if wait else ClockChange.RESUMED, [clock])
    return True


def _turn(clock: TicketClock, wait: str, at: datetime, cause: str) -> None:
    """End the clock's last span and begin another, in which it waits for something or, without, runs."""
    clock.spans.filter(ended_at=None).update(ended_at=at)
    clock.spans.create(started_at=at, paused_by=wait, cause=cause)
    clock._prefetched_objects_cache.clear()  # type: ignore[attr-defined]  # its spans are others now
    clock.paused_by = wait


def _start_again(ticket: Ticket, before: TicketClock, plan: SLAPlan, terms: Terms) -> None:
    """Start a clock in the place of one whose promise was broken: it began, ran and was paused as that did."""
    spans = before.stretches()
    clock = _fresh(ticket, plan, Target(before.target), terms, [*before.runs()])
    clock.paused_by = before.paused_by
    insert_all([clock])
    insert_all(
        [
            ClockSpan(
                clock=clock,
                started_at=span.started_at,
                ended_at=span.ended_at,
                cause=span.cause,
                paused_by=span.paused_by,
            )
            for span in spans
        ]
    )
    _tell(ticket, ClockChange.STARTED, [clock], spans)


def missing_of(ticket: Ticket, terms: Terms, running: Collection[str]) -> list[Target]:
    """Return what is owed since the ticket began and does not run."""
    owed = [Target.RESOLUTION] if ticket.first_response_at else [Target.FIRST_RESPONSE, Target.RESOLUTION]
    return [target for target in owed if target in terms.within and target not in running]


def _start_missing(ticket: Ticket, terms: Terms, cause: str) -> None:
    running = set(ticket.clocks.running().values_list("target", flat=True))
    if missing := missing_of(ticket, terms, running):
        start(ticket, missing, since=_begun(ticket), cause=cause)


def _stop(ticket: Ticket, clock: TicketClock, at: datetime, outcome: Outcome) -> None:
    if at > clock.deadline_at:
        clock.breached_at = clock.breached_at or clock.deadline_at
    clock.stopped_at, clock.outcome = at, outcome
    clock.department_id = clock.department_id or ticket.department_id
    clock.due_at = clock.claim = None
    clock.save(update_fields=["stopped_at", "outcome", "breached_at", "department", "due_at", "claim"])
    clock.spans.filter(ended_at=None).update(ended_at=at)
    if clock.breached_at:
        clock.escalations.all().delete()
    if clock.deadline_at == FAR_FUTURE or clock.warn_at <= at:
        # What is set aside cannot be reckoned, or was due and failed.
        SetAside.objects.filter(clock=clock).delete()
    _tell(ticket, ClockChange(outcome.value), [clock])


def _reckon(ticket: Ticket, clock: TicketClock, plan: SLAPlan, terms: Terms, at: datetime) -> None:
    if reckon(ticket, clock, plan, terms, at):
        clock.save(update_fields=RECKONED)


def reckon(ticket: Ticket, clock: TicketClock, plan: SLAPlan, terms: Terms, at: datetime) -> bool:
    """Put a clock under the terms that hold now; say whether that changes it, and the caller has to save RECKONED."""
    before, is_aside = _terms_told(clock), clock.deadline_at == FAR_FUTURE or clock.warn_at <= at
    clock.plan, clock.within, clock.hours_id = plan, terms.within[clock.target], terms.hours
    runs = clock.runs()
    deadlines.set_deadline(ticket, clock, terms, runs)
    deadlines.take_back_warnings(clock, terms, at)
    deadlines.set_warning(clock, terms, runs)
    if before == _terms_told(clock):
        return False
    clock.due_at, clock.claim = clock.next_due(), None
    if is_aside:
        # Perhaps: it could not be reckoned, or was due and failed.
        SetAside.objects.filter(clock=clock).delete()
    _set_aside([clock], at)
    _tell(ticket, ClockChange.CHANGED, [clock])
    return True


def _fresh(ticket: Ticket, plan: SLAPlan, target: Target, terms: Terms, runs: Sequence[Run]) -> TicketClock:
    clock = TicketClock(
        ticket=ticket,
        target=target,
        plan=plan,
        within=terms.within[target],
        hours_id=terms.hours,
        started_at=runs[0][0],
    )
    deadlines.set_times(ticket, clock, terms, runs)
    clock.due_at = clock.next_due()
    return clock


def _terms_told(clock: TicketClock) -> tuple[object, ...]:
    return (clock.plan_id, clock.within, clock.hours_id, clock.is_manual, clock.deadline_at, clock.warn_at)


def _set_aside(clocks: Iterable[TicketClock], at: datetime) -> None:
    """Keep why these clocks have no deadline, if they have none, for whoever can mend it."""
    for clock in clocks:
        if clock.deadline_at == FAR_FUTURE:
            is_made = promises.calendar_of_hours(clock.hours_id) is not None
            reason = AsideReason.NEVER_OPEN if is_made else AsideReason.NO_CALENDAR
            SetAside.objects.get_or_create(clock=clock, defaults={"reason": reason, "since": at})


def _tell(ticket: Ticket, change: ClockChange, clocks: Iterable[TicketClock], spans: Sequence[ClockSpan] = ()) -> None:
    """Note for the event what became of clocks (Kind has the shape); `spans` where one begins with more than one."""
    for clock in clocks:
        told: dict[str, Any] = {
            "target": str(clock.target),
            "did": change.value,
            "plan": clock.plan_id,
            "hours": clock.hours_id,
            "within": clock.within.total_seconds(),
            "since": clock.started_at.isoformat(),
            "deadline": clock.deadline_at.isoformat() if clock.has_deadline else None,
        }
        if clock.warned_share:
            told["warned"] = clock.warned_share
        if clock.is_manual:
            told["manual"] = True
        if clock.paused_by:
            told["by"] = str(clock.paused_by)
        if spans:
            told["spans"] = [[_iso(span.started_at), _iso(span.ended_at), str(span.paused_by)] for span in spans]
        ticket.clock_changes.append(told)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _begun(ticket: Ticket) -> datetime:
    reopened = ticket.events.filter(kind=Kind.REOPENED).aggregate(last=Max("at"))["last"]
    return reopened or ticket.opened_at


def _set_next_due(ticket: Ticket) -> None:
    ticket.next_due_at = nearest(ticket.clocks.running().values_list("deadline_at", flat=True))


def nearest(moments: Iterable[datetime]) -> datetime:
    return min(moments, default=FAR_FUTURE)
