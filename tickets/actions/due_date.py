"""Set the due date of a ticket by hand, and take it away again (PARITY S04)."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principal import Principal
from tickets import clocks, events, policy
from tickets.actions.locking import check_unchanged, lock
from tickets.errors import DueDateRefused
from tickets.models import Kind, Ticket
from tickets.policy import Deed

# As far ahead as a plan can promise.
MOST_AHEAD = timedelta(days=730)


@transaction.atomic
def set_due_date(
    *, ticket: Ticket, to: datetime, by: Principal, at: datetime, seen: int | None = None, deed: UUID | None = None
) -> Ticket:
    """Let the solution be due then, whatever the plan promises and whatever pauses its clock; the same does nothing.

    A promise that is broken by then ends, and stays broken in the history; this one takes its place. Raises NotAllowed,
    ChangedMeanwhile, DueDateRefused for a time that is over or more than two years away, and without a plan.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.SET_DUE_DATE, ticket)
    check_unchanged(ticket, by, seen)
    if not at < to <= at + MOST_AHEAD:
        raise DueDateRefused(_("Choose a time within the next two years."))
    if ticket.sla_plan is None:
        raise DueDateRefused(_("This ticket has no SLA plan, which its clocks belong to. Choose one first."))
    before = ticket.manual_due_at
    if before == to:
        return ticket
    _put(ticket, to, Kind.DUE_DATE_SET, at)
    events.record(Kind.DUE_DATE_SET, ticket, by=by, at=at, deed=deed, **{"to": to.isoformat(), "from": _iso(before)})
    return ticket


def set_at_opening(*, ticket: Ticket, to: datetime, by: Principal, at: datetime, deed: UUID) -> None:
    """Set the due date of a ticket that was just opened, in the same deed.

    Raises DueDateRefused, also where the ticket was led to a place in which `by` may not: there is nothing to choose
    but another help topic, or no due date.
    """
    verdict = policy.may(by, Deed.SET_DUE_DATE, ticket)
    if not verdict.ok and not verdict.grants:
        raise DueDateRefused(
            _("The help topic leads to a department where you do not work. There you cannot set a due date.")
        )
    if not verdict.ok:
        raise DueDateRefused(verdict.reason)
    if ticket.sla_plan is None:
        raise DueDateRefused(_("No SLA plan holds for such a ticket, so it can have no due date."))
    set_due_date(ticket=ticket, to=to, by=by, at=at, deed=deed)


@transaction.atomic
def remove_due_date(
    *, ticket: Ticket, by: Principal, at: datetime, seen: int | None = None, deed: UUID | None = None
) -> Ticket:
    """Let the plan say again by when it is to be solved, as if it always had. Raises NotAllowed, ChangedMeanwhile."""
    ticket = lock(ticket)
    policy.require(by, Deed.REMOVE_DUE_DATE, ticket)
    check_unchanged(ticket, by, seen)
    before = ticket.manual_due_at
    _put(ticket, None, Kind.DUE_DATE_REMOVED, at)
    events.record(Kind.DUE_DATE_REMOVED, ticket, by=by, at=at, deed=deed, **{"from": _iso(before)})
    return ticket


def _put(ticket: Ticket, to: datetime | None, cause: Kind, at: datetime) -> None:
    ticket.manual_due_at = to
    ticket.save(update_fields=["manual_due_at"])
    clocks.retarget(ticket, at=at, cause=cause)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
