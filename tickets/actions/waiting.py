"""Snooze, wait for a third party, and go on: what pauses clocks as far as the ticket's plan lets it."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principal import Principal
from sla.models import Wait
from tickets import clocks, events, policy
from tickets.actions.locking import check_unchanged, lock
from tickets.errors import NotOffered
from tickets.models import Awaiting, Kind, Ticket, TicketTimer, TimerKind
from tickets.policy import Deed

# Nobody remembers for longer why a ticket sleeps.
LONGEST_SNOOZE = timedelta(days=366)


@transaction.atomic
def snooze(
    *,
    ticket: Ticket,
    until: datetime,
    by: Principal,
    at: datetime,
    seen: int | None = None,
    deed: UUID | None = None,
) -> Ticket:
    """Let the ticket rest until then; a message, a transfer or `wake` bring it back before.

    Raises NotAllowed, ChangedMeanwhile, NotOffered for a time that is over or more than a year away.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.SNOOZE, ticket)
    check_unchanged(ticket, by, seen)
    if not at < until <= at + LONGEST_SNOOZE:
        raise NotOffered(_("Choose a time within the next year."))
    if ticket.snoozed_until == until:
        return ticket
    ticket.snoozed_until = until
    ticket.save(update_fields=["snoozed_until"])
    TicketTimer.objects.update_or_create(ticket=ticket, kind=TimerKind.WAKE, defaults={"due_at": until, "claim": None})
    clocks.follow_waits(ticket, at=at, cause=Kind.SNOOZED)
    events.record(Kind.SNOOZED, ticket, by=by, at=at, deed=deed, until=until.isoformat())
    return ticket


@transaction.atomic
def wake(*, ticket: Ticket, by: Principal, at: datetime, seen: int | None = None, deed: UUID | None = None) -> Ticket:
    """Let a snoozed ticket come back now. Raises NotAllowed, ChangedMeanwhile."""
    ticket = lock(ticket)
    policy.require(by, Deed.WAKE, ticket)
    check_unchanged(ticket, by, seen)
    drop_snooze(ticket)
    clocks.follow_waits(ticket, at=at, cause=Kind.WOKEN)
    events.record(Kind.WOKEN, ticket, by=by, at=at, deed=deed)
    return ticket


@transaction.atomic
def await_third_party(
    *, ticket: Ticket, by: Principal, at: datetime, seen: int | None = None, deed: UUID | None = None
) -> Ticket:
    """Say that somebody else has to do something first; already waiting for them it does nothing.

    Raises NotAllowed, ChangedMeanwhile.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.AWAIT_THIRD_PARTY, ticket)
    check_unchanged(ticket, by, seen)
    return _begin_wait(ticket, Awaiting.THIRD_PARTY, Wait.THIRD_PARTY, by=by, at=at, deed=deed)


@transaction.atomic
def await_requester(
    *, ticket: Ticket, by: Principal, at: datetime, seen: int | None = None, deed: UUID | None = None
) -> Ticket:
    """Say that it is the requester's turn, as a reply says it: what takes back the end of that wait.

    Already waiting for them it does nothing. Raises NotAllowed, ChangedMeanwhile.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.AWAIT_REQUESTER, ticket)
    check_unchanged(ticket, by, seen)
    return _begin_wait(ticket, Awaiting.REQUESTER, Wait.REQUESTER, by=by, at=at, deed=deed)


@transaction.atomic
def stop_waiting(
    *, ticket: Ticket, by: Principal, at: datetime, seen: int | None = None, deed: UUID | None = None
) -> Ticket:
    """Say that it is our turn again, whoever was awaited. Raises NotAllowed, ChangedMeanwhile."""
    ticket = lock(ticket)
    policy.require(by, Deed.STOP_WAITING, ticket)
    check_unchanged(ticket, by, seen)
    awaited = Wait.THIRD_PARTY if ticket.awaiting == Awaiting.THIRD_PARTY else Wait.REQUESTER
    _set_awaiting(ticket, Awaiting.AGENT)
    clocks.follow_waits(ticket, at=at, cause=Kind.WAIT_ENDED)
    events.record(Kind.WAIT_ENDED, ticket, by=by, at=at, deed=deed, wait=awaited.value)
    return ticket


def _begin_wait(
    ticket: Ticket, awaiting: Awaiting, wait: Wait, *, by: Principal, at: datetime, deed: UUID | None
) -> Ticket:
    if ticket.awaiting == awaiting:
        return ticket
    _set_awaiting(ticket, awaiting)
    clocks.follow_waits(ticket, at=at, cause=Kind.WAIT_BEGUN)
    events.record(Kind.WAIT_BEGUN, ticket, by=by, at=at, deed=deed, wait=wait.value)
    return ticket


def end_waits(ticket: Ticket, *, at: datetime, cause: str) -> None:
    """Let a locked ticket wait for nothing any more, within a deed that makes it our turn."""
    if ticket.awaiting == Awaiting.AGENT and ticket.snoozed_until is None:
        return
    drop_snooze(ticket)
    _set_awaiting(ticket, Awaiting.AGENT)
    clocks.follow_waits(ticket, at=at, cause=cause)


def drop_snooze(ticket: Ticket) -> None:
    """Let a locked ticket sleep no longer; its clocks are the caller's."""
    if ticket.snoozed_until is None:
        return
    ticket.snoozed_until = None
    ticket.save(update_fields=["snoozed_until"])
    ticket.timers.filter(kind=TimerKind.WAKE).delete()


def _set_awaiting(ticket: Ticket, awaiting: Awaiting) -> None:
    if ticket.awaiting != awaiting:
        ticket.awaiting = awaiting
        ticket.save(update_fields=["awaiting"])
