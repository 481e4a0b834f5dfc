"""Take back what a toast told of."""

from collections.abc import Callable, Mapping

from django.http import Http404, HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import Team, User
from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Done, attempt
from desk.buttons import button
from desk.undo import UndoInvalid, read_undo
from tickets import actions
from tickets.models import Ticket


@agent_required
@button
def undo(request: AgentRequest, number: str, token: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)
    try:
        wanted, seen = read_undo(token, request.user, ticket)
    except UndoInvalid as error:
        raise Http404 from error
    opposite = OPPOSITES[wanted.deed]
    return attempt(request, ticket, lambda: opposite(request, ticket, wanted.to, seen))


def _claim(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    actions.claim(ticket=ticket, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s is yours again") % {"number": ticket.number})


def _release(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    actions.release(ticket=ticket, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s given back") % {"number": ticket.number})


def _assign(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    model, _colon, key = to.partition(":")
    holder = (Team if model == "team" else User).objects.get(pk=key)
    actions.assign(ticket=ticket, to=holder, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s assigned back to %(name)s") % {"number": ticket.number, "name": holder})


def _reopen(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    actions.reopen(ticket=ticket, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s reopened") % {"number": ticket.number})


OPPOSITES: Mapping[str, Callable[[AgentRequest, Ticket, str, int], Done]] = {
    "claim": _claim,
    "release": _release,
    "assign": _assign,
    "reopen": _reopen,
}
