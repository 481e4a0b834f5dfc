"""Hand a ticket to another department."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Dialog, Done, filled_in, is_looking, run_dialog
from desk.deeds import deed_url, ticket_url
from desk.forms import TransferForm
from desk.sidebar import Origin
from tickets import actions
from tickets.policy import Deed


@agent_required
def transfer(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number, may=Deed.TRANSFER)
    origin = Origin.read(request.GET)
    action = deed_url("transfer", number, origin)
    given = filled_in(request)
    if is_looking(request):
        # A box that is not checked is not sent.
        given["initial"]["keep_access"] = "keep_access" in request.POST
    form = TransferForm(**given, ticket=ticket, name="transfer", action=action)
    dialog = Dialog(
        id="transfer",
        title=_("Transfer #%(number)s") % {"number": number},
        form=form,
        action=action,
        submit=_("Transfer"),
        cancel_url=ticket_url(number, origin),
    )

    def deed(cleaned: Mapping[str, Any]) -> Done:
        actions.transfer(
            ticket=ticket,
            to=cleaned["department"],
            assignee=cleaned["assignee"],
            by=request.principal,
            at=now(),
            note=cleaned["note"],
            keep_access=cleaned["keep_access"],
            seen=cleaned["seen"],
        )
        return Done(_("#%(number)s transferred to %(name)s") % {"number": number, "name": cleaned["department"].path})

    return run_dialog(request, ticket, dialog, deed, field="department")
