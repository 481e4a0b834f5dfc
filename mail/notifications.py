"""Who is told what, by mail: event → rows in the outbox.

Handlers run inside the deed's transaction and only write rows; they may run twice, late and out of order.
Nobody is told of what they did themselves, and a person gets one mail per deed: the worker looks at all the
deed's events when it writes the words (mail.rendering).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from accounts.models import Address
from accounts.principal import Face
from core.models import SiteSettings
from core.prepared import Prepared
from mail import outbox
from mail.models import ALERT_TEMPLATES, OutgoingMail, Template
from tickets import audience, events
from tickets.models import CloseReason, Kind, Participant, TicketEvent
from tickets.models.people import Part
from tickets.wishes import Channel

# To one address about one ticket.
ONE_CONFIRMATION_IN = timedelta(hours=1)

# --- To the requester's side ----------------------------------------------------------------------


def acknowledge(event: TicketEvent) -> None:
    """Tell the requester that the ticket is opened, by whomever.

    Site, help topic and department may want no mail that confirms it; of what an agent opens for somebody the site says
    whether it is told (PARITY N10).
    """
    if event.data.get("answered"):
        # In the same deed an automatic answer says that it is opened.
        return
    template = Template.TICKET_OPENED_FOR if event.face == Face.DESK else Template.TICKET_OPENED
    is_wanted = (
        SiteSettings.load().tells_opened_for
        if template == Template.TICKET_OPENED_FOR
        else not event.data.get("quiet") and event.ticket.is_acknowledged
    )
    if not is_wanted:
        return
    requester = Participant.requester_of(event.ticket)
    _write(event, template, [requester.address] if requester else [])


def tell_automatic_answer(event: TicketEvent) -> None:
    """Tell the requester what answers by itself, and with it that the ticket is opened (PARITY C03)."""
    requester = Participant.requester_of(event.ticket)
    _write(event, Template.TICKET_ANSWERED, [requester.address] if requester else [])


def tell_reply(event: TicketEvent) -> None:
    """Tell the requester's side, or those of them whom the agent chose (PARITY K21)."""
    _write(event, Template.TICKET_REPLY, _requester_side(event))


def acknowledge_message(event: TicketEvent) -> None:
    """Tell whoever wrote a message that it came, where that is wanted: once an hour for a ticket (PARITY N10, D07)."""
    entry = event.entry
    if event.data.get("quiet") or entry is None or not event.ticket.are_messages_acknowledged:
        return
    wrote = [one.address for one in _TAKING_PART.all(ticket=event.ticket) if one.user_id == entry.author_id]
    lately = OutgoingMail.objects.filter(
        ticket=event.ticket_id, template=Template.MESSAGE_RECEIVED, created_at__gt=event.at - ONE_CONFIRMATION_IN
    )
    told = set(lately.values_list("address", flat=True)) if wrote else set()
    _write(event, Template.MESSAGE_RECEIVED, [address for address in wrote if address.pk not in told])


def tell_message(event: TicketEvent) -> None:
    """Tell the others who take part what one of them wrote, unless site or department leave it out (N10, D07)."""
    if event.ticket.department.tells_participants and SiteSettings.load().tells_participants:
        _write(event, Template.TICKET_MESSAGE, _requester_side(event))


def tell_resolved(event: TicketEvent) -> None:
    """Tell that the ticket is resolved. With a reply in the same deed, that mail says it already."""
    _write(event, Template.TICKET_RESOLVED, _requester_side(event))


def tell_closed(event: TicketEvent) -> None:
    """Tell that a resolved ticket closed. Not when the requester confirmed it, nor when it was never resolved."""
    if event.data["reason"] in {CloseReason.SILENCE, CloseReason.AGENT}:
        _write(event, Template.TICKET_CLOSED, _requester_side(event))


def welcome(event: TicketEvent) -> None:
    """Tell those who were added that they take part now, each with a link of their own."""
    added = Participant.objects.reached(event.ticket).filter(
        role=Part.COLLABORATOR, address__in=event.data["addresses"]
    )
    _write(event, Template.TICKET_COLLABORATOR, [one.address for one in added])


def send_link(participant: Participant, *, at: datetime) -> None:
    """Mail a fresh link to the ticket, asked for at the portal."""
    outbox.write(
        [participant.address],
        Template.TICKET_LINK,
        deed=events.new_deed(),
        at=at,
        ticket_id=participant.ticket_id,
    )


# --- To agents ------------------------------------------------------------------------------------


def alert(event: TicketEvent) -> None:
    """Tell agents of the event by mail, if they want it so, at their primary addresses, outside of quiet hours.

    Whether each may still see the ticket is asked again at sending.
    """
    kind = audience.ALERT_OF[Kind(event.kind)]
    told = [one for one in audience.of(event) if one.wants(Channel.MAIL, kind)]
    waits = {one.address.pk: until for one in told if (until := one.waits_until(kind, event.at))}
    _write(event, ALERT_TEMPLATES[kind], [one.address for one in told], waits)


# --- Who ------------------------------------------------------------------------------------------


def _requester_side(event: TicketEvent) -> Iterator[Address]:
    """Return who takes part, without who did it and without whom the deed's reply is not to be mailed to."""
    chosen = _chosen(event)
    return (
        one.address
        for one in _TAKING_PART.all(ticket=event.ticket)
        if one.user_id != event.by_id and (chosen is None or one.address_id in chosen)
    )


def _chosen(event: TicketEvent) -> Collection[int] | None:
    """Return the addresses that the reply of this deed goes to; None where nobody chose, or nothing was replied."""
    reply = event
    # Nobody replies in the deed of a requester's message.
    if event.kind not in (Kind.REPLIED, Kind.MESSAGE_ADDED):
        replied = TicketEvent.objects.filter(ticket=event.ticket_id, deed=event.deed, kind=Kind.REPLIED)
        reply = replied.first() or event
    return reply.data.get("to") if reply.kind == Kind.REPLIED else None


_TAKING_PART = Prepared(lambda ticket: Participant.objects.reached(ticket))


# --- Writing --------------------------------------------------------------------------------------


def _write(
    event: TicketEvent, template: Template, to: Iterable[Address], waits: Mapping[int, datetime] | None = None
) -> None:
    outbox.write(to, template, deed=event.deed, at=event.at, event=event, entry=event.entry, waits=waits)
