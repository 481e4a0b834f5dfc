"""Give a ticket back: nobody has it then."""

from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Done, press
from desk.buttons import button
from desk.undo import undo_of_release
from tickets import actions


@agent_required
@button
def release(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)

    def deed(seen: int) -> Done:
        actions.release(ticket=ticket, by=request.principal, at=now(), seen=seen)
        return Done(_("#%(number)s given back") % {"number": number}, undo_of_release(ticket, request.user))

    return press(request, ticket, deed)
