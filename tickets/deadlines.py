"""When a clock warns and when it is due: reckoned by what it ran, by its terms, or by the due date somebody set.

Nothing here writes a row. What changes on the clock is saved, and told, by `tickets.clocks`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sla import promises
from sla.hours import ALWAYS, Calendar, NeverUsedUp, Run, used_up, working_time
from sla.models import SLAPlan, Target
from sla.promises import Terms
from tickets.models import FAR_FUTURE, PAUSED, Ticket, TicketClock


def with_due_date(ticket: Ticket, terms: Terms) -> Terms:
    """Return the terms of a ticket's plan with the solution that a due date promises, where the plan does not."""
    if ticket.manual_due_at is None or Target.RESOLUTION in terms.within:
        return terms
    return replace(terms, within={**terms.within, Target.RESOLUTION: ticket.manual_due_at - ticket.opened_at})


def terms_of(ticket: Ticket, plan: SLAPlan) -> Terms:
    return with_due_date(ticket, promises.terms(plan, ticket.priority_id, ticket.department.hours_id))


def is_over(clock: TicketClock, at: datetime) -> bool:
    """Say whether its promise was broken by then."""
    return clock.breached_at is not None or at > clock.deadline_at


def is_another(ticket: Ticket, clock: TicketClock, plan: SLAPlan) -> bool:
    """Say whether another promise is to take the clock's place: of another plan, or by another due date."""
    if due := due_date(ticket, clock):
        return not clock.is_manual or clock.deadline_at != due
    return clock.is_manual or clock.plan_id != plan.pk


def due_date(ticket: Ticket, clock: TicketClock) -> datetime | None:
    return ticket.manual_due_at if clock.target == Target.RESOLUTION else None


def set_times(ticket: Ticket, clock: TicketClock, terms: Terms, runs: Sequence[Run]) -> None:
    """Reckon by when it ran, and in which it runs on if the last run has no end."""
    set_deadline(ticket, clock, terms, runs)
    set_warning(clock, terms, runs)


def set_deadline(ticket: Ticket, clock: TicketClock, terms: Terms, runs: Sequence[Run]) -> None:
    due = due_date(ticket, clock)
    clock.is_manual = due is not None
    clock.deadline_at = due or _used_up(runs, clock.within, terms.calendar)


def set_warning(clock: TicketClock, terms: Terms, runs: Sequence[Run]) -> None:
    clock.warn_at = clock.deadline_at
    share = next((one for one in terms.warnings if one > clock.warned_share), None)
    if share is not None:
        clock.warn_at = _share_used_up(clock, share, runs, terms.calendar)


def take_back_warnings(clock: TicketClock, terms: Terms, at: datetime) -> None:
    """Let a clock warn again of shares that are not used up any more, now that it has more time."""
    runs = clock.runs()
    given = [share for share in terms.warnings if share <= clock.warned_share]
    used = [share for share in given if _share_used_up(clock, share, runs, terms.calendar) <= at]
    if len(used) < len(given):
        clock.warned_share = used[-1] if used else 0
    if not clock.warned_share:
        clock.warned_at = None


def deadline_under(ticket: Ticket, clock: TicketClock, terms: Terms) -> datetime:
    """Return when the clock would be due under these terms, which promise something for its target."""
    return due_date(ticket, clock) or _used_up(clock.runs(), terms.within[clock.target], terms.calendar)


def warn(clock: TicketClock, at: datetime) -> int:
    """Note on a clock whose warning is due that it warns, and when the next one is; return the share used up.

    Who looks late warns once, of the greatest share. 0 if there is nothing to warn of any more.
    """
    # Reckoned anew: the plan's shares or the calendar may be others by now, and the clock not be reckoned by them yet.
    ahead = _ahead(clock)
    passed = [share for share, moment in ahead if moment <= at]
    clock.warn_at = min([clock.deadline_at, *(moment for _share, moment in ahead if moment > at)])
    if passed:
        clock.warned_share, clock.warned_at = passed[-1], at
    return passed[-1] if passed else 0


def warnings_ahead(clock: TicketClock) -> list[tuple[int, datetime]]:
    """Return at which shares of its time, in percent, it will warn yet, and when; nothing while it has no deadline."""
    if not clock.is_running or clock.breached_at or not clock.has_deadline:
        return []
    return _ahead(clock)


def worked_off(clock: TicketClock, span: timedelta) -> datetime:
    """Return when so much working time has passed since the clock's deadline; where there is none, all time counts."""
    moment = _used_up([(clock.deadline_at, None)], span, promises.calendar_of_hours(clock.hours_id)) if span else None
    return moment if moment and moment < PAUSED else clock.deadline_at + span


def _ahead(clock: TicketClock) -> list[tuple[int, datetime]]:
    """Return the shares of which it did not warn yet, in order, and when each is used up."""
    runs, calendar = clock.runs(), promises.calendar_of_hours(clock.hours_id)
    shares = [share for share in clock.plan.warnings if share > clock.warned_share]
    return [(share, _share_used_up(clock, share, runs, calendar)) for share in shares]


def _share_used_up(clock: TicketClock, share: int, runs: Sequence[Run], calendar: Calendar | None) -> datetime:
    """Return when so many percent of its time are used up.

    Until a due date set by hand that is the working time from its start, whatever pauses it; all of the time, where
    no working time lies before it.
    """
    if not clock.is_manual:
        return _used_up(runs, clock.within * share / 100, calendar)
    start, due = clock.started_at, clock.deadline_at
    span = working_time(start, due, calendar) if calendar and start < due else timedelta(0)
    if not span:
        span, calendar = max(due - start, timedelta(0)), ALWAYS
    return min(due, _used_up([(start, None)], span * share / 100, calendar))


def _used_up(runs: Sequence[Run], span: timedelta, calendar: Calendar | None) -> datetime:
    """Return when so much working time is used up; PAUSED while nothing runs that could use it up.

    FAR_FUTURE where the business hours never have so much.
    """
    if calendar is None:
        return FAR_FUTURE
    try:
        return used_up(runs, span, calendar) or PAUSED
    except NeverUsedUp:
        return FAR_FUTURE
