"""Close a resolved ticket by a button, or an unresolved one with a reason."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Dialog, Done, press, run_dialog
from desk.buttons import only_post
from desk.deeds import deed_url, ticket_url
from desk.forms import CloseForm
from desk.sidebar import Origin
from desk.undo import Undo
from tickets import actions
from tickets.models import CloseReason, Status, Ticket
from tickets.policy import Deed


@agent_required
def close(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)
    if ticket.status == Status.RESOLVED:
        return only_post(request, number) or _close_resolved(request, ticket)
    return _close_unresolved(request, load_ticket(request.principal, number, may=Deed.CLOSE_UNRESOLVED))


def _close_resolved(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    def deed(seen: int) -> Done:
        actions.close(ticket=ticket, by=request.principal, at=now(), seen=seen)
        return _done(ticket)

    return press(request, ticket, deed)


def _close_unresolved(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    origin = Origin.read(request.GET)
    dialog = Dialog(
        id="close",
        title=_("Close #%(number)s without an answer") % {"number": ticket.number},
        intro=_("The requester is not told."),
        form=CloseForm(request.POST if request.method == "POST" else None, ticket=ticket, name="close"),
        action=deed_url("close", ticket.number, origin),
        submit=_("Close"),
        is_danger=True,
        cancel_url=ticket_url(ticket.number, origin),
    )

    def deed(cleaned: Mapping[str, Any]) -> Done:
        actions.close_unresolved(
            ticket=ticket,
            reason=CloseReason(cleaned["reason"]),
            by=request.principal,
            at=now(),
            note=cleaned["note"],
            seen=cleaned["seen"],
        )
        return _done(ticket)

    return run_dialog(request, ticket, dialog, deed)


def _done(ticket: Ticket) -> Done:
    return Done(_("#%(number)s closed") % {"number": ticket.number}, Undo("reopen"))
