"""Assign to an agent or a team, claim, release."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Team, User
from accounts.principal import Principal
from tickets import events, policy
from tickets.actions.locking import check_unchanged, lock
from tickets.actions.note import add_note
from tickets.models import Kind, Ticket
from tickets.policy import Deed

HOLDER_FIELDS = ["status", "assignee", "team"]


@transaction.atomic
def assign(
    *,
    ticket: Ticket,
    to: User | Team,
    by: Principal,
    at: datetime,
    note: str = "",
    seen: int | None = None,
    deed: UUID | None = None,
) -> Ticket:
    """Give the ticket to an agent or a team, with an internal note if there is one.

    Raises NotAllowed, with the reason, if `by` may not, or `to` has no access to the ticket's department.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.ASSIGN, ticket, to=to)
    check_unchanged(ticket, by, seen)
    deed = deed or events.new_deed()
    if note.strip():
        add_note(ticket=ticket, text=note, by=by, at=at, deed=deed)
        ticket = lock(ticket)
    give(ticket, to, by=by, at=at, deed=deed)
    return ticket


@transaction.atomic
def claim(*, ticket: Ticket, by: Principal, at: datetime, seen: int | None = None, deed: UUID | None = None) -> Ticket:
    """Take a ticket that no agent has. Raises NotAllowed, also when a colleague was faster."""
    ticket = lock(ticket)
    policy.require(by, Deed.CLAIM, ticket)
    check_unchanged(ticket, by, seen)
    take(ticket, by=by, at=at, deed=deed)
    return ticket


@transaction.atomic
def release(
    *, ticket: Ticket, by: Principal, at: datetime, seen: int | None = None, deed: UUID | None = None
) -> Ticket:
    """Give the ticket back: nobody has it then. Raises NotAllowed, ChangedMeanwhile."""
    ticket = lock(ticket)
    policy.require(by, Deed.RELEASE, ticket)
    check_unchanged(ticket, by, seen)
    before = ticket.held_by
    ticket.release()
    ticket.save(update_fields=HOLDER_FIELDS)
    events.record(Kind.RELEASED, ticket, by=by, at=at, deed=deed, **_from(before))
    return ticket


def give(ticket: Ticket, to: User | Team, *, by: Principal, at: datetime, deed: UUID | None, **data: bool) -> None:
    """Give a locked ticket to whom the policy has let through. `data` goes into the event."""
    before = ticket.held_by
    ticket.assign(to)
    ticket.save(update_fields=HOLDER_FIELDS)
    events.record(Kind.ASSIGNED, ticket, by=by, at=at, deed=deed, to=events.ref(to), **_from(before), **data)


def take(ticket: Ticket, *, by: Principal, at: datetime, deed: UUID | None, **data: str) -> None:
    """Give a locked ticket to the agent who acts."""
    assert by.user is not None  # the policy lets only agents claim
    before = ticket.held_by
    ticket.assign(by.user)
    ticket.save(update_fields=HOLDER_FIELDS)
    events.record(Kind.CLAIMED, ticket, by=by, at=at, deed=deed, to=events.ref(by.user), **_from(before), **data)


def _from(holder: User | Team | None) -> dict[str, str]:
    return {"from": events.ref(holder)} if holder else {}
