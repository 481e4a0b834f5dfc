"""Refer a ticket: let somebody outside its department read along; take such access away again."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Team, User
from accounts.principal import Principal
from tickets import events, policy
from tickets.actions.locking import check_unchanged, lock
from tickets.actions.note import add_note
from tickets.models import Department, Kind, Referral, Ticket
from tickets.policy import Deed


@transaction.atomic
def refer(
    *,
    ticket: Ticket,
    to: User | Team | Department,
    by: Principal,
    at: datetime,
    note: str = "",
    seen: int | None = None,
    deed: UUID | None = None,
) -> Referral:
    """Let an agent, a team or a department read the ticket and write notes in it. Who works on it stays the same.

    Raises NotAllowed if `by` may not, or `to` sees the ticket already or is archived; ChangedMeanwhile.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.REFER, ticket, to=to)
    check_unchanged(ticket, by, seen)
    deed = deed or events.new_deed()
    if note.strip():
        add_note(ticket=ticket, text=note, by=by, at=at, deed=deed)
        ticket = lock(ticket)
    referral = Referral.objects.create(ticket=ticket, referred_by=by.user, created_at=at, **_held_by(to))
    events.record(Kind.REFERRED, ticket, by=by, at=at, deed=deed, to=events.ref(to))
    return referral


@transaction.atomic
def remove_referral(
    *, ticket: Ticket, referral: Referral, by: Principal, at: datetime, deed: UUID | None = None
) -> Ticket:
    """Take away the access that a referral gives. Raises NotAllowed; gone already, it does nothing."""
    ticket = lock(ticket)
    policy.require(by, Deed.REMOVE_REFERRAL, ticket)
    holder = events.ref(referral.holder)
    deleted, _rows = ticket.referrals.filter(pk=referral.pk).delete()
    if deleted:
        events.record(Kind.REFERRAL_REMOVED, ticket, by=by, at=at, deed=deed, holder=holder)
    return ticket


def _held_by(to: User | Team | Department) -> dict[str, User | Team | Department]:
    if isinstance(to, Department):
        return {"department": to}
    return {"team": to} if isinstance(to, Team) else {"agent": to}
