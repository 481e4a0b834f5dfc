"""Take a resolved or closed ticket up again."""

from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Done, press
from desk.buttons import button
from tickets import actions


@agent_required
@button
def reopen(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)

    def deed(seen: int) -> Done:
        actions.reopen(ticket=ticket, by=request.principal, at=now(), seen=seen)
        return Done(_("#%(number)s reopened") % {"number": number})

    return press(request, ticket, deed)
