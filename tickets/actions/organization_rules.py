"""What an organisation wants done with each new ticket of its people: who gets it, and who takes part."""

from datetime import datetime
from uuid import UUID

from accounts.models import Address, Members, Organization, Team, User
from accounts.organizations import members
from accounts.principal import Principal
from tickets import policy
from tickets.actions.assign import give
from tickets.actions.collaborators import MOST_COLLABORATORS, add_automatically
from tickets.errors import NotAllowed
from tickets.models import Cause, Ticket
from tickets.policy import Deed


def apply(ticket: Ticket, *, at: datetime, deed: UUID) -> None:
    """Follow the organisation's rules for a ticket that this transaction made. An archived one has none.

    Whoever the help topic named has it already and keeps it. An account manager who cannot have the ticket, such as for
    not working in its department, is passed over: it waits for somebody like any other.
    """
    organization = ticket.organization
    if organization is None or organization.archived_at is not None:
        return
    manager = _manager(organization)
    if manager is not None and ticket.held_by is None and _can_have(ticket, manager):
        give(ticket, manager, by=Principal.system(Cause.ORGANIZATION), at=at, deed=deed)
    if organization.collaborators == Members.NOBODY:
        return
    people = members(organization, organization.collaborators).exclude(pk=ticket.requester_id)
    addresses = Address.objects.filter(user__in=people, is_primary=True).select_related("user")
    # Primary contacts first, where there are more than take part in a ticket.
    first = list(addresses.order_by("-user__is_primary_contact", "pk")[:MOST_COLLABORATORS])
    if first:
        add_automatically(ticket=ticket, addresses=first, cause=Cause.ORGANIZATION, at=at, deed=deed)


def _manager(organization: Organization) -> User | Team | None:
    if not organization.assigns_to_manager:
        return None
    return organization.manager or organization.manager_team


def _can_have(ticket: Ticket, manager: User | Team) -> bool:
    if isinstance(manager, User) and manager.on_vacation:
        return False
    try:
        policy.require_target(Deed.ASSIGN, ticket, manager)
    except NotAllowed:
        return False
    return True
