"""Snooze, wait for a third party, and go on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _

from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Dialog, Done, press, run_dialog
from desk.buttons import button
from desk.deeds import deed_url, ticket_url
from desk.later import SnoozeForm
from desk.sidebar import Origin
from desk.undo import Undo
from tickets import actions
from tickets.models import Awaiting
from tickets.policy import Deed


@agent_required
def snooze(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number, may=Deed.SNOOZE)
    origin = Origin.read(request.GET)
    form = SnoozeForm(request.POST if request.method == "POST" else None, ticket=ticket, name="snooze")
    dialog = Dialog(
        id="snooze",
        title=_("Snooze #%(number)s") % {"number": number},
        intro=_("Until then it stands in the queue Snoozed alone. A message or a transfer brings it back before."),
        form=form,
        action=deed_url("snooze", number, origin),
        submit=_("Snooze"),
        cancel_url=ticket_url(number, origin),
    )
    # Who snoozed it for longer, and takes that back, has what was before.
    undo = _snooze_again(ticket.snoozed_until) or Undo("wake")

    def deed(cleaned: Mapping[str, Any]) -> Done:
        until = cleaned["moment"]
        actions.snooze(ticket=ticket, until=until, by=request.principal, at=now(), seen=cleaned["seen"])
        words = {"number": number, "moment": date_format(timezone.localtime(until), "D j M, H:i")}
        return Done(_("#%(number)s snoozed until %(moment)s") % words, undo)

    return run_dialog(request, ticket, dialog, deed, field="later")


@agent_required
@button
def wake(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)
    undo = _snooze_again(ticket.snoozed_until)

    def deed(seen: int) -> Done:
        actions.wake(ticket=ticket, by=request.principal, at=now(), seen=seen)
        return Done(_("#%(number)s is no longer snoozed") % {"number": number}, undo)

    return press(request, ticket, deed)


@agent_required
@button
def await_third_party(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)
    # Pressed twice, the second press did nothing that could be taken back.
    undo = None
    if ticket.awaiting != Awaiting.THIRD_PARTY:
        undo = _await_again(ticket.awaiting) or Undo("stop-waiting")

    def deed(seen: int) -> Done:
        actions.await_third_party(ticket=ticket, by=request.principal, at=now(), seen=seen)
        return Done(_("#%(number)s awaits a third party") % {"number": number}, undo)

    return press(request, ticket, deed)


@agent_required
@button
def stop_waiting(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)
    undo = _await_again(ticket.awaiting)

    def deed(seen: int) -> Done:
        actions.stop_waiting(ticket=ticket, by=request.principal, at=now(), seen=seen)
        return Done(_("#%(number)s awaits nobody else") % {"number": number}, undo)

    return press(request, ticket, deed)


def _await_again(awaiting: str) -> Undo | None:
    """Return what lets the ticket await again whom it awaits now; None where it is our turn."""
    return {
        Awaiting.REQUESTER.value: Undo("await-requester"),
        Awaiting.THIRD_PARTY.value: Undo("await-third-party"),
    }.get(awaiting)


def _snooze_again(until: datetime | None) -> Undo | None:
    """Return what lets the ticket rest until then as it did; None where it did not, or that is over."""
    return Undo("snooze", until.isoformat()) if until is not None and until > now() else None
