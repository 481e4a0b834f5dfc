"""Give a ticket to an agent or a team."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Dialog, Done, filled_in, run_dialog
from desk.deeds import deed_url, ticket_url
from desk.forms import AssignForm
from desk.sidebar import Origin
from desk.undo import undo_of_giving
from tickets import actions
from tickets.policy import Deed


@agent_required
def assign(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number, may=Deed.ASSIGN)
    origin = Origin.read(request.GET)
    action = deed_url("assign", number, origin)
    form = AssignForm(**filled_in(request), ticket=ticket, name="assign", action=action, me=request.user)
    dialog = Dialog(
        id="assign",
        title=_("Assign #%(number)s") % {"number": number},
        form=form,
        action=action,
        submit=_("Assign"),
        cancel_url=ticket_url(number, origin),
    )

    def deed(cleaned: Mapping[str, Any]) -> Done:
        to = cleaned["to"]
        actions.assign(ticket=ticket, to=to, by=request.principal, at=now(), note=cleaned["note"], seen=cleaned["seen"])
        return Done(_("#%(number)s assigned to %(name)s") % {"number": number, "name": to}, undo_of_giving(ticket, to))

    return run_dialog(request, ticket, dialog, deed, field="to")
