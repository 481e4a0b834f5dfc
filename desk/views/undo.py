"""Take back what a toast told of."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.http import Http404, HttpResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _

from accounts.models import Address, Team, User
from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Done, attempt
from desk.buttons import button
from desk.undo import UndoInvalid, read_undo
from tickets import actions
from tickets.models import ThreadEntry, Ticket
from tickets.models.people import Part


@agent_required
@button
def undo(request: AgentRequest, number: str, token: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)
    try:
        wanted, seen = read_undo(token, request.user, ticket)
    except UndoInvalid as error:
        raise Http404 from error
    opposite = OPPOSITES[wanted.deed]
    return attempt(request, ticket, lambda: opposite(request, ticket, wanted.to, seen))


def _claim(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    actions.claim(ticket=ticket, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s is yours again") % {"number": ticket.number})


def _release(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    actions.release(ticket=ticket, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s given back") % {"number": ticket.number})


def _assign(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    model, _colon, key = to.partition(":")
    holder = (Team if model == "team" else User).objects.get(pk=key)
    actions.assign(ticket=ticket, to=holder, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s assigned back to %(name)s") % {"number": ticket.number, "name": holder})


def _reopen(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    actions.reopen(ticket=ticket, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s reopened") % {"number": ticket.number})


def _add_collaborator(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    address = _address(to)
    actions.add_collaborator(ticket=ticket, address=address, by=request.principal, at=now(), seen=seen)
    return Done(_("%(email)s takes part in #%(number)s again") % {"email": address.email, "number": ticket.number})


def _remove_collaborator(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    address = _address(to)
    participant = ticket.participants.filter(address=address, role=Part.COLLABORATOR).first()
    if participant is not None:
        actions.remove_collaborator(ticket=ticket, participant=participant, by=request.principal, at=now())
    return Done(_("%(email)s takes part in #%(number)s no more") % {"email": address.email, "number": ticket.number})


def _move_back(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    entry = ThreadEntry.objects.filter(pk=to.partition(":")[2]).first()
    # Where it is now has to be the agent's to see, too.
    there = Ticket.objects.visible_to(request.principal).filter(pk=entry.ticket_id).first() if entry else None
    if entry is None or there is None:
        raise Http404
    actions.move_entry(entry=entry, ticket=there, to=ticket, by=request.principal, at=now())
    return Done(_("Moved back to #%(number)s") % {"number": ticket.number})


def _wake(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    actions.wake(ticket=ticket, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s is no longer snoozed") % {"number": ticket.number})


def _snooze(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    until = datetime.fromisoformat(to)
    actions.snooze(ticket=ticket, until=until, by=request.principal, at=now(), seen=seen)
    words = {"number": ticket.number, "moment": date_format(localtime(until), "D j M, H:i")}
    return Done(_("#%(number)s snoozed until %(moment)s") % words)


def _stop_waiting(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    actions.stop_waiting(ticket=ticket, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s awaits nobody else") % {"number": ticket.number})


def _await_third_party(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    actions.await_third_party(ticket=ticket, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s awaits a third party") % {"number": ticket.number})


def _await_requester(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    actions.await_requester(ticket=ticket, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s awaits the requester") % {"number": ticket.number})


def _set_due_date(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    moment = datetime.fromisoformat(to)
    actions.set_due_date(ticket=ticket, to=moment, by=request.principal, at=now(), seen=seen)
    words = {"number": ticket.number, "moment": date_format(localtime(moment), "D j M, H:i")}
    return Done(_("#%(number)s is due %(moment)s") % words)


def _remove_due_date(request: AgentRequest, ticket: Ticket, to: str, seen: int) -> Done:
    actions.remove_due_date(ticket=ticket, by=request.principal, at=now(), seen=seen)
    return Done(_("#%(number)s has no due date of its own any more") % {"number": ticket.number})


def _address(to: str) -> Address:
    """Return the address behind "address:1"; 404 once it is gone."""
    address = Address.objects.select_related("user").filter(pk=to.partition(":")[2]).first()
    if address is None:
        raise Http404
    return address


OPPOSITES: Mapping[str, Callable[[AgentRequest, Ticket, str, int], Done]] = {
    "claim": _claim,
    "release": _release,
    "assign": _assign,
    "reopen": _reopen,
    "add-collaborator": _add_collaborator,
    "remove-collaborator": _remove_collaborator,
    "move-entry": _move_back,
    "wake": _wake,
    "snooze": _snooze,
    "stop-waiting": _stop_waiting,
    "await-third-party": _await_third_party,
    "await-requester": _await_requester,
    "set-due-date": _set_due_date,
    "remove-due-date": _remove_due_date,
}
