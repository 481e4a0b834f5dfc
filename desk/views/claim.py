"""Take a ticket that no agent has."""

from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Done, press
from desk.buttons import button
from desk.undo import undo_of_giving
from tickets import actions


@agent_required
@button
def claim(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)

    def deed(seen: int) -> Done:
        actions.claim(ticket=ticket, by=request.principal, at=now(), seen=seen)
        return Done(_("#%(number)s is yours") % {"number": number}, undo_of_giving(ticket, request.user))

    return press(request, ticket, deed)
