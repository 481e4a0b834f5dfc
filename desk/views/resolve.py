"""Say that a ticket is solved."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Dialog, Done, run_dialog
from desk.deeds import deed_url, ticket_url
from desk.forms import ResolveForm
from desk.sidebar import Origin
from desk.undo import Undo
from tickets import actions
from tickets.policy import Deed


@agent_required
def resolve(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number, may=Deed.RESOLVE)
    origin = Origin.read(request.GET)
    dialog = Dialog(
        id="resolve",
        title=_("Resolve #%(number)s") % {"number": number},
        intro=_("To tell the requester something with it, write a reply and press “Send and resolve”."),
        form=ResolveForm(request.POST if request.method == "POST" else None, ticket=ticket, name="resolve"),
        action=deed_url("resolve", number, origin),
        submit=_("Resolve"),
        cancel_url=ticket_url(number, origin),
    )

    def deed(cleaned: Mapping[str, Any]) -> Done:
        actions.resolve(
            ticket=ticket,
            by=request.principal,
            at=now(),
            resolution=cleaned["resolution"],
            seen=cleaned["seen"],
        )
        return Done(_("#%(number)s resolved") % {"number": number}, Undo("reopen"))

    return run_dialog(request, ticket, dialog, deed, field="resolution")
