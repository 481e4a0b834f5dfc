"""Who is on a ticket: add somebody, take somebody off, leave."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.people import address_of
from core import throttle
from portal.forms import PersonForm
from portal.views.door import Held
from portal.views.ticket import page
from tickets import actions, policy
from tickets.errors import DeedRefused
from tickets.models.people import Part
from tickets.policy import Deed

# A mail goes to every address that is added: so many an hour, whatever ticket they are added to.
PERSON_LIMIT, WINDOW = 20, timedelta(hours=1)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, held: Held) -> HttpResponseBase:
    """Let somebody take part: a link of their own is mailed to the address."""
    if request.method != "POST":
        return HttpResponseRedirect(f"{held.url}#people")
    at = now()
    form = PersonForm(request.POST)
    if not form.is_valid():
        return page(request, held, person_form=form, at=at, status=422)
    verdict = policy.may(held.principal, Deed.ADD_COLLABORATOR, held.ticket)
    if not verdict:
        # Before a person is made of the address.
        return page(request, held, at=at, status=409, problem=verdict.reason)
    if not throttle.allow(request, "portal.person", PERSON_LIMIT, WINDOW, key=str(held.user.pk)):
        form.add_error(None, _("You added many people in a short time. Wait a while, then go on."))
        return page(request, held, person_form=form, at=at, status=429)
    held.confirm(at)
    address = address_of(form.cleaned_data["email"], name=form.cleaned_data["name"])
    try:
        actions.add_collaborator(ticket=held.ticket, address=address, by=held.principal, at=at)
    except DeedRefused as refusal:
        form.add_error("email", str(refusal))
        return page(request, held, person_form=form, at=at, status=422)
    messages.success(request, _("%(email)s takes part in this ticket now.") % {"email": address.email})
    return HttpResponseRedirect(f"{held.url}#people")


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, held: Held) -> HttpResponseBase:
    """Take somebody off the ticket. Sent twice, they are taken off once."""
    if request.method != "POST":
        return HttpResponseRedirect(f"{held.url}#people")
    at = now()
    pk = request.POST.get("participant", "")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        raise Http404
    participant = held.ticket.participants.select_related("address").filter(pk=pk, role=Part.COLLABORATOR).first()
    if participant is not None:
        held.confirm(at)
        try:
            actions.remove_collaborator(ticket=held.ticket, participant=participant, by=held.principal, at=at)
        except DeedRefused as refusal:
            return page(request, held, at=at, status=409, problem=str(refusal))
        messages.success(request, _("%(email)s takes part no more.") % {"email": participant.address.email})
    return HttpResponseRedirect(f"{held.url}#people")


@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, held: Held) -> HttpResponseBase:
    """Stop taking part, as a collaborator: the link opens the ticket no more."""
    if request.method != "POST":
        return HttpResponseRedirect(f"{held.url}#people")
    at = now()
    try:
        actions.leave(ticket=held.ticket, by=held.principal, at=at)
    except DeedRefused as refusal:
        return page(request, held, at=at, status=409, problem=str(refusal))
    messages.success(request, _("You left ticket #%(number)s.") % {"number": held.ticket.number})
    return redirect("portal:home" if held.is_by_link else "portal:tickets")
