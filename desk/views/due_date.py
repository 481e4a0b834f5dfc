"""Set the due date of a ticket, and take it away again."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Dialog, Done, filled_in, press, run_dialog
from desk.buttons import button
from desk.deeds import deed_url, ticket_url
from desk.later import DueDateForm
from desk.sidebar import Origin
from desk.undo import Undo
from tickets import actions
from tickets.models import Ticket
from tickets.policy import Deed


@agent_required
def due_date(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number, may=Deed.SET_DUE_DATE)
    origin = Origin.read(request.GET)
    dialog = Dialog(
        id="due-date",
        title=_("Due date of #%(number)s") % {"number": number},
        intro=_("By then it is to be solved, whatever the SLA plan promises. No pause moves it."),
        form=DueDateForm(**filled_in(request, {"due_at": ticket.manual_due_at}), ticket=ticket, name="due-date"),
        action=deed_url("due-date", number, origin),
        submit=_("Set the due date"),
        cancel_url=ticket_url(number, origin),
    )
    undo = back_to(ticket)

    def deed(cleaned: Mapping[str, Any]) -> Done:
        to = cleaned["due_at"]
        actions.set_due_date(ticket=ticket, to=to, by=request.principal, at=now(), seen=cleaned["seen"])
        words = {"number": number, "moment": date_format(timezone.localtime(to), "D j M, H:i")}
        return Done(_("#%(number)s is due %(moment)s") % words, undo)

    return run_dialog(request, ticket, dialog, deed, field="due_at")


@agent_required
@button
def remove_due_date(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)
    undo = back_to(ticket)

    def deed(seen: int) -> Done:
        actions.remove_due_date(ticket=ticket, by=request.principal, at=now(), seen=seen)
        return Done(_("#%(number)s has no due date of its own any more") % {"number": number}, undo)

    return press(request, ticket, deed)


def back_to(ticket: Ticket) -> Undo | None:
    """Return what brings back the due date as it is now; None once it is over, since none can be set in the past."""
    due = ticket.manual_due_at
    if due is None:
        return Undo("remove-due-date")
    return Undo("set-due-date", due.isoformat()) if due > now() else None
