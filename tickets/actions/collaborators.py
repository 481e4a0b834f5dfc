"""Add and remove collaborators: people beside the requester, who read along and may write."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Address
from accounts.principal import Principal
from tickets import events, policy
from tickets.actions.locking import check_unchanged, lock, lock_address, lock_addresses
from tickets.errors import DeedRefused, TakesPartAlready, TooManyCollaborators
from tickets.models import Cause, Kind, Participant, Ticket
from tickets.models.people import Part
from tickets.policy import Deed

# Each of them gets every answer by mail and stands on every page of the ticket: more is a mailing list.
MOST_COLLABORATORS = 50


@transaction.atomic
def add_collaborator(
    *,
    ticket: Ticket,
    address: Address,
    by: Principal,
    at: datetime,
    seen: int | None = None,
    deed: UUID | None = None,
) -> Participant:
    """Let the person behind `address` take part in the ticket: a link of their own is mailed there.

    Raises NotAllowed, ChangedMeanwhile, TakesPartAlready for the requester and for whoever is a collaborator,
    TooManyCollaborators, and DeedRefused for a person who is switched off.
    """
    address = lock_address(address)
    ticket = lock(ticket)
    policy.require(by, Deed.ADD_COLLABORATOR, ticket)
    check_unchanged(ticket, by, seen)
    if not address.user.is_active:
        raise DeedRefused(_("Nobody can be reached at this e-mail address."))
    known = ticket.participants.filter(user=address.user_id).first()
    if known is not None and known.role == Part.REQUESTER:
        raise TakesPartAlready(_("The ticket is theirs already: they opened it, or it was opened for them."))
    if known is not None:
        raise TakesPartAlready(_("Whoever has this address takes part already."))
    if ticket.participants.filter(role=Part.COLLABORATOR).count() >= MOST_COLLABORATORS:
        raise TooManyCollaborators(
            _("A ticket has up to %(count)s collaborators. Remove one before you add another.")
            % {"count": MOST_COLLABORATORS}
        )
    participant = Participant.objects.create(
        ticket=ticket, user=address.user, address=address, role=Part.COLLABORATOR, added_at=at
    )
    _record_added(ticket, [participant], by=by, at=at, deed=deed)
    return participant


def add_automatically(
    *, ticket: Ticket, addresses: Iterable[Address], cause: Cause, at: datetime, deed: UUID | None = None
) -> list[Participant]:
    """Add those whom a rule names, as one event; return who was added.

    For a ticket that is locked, or was made in this transaction. Passed over without a word: who takes part already,
    who is switched off, and whom there is no room for. `addresses` come with their people loaded, and locked where
    somebody else may turn out to have them.
    """
    by = Principal.system(cause)
    policy.require(by, Deed.ADD_COLLABORATOR, ticket)
    there = set(ticket.participants.values_list("user", flat=True))
    room = MOST_COLLABORATORS - ticket.participants.filter(role=Part.COLLABORATOR).count()
    # One address for each person, the first that is named.
    wanted: dict[int, Address] = {}
    for address in addresses:
        if address.user_id not in there and address.user.is_active:
            wanted.setdefault(address.user_id, address)
    added = [
        Participant(ticket=ticket, user_id=user_id, address=address, role=Part.COLLABORATOR, added_at=at)
        for user_id, address in list(wanted.items())[: max(room, 0)]
    ]
    if not added:
        return []
    Participant.objects.bulk_create(added)
    _record_added(ticket, added, by=by, at=at, deed=deed)
    return added


@transaction.atomic
def add_received(
    *, ticket: Ticket, addresses: Iterable[Address], by: Principal, at: datetime, deed: UUID | None = None
) -> list[Participant]:
    """Add those whom a participant's mail was written to besides; return who was added. Raises NotAllowed."""
    addresses = lock_addresses(addresses)
    ticket = lock(ticket)
    policy.require(by, Deed.ADD_COLLABORATOR, ticket)
    return add_automatically(ticket=ticket, addresses=addresses, cause=Cause.RECIPIENT, at=at, deed=deed)


@transaction.atomic
def remove_collaborator(
    *,
    ticket: Ticket,
    participant: Participant,
    by: Principal,
    at: datetime,
    deed: UUID | None = None,
) -> Ticket:
    """Take somebody off the ticket: their link opens it no more. Gone already, it does nothing. Raises NotAllowed."""
    ticket = lock(ticket)
    policy.require(by, Deed.REMOVE_COLLABORATOR, ticket)
    _take_off(ticket, participant, by=by, at=at, deed=deed)
    return ticket


@transaction.atomic
def leave(*, ticket: Ticket, by: Principal, at: datetime, deed: UUID | None = None) -> Ticket:
    """Stop taking part in a ticket, as a collaborator. Raises NotAllowed."""
    ticket = lock(ticket)
    policy.require(by, Deed.LEAVE, ticket)
    _take_off(ticket, ticket.participants.get(user=by.user), by=by, at=at, deed=deed)
    return ticket


def _take_off(ticket: Ticket, participant: Participant, *, by: Principal, at: datetime, deed: UUID | None) -> None:
    # Of this ticket, and never its requester, whatever the caller found.
    gone, _rows = ticket.participants.filter(pk=participant.pk, role=Part.COLLABORATOR).delete()
    if gone:
        events.record(Kind.COLLABORATOR_REMOVED, ticket, by=by, at=at, deed=deed, **_named([participant]))


def _record_added(ticket: Ticket, added: list[Participant], *, by: Principal, at: datetime, deed: UUID | None) -> None:
    events.record(Kind.COLLABORATOR_ADDED, ticket, by=by, at=at, deed=deed, **_named(added))


def _named(participants: Iterable[Participant]) -> dict[str, list[int]]:
    people = list(participants)
    return {"users": [one.user_id for one in people], "addresses": [one.address_id for one in people]}
