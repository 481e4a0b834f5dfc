"""A mail to look at: what a template would say of a real ticket."""

from collections.abc import Sequence
from uuid import UUID

from accounts.models import Address, User
from mail.models import OutgoingMail, Template
from mail.wording import ALERTS
from tickets import events
from tickets.models import Kind, Participant, Ticket, TicketEvent
from tickets.models.people import Part

# What has to have happened in the ticket for there to be something to tell; the others tell of no deed in it.
HAPPENED: dict[str, Sequence[Kind]] = {
    Template.TICKET_OPENED: (Kind.OPENED,),
    Template.TICKET_ANSWERED: (Kind.AUTOMATIC_ANSWER,),
    Template.TICKET_OPENED_FOR: (Kind.OPENED,),
    Template.TICKET_REPLY: (Kind.REPLIED,),
    Template.MESSAGE_RECEIVED: (Kind.MESSAGE_ADDED,),
    Template.TICKET_MESSAGE: (Kind.MESSAGE_ADDED,),
    Template.TICKET_RESOLVED: (Kind.RESOLVED,),
    Template.TICKET_CLOSED: (Kind.CLOSED,),
    Template.TICKET_COLLABORATOR: (Kind.COLLABORATOR_ADDED,),
    Template.ALERT_NEW: (Kind.OPENED,),
    Template.ALERT_MESSAGE: (Kind.MESSAGE_ADDED,),
    Template.ALERT_NOTE: (Kind.NOTE_ADDED,),
    Template.ALERT_TRANSFER: (Kind.TRANSFERRED,),
    Template.ALERT_ASSIGNED: (Kind.ASSIGNED,),
    Template.ALERT_CLOCK: (Kind.CLOCK_BREACHED, Kind.CLOCK_WARNED),
}


def sample(template: str, ticket: Ticket, looker: User) -> OutgoingMail | None:
    """Return a mail of this kind about the ticket, not saved: to its requester, or an alert to who looks.

    None if nothing of the kind has happened in it.
    """
    event = _latest(ticket, HAPPENED[template]) if template in HAPPENED else None
    address = _address_of(looker) if template in ALERTS else _requester_of(ticket)
    if address is None or (event is None and template in HAPPENED):
        return None
    entry = ticket.entries.filter(number=event.data["entry"]).first() if event and "entry" in event.data else None
    return OutgoingMail(
        template=template,
        ticket=ticket,
        entry=entry,
        event=event,
        deed=UUID(str(event.deed)) if event else events.new_deed(),
        address=address,
        user=address.user,
        recipient=address.email,
    )


def _latest(ticket: Ticket, kinds: Sequence[Kind]) -> TicketEvent | None:
    found = TicketEvent.objects.filter(ticket=ticket, kind__in=kinds)
    return found.select_related("by").order_by("-number").first()


def _requester_of(ticket: Ticket) -> Address | None:
    part = Participant.objects.filter(ticket=ticket, role=Part.REQUESTER).select_related("address__user").first()
    return part.address if part else None


def _address_of(looker: User) -> Address | None:
    return looker.addresses.filter(is_primary=True).select_related("user").first()
