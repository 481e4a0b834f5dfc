"""How many open tickets one person may have (PARITY I29): asked by the action that opens one, for all doors."""

from accounts.models import User
from accounts.principal import Face, Principal
from core.models import SiteSettings
from tickets.models import Ticket, TicketQuerySet

# Whoever else opens one does it for somebody: agents, and administrators who let in what waited.
LIMITED = (Face.PORTAL, Face.LINK, Face.MAIL, Face.API)


def has_room(person: User, by: Principal) -> bool:
    """Say whether one more may be opened for the person.

    To be asked with one of their addresses locked: by two of them at once it may become one more.
    """
    if by.face not in LIMITED:
        return True
    most = SiteSettings.load().most_open_tickets
    # No more are counted than one may have.
    return not most or len(open_tickets(person).order_by().values_list("pk", flat=True)[:most]) < most


def open_tickets(person: User) -> "TicketQuerySet":
    """Return what counts: the tickets that they asked, and that are worked on."""
    rows: TicketQuerySet = Ticket.objects.live().working().filter(requester=person)
    return rows
