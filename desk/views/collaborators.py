"""Let somebody take part in a ticket beside its requester; take them off again."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import Permission
from desk.access import AgentRequest, agent_required, load_ticket
from desk.answers import Dialog, Done, filled_in, press, run_dialog
from desk.buttons import button
from desk.deeds import deed_url, ticket_url
from desk.forms import SeenForm
from desk.sidebar import Origin, read_id
from desk.undo import Undo
from desk.who import WhoForm
from mail import senders
from tickets import actions, policy
from tickets.models.people import Part
from tickets.policy import Deed


class CollaboratorForm(WhoForm, SeenForm):
    """Whom to add."""

    field_order = ["person", "email", "name"]

    def __init__(self, *args: Any, action: str, may_look_up: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer_people(action, may_look_up=may_look_up, beside=self.ticket.organization_id)


@agent_required
def add_collaborator(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number, may=Deed.ADD_COLLABORATOR)
    origin = Origin.read(request.GET)
    action = deed_url("add-collaborator", number, origin)
    form = CollaboratorForm(
        **filled_in(request),
        ticket=ticket,
        name="add-collaborator",
        action=action,
        may_look_up=bool(policy.allows(request.principal, Permission.PERSON_VIEW)),
    )
    dialog = Dialog(
        id="add-collaborator",
        title=_("Add a collaborator to #%(number)s") % {"number": number},
        intro=_("They get a link to the ticket by mail, read all but internal notes, and may write.")
        if senders.has_any_way()
        else _("They read all but internal notes, and may write. Their link is not mailed: no mail server is set."),
        form=form,
        action=action,
        submit=_("Add"),
        cancel_url=ticket_url(number, origin),
    )

    def deed(cleaned: Mapping[str, Any]) -> Done:
        address = form.address()
        actions.add_collaborator(ticket=ticket, address=address, by=request.principal, at=now(), seen=cleaned["seen"])
        words = _("%(email)s takes part in #%(number)s") % {"email": address.email, "number": number}
        return Done(words, Undo("remove-collaborator", f"address:{address.pk}"))

    return run_dialog(request, ticket, dialog, deed, field="email")


@agent_required
@button
def remove_collaborator(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)
    pk = read_id(request.POST.get("participant", ""))
    found = ticket.participants.select_related("address").filter(role=Part.COLLABORATOR)
    participant = found.filter(pk=pk).first() if pk else None
    if participant is None:
        raise Http404

    def deed(seen: int) -> Done:
        actions.remove_collaborator(ticket=ticket, participant=participant, by=request.principal, at=now())
        words = _("%(email)s takes part in #%(number)s no more") % {
            "email": participant.address.email,
            "number": number,
        }
        return Done(words, Undo("add-collaborator", f"address:{participant.address_id}"))

    return press(request, ticket, deed)
