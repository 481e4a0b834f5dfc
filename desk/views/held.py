"""The buttons of a reply that waits, or did not go."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Done, attempt, go, home_of, press
from desk.buttons import button
from desk.composer import read_leaks
from desk.deeds import ticket_url
from desk.sidebar import Origin
from mail import senders
from tickets import actions
from tickets.errors import DeedRefused, NotOffered
from tickets.models import HeldReply, Ticket


@agent_required
@button
def held_send(request: AgentRequest, number: str, held: int) -> HttpResponse:
    ticket, found = _load(request, number, held)

    def deed(seen: int) -> Done:
        told = read_leaks(request.POST.get("leaks"))
        if actions.send_now(held=found, by=request.principal, at=now(), seen=seen, told=told) is None:
            raise NotOffered(_("Not sent: it quotes an internal note. Change it, or send it all the same."))
        sent, saved = _("Reply to #%(number)s sent"), _("Reply to #%(number)s saved. Not mailed: no mail server is set")
        return Done((sent if senders.has_any_way() else saved) % {"number": number})

    return press(request, ticket, deed)


@agent_required
@button
def held_undo(request: AgentRequest, number: str, held: int) -> HttpResponse:
    """Take the reply back, into the composer; one that went no more is taken up there."""
    ticket, found = _load(request, number, held)
    taken_back = _("The reply to #%(number)s is taken back. Nothing was sent; it stands in the composer again")
    taken_up = _("The reply to #%(number)s stands in the composer")
    said = (taken_back if found.waits else taken_up) % {"number": number}
    try:
        actions.take_back(held=found, by=request.principal, at=now())
    except DeedRefused as refused:
        messages.error(request, str(refused))
        return go(request, home_of(request, ticket))
    messages.success(request, said)
    origin = Origin.read(request.GET)
    url = ticket_url(number, origin)
    return go(request, f"{url}{'&' if origin.query else '?'}edit={found.pk}#composer")


@agent_required
@button
def held_cancel(request: AgentRequest, number: str, held: int) -> HttpResponse:
    """Keep the reply from going; it stays where it stands."""
    done = _("The reply to #%(number)s is not sent") % {"number": number}
    return _do(request, number, held, lambda found: actions.take_back(held=found, by=request.principal, at=now()), done)


@agent_required
@button
def held_discard(request: AgentRequest, number: str, held: int) -> HttpResponse:
    done = _("The reply to #%(number)s is thrown away") % {"number": number}
    return _do(request, number, held, lambda found: actions.discard(held=found, by=request.principal, at=now()), done)


def _do(request: AgentRequest, number: str, held: int, deed: Callable[[HeldReply], object], words: str) -> HttpResponse:
    ticket, found = _load(request, number, held)

    def done() -> Done:
        deed(found)
        return Done(words)

    return attempt(request, ticket, done)


def _load(request: AgentRequest, number: str, pk: int) -> tuple[Ticket, HeldReply]:
    """Return ticket and reply; 404 for what is not this agent's to see. One that is gone says so when pressed."""
    ticket = load_ticket(request.principal, number)
    found = ticket.held_replies.filter(pk=pk).first()
    if found is None:
        found = HeldReply(pk=pk, ticket=ticket)
    found.ticket = ticket
    return ticket, found
