"""Change priority, help topic, SLA plan."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principal import Principal
from sla.models import Priority, SLAPlan
from tickets import clocks, events, policy
from tickets.actions.locking import check_unchanged, lock
from tickets.errors import NotOffered
from tickets.models import HelpTopic, Kind, Ticket
from tickets.policy import Deed


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
    """Set another priority; the same one again does nothing. Raises NotAllowed, ChangedMeanwhile."""
    ticket = lock(ticket)
    policy.require(by, Deed.CHANGE_PRIORITY, ticket, to=to)
    check_unchanged(ticket, by, seen)
    before = ticket.priority
    if before.pk == to.pk:
        return ticket
    ticket.priority = to
    ticket.save(update_fields=["priority"])
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
    """Say that the ticket is about something else. Department, priority and plan stay as they are.

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
    events.record(
        Kind.TOPIC_CHANGED, ticket, by=by, at=at, deed=deed, **{"to": to.pk, "from": before.pk if before else None}
    )
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
    ticket.sla_plan = to
    ticket.save(update_fields=["sla_plan"])
    started = clocks.change_plan(ticket, at=at, cause=Kind.PLAN_CHANGED)
    events.record(
        Kind.PLAN_CHANGED,
        ticket,
        by=by,
        at=at,
        deed=deed,
        **{"to": to.pk, "from": before.pk if before else None, "clocks": started},
    )
    return ticket
