"""Let somebody outside the department read a ticket along."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Dialog, Done, filled_in, run_dialog
from desk.deeds import deed_url, ticket_url
from desk.forms import ReferForm
from desk.sidebar import Origin
from tickets import actions
from tickets.policy import Deed


@agent_required
def refer(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number, may=Deed.REFER)
    origin = Origin.read(request.GET)
    action = deed_url("refer", number, origin)
    form = ReferForm(**filled_in(request), ticket=ticket, name="refer", action=action)
    dialog = Dialog(
        id="refer",
        title=_("Let others read #%(number)s") % {"number": number},
        form=form,
        action=action,
        submit=_("Let them read"),
        cancel_url=ticket_url(number, origin),
    )

    def deed(cleaned: Mapping[str, Any]) -> Done:
        to = cleaned["to"]
        actions.refer(ticket=ticket, to=to, by=request.principal, at=now(), note=cleaned["note"], seen=cleaned["seen"])
        return Done(_("%(name)s reads #%(number)s along") % {"number": number, "name": to})

    return run_dialog(request, ticket, dialog, deed, field="to")
