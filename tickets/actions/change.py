"""Change priority, help topic, SLA plan, source."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principal import Principal
from sla.models import Priority, SLAPlan
from tickets import clocks, events, policy
from tickets.actions.locking import check_unchanged, lock
from tickets.errors import NotOffered
from tickets.models import Cause, HelpTopic, Kind, Source, Ticket
from tickets.policy import Deed
from tickets.routing import plan_for


@transaction.atomic
def change_priority(
    *,
    ticket: Ticket,
    to: Priority,
    by: Principal,
    at: datetime,
    seen: int | None = None,
    deed: UUID | None = None,
) -> Ticket:
    """Set another priority; running clocks count as if it had held since they started. The same one again does nothing.

    Raises NotAllowed, ChangedMeanwhile.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.CHANGE_PRIORITY, ticket, to=to)
    check_unchanged(ticket, by, seen)
    before = ticket.priority
    if before.pk == to.pk:
        return ticket
    ticket.priority = to
    ticket.save(update_fields=["priority"])
    clocks.retarget(ticket, at=at, cause=Kind.PRIORITY_CHANGED)
    events.record(Kind.PRIORITY_CHANGED, ticket, by=by, at=at, deed=deed, **{"to": to.pk, "from": before.pk})
    return ticket


@transaction.atomic
def change_topic(
    *,
    ticket: Ticket,
    to: HelpTopic,
    by: Principal,
    at: datetime,
    seen: int | None = None,
    deed: UUID | None = None,
) -> Ticket:
    """Say that the ticket is about something else. Department and priority stay as they are, and so does the plan,
    unless it is transient: then it is the one that a new ticket of the topic would get in this department.

    Raises NotAllowed, ChangedMeanwhile.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.CHANGE_TOPIC, ticket, to=to)
    check_unchanged(ticket, by, seen)
    before = ticket.topic
    if before is not None and before.pk == to.pk:
        return ticket
    ticket.topic = to
    ticket.save(update_fields=["topic"])
    deed = deed or events.new_deed()
    data = {"to": to.pk, "from": before.pk if before else None}
    events.record(Kind.TOPIC_CHANGED, ticket, by=by, at=at, deed=deed, **data)
    if ticket.sla_plan is not None and ticket.sla_plan.is_transient:
        plan, _why = plan_for(to, ticket.department, ticket.organization)
        choose_plan_again(ticket, plan, at=at, deed=deed)
    return ticket


@transaction.atomic
def change_plan(
    *,
    ticket: Ticket,
    to: SLAPlan,
    by: Principal,
    at: datetime,
    seen: int | None = None,
    deed: UUID | None = None,
) -> Ticket:
    """Put the ticket under another plan; running clocks count as if it had held since they started.

    Raises NotAllowed, ChangedMeanwhile, NotOffered for a plan that promises nothing.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.CHANGE_PLAN, ticket, to=to)
    check_unchanged(ticket, by, seen)
    if not to.promises():
        raise NotOffered(_("This plan promises nothing yet. An administrator has to complete it."))
    before = ticket.sla_plan
    if before is not None and before.pk == to.pk:
        return ticket
    _put_under(ticket, to, by=by, at=at, deed=deed)
    return ticket


def choose_plan_again(ticket: Ticket, chosen: SLAPlan | None, *, at: datetime, deed: UUID) -> None:
    """Put a locked ticket under the plan to which a deed led, if its own is transient (PARITY S03)."""
    before = ticket.sla_plan
    if before is None or not before.is_transient or chosen is None or chosen.pk == before.pk:
        return
    if chosen.promises():
        _put_under(ticket, chosen, by=Principal.system(Cause.ROUTING), at=at, deed=deed)


def _put_under(ticket: Ticket, to: SLAPlan, *, by: Principal, at: datetime, deed: UUID | None) -> None:
    before = ticket.sla_plan
    ticket.sla_plan = to
    ticket.save(update_fields=["sla_plan"])
    clocks.retarget(ticket, at=at, cause=Kind.PLAN_CHANGED)
    data = {"to": to.pk, "from": before.pk if before else None}
    events.record(Kind.PLAN_CHANGED, ticket, by=by, at=at, deed=deed, **data)


@transaction.atomic
def change_source(
    *,
    ticket: Ticket,
    to: Source,
    by: Principal,
    at: datetime,
    seen: int | None = None,
    deed: UUID | None = None,
) -> Ticket:
    """Say that the ticket came in by another way; its entries keep theirs. Raises NotAllowed, ChangedMeanwhile."""
    ticket = lock(ticket)
    policy.require(by, Deed.CHANGE_SOURCE, ticket)
    check_unchanged(ticket, by, seen)
    before = ticket.source
    if before == to:
        return ticket
    ticket.source = to
    ticket.save(update_fields=["source"])
    events.record(Kind.SOURCE_CHANGED, ticket, by=by, at=at, deed=deed, **{"to": to.value, "from": before})
    return ticket
