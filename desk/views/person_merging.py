"""Two people who turn out to be one: which of the two stays, and how much goes over, said beforehand."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import contacts
from accounts.models import Address, Permission, User
from accounts.people import normalise
from desk.access import AgentRequest
from desk.answers import Dialog, filled_in, go, show_dialog
from desk.records import REFUSALS, allowed, show
from desk.views.person import load_person, person_url
from tickets import actions
from tickets.actions import merging
from tickets.models import Way


class OtherForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address of the other one"),
        max_length=254,
        help_text=gettext_lazy("What goes over, and to whom, is said on the next page. Nothing is done before."),
    )


@allowed(Permission.PERSON_DELETE)
@require_http_methods(["GET", "HEAD", "POST"])
def find_to_merge(request: AgentRequest, person: int) -> HttpResponse:
    """Ask whom to merge with; the page after that says what it would do."""
    found = load_person(person)
    contacts.require_changeable(found)
    form = OtherForm(**filled_in(request), auto_id="merge-%s")
    dialog = Dialog(
        id="merge",
        title=_("Merge %(name)s with another person") % {"name": found},
        form=form,
        action=reverse("desk:person-merge", args=[found.pk]),
        submit=_("Go on"),
        cancel_url=person_url(found),
    )
    if request.method != "POST":
        return show_dialog(request, dialog)
    if form.is_valid():
        address = Address.objects.select_related("user").filter(email=normalise(form.cleaned_data["email"])).first()
        if address is None:
            form.add_error("email", _("Nobody has this address."))
        elif address.user_id == found.pk:
            form.add_error("email", _("%(name)s has this address. Write one of the other person.") % {"name": found})
        else:
            return go(request, reverse("desk:person-merge-with", args=[found.pk, address.user_id]))
    return show_dialog(request, dialog, status=422)


@allowed(Permission.PERSON_DELETE)
@require_http_methods(["GET", "HEAD", "POST"])
def merge_people(request: AgentRequest, person: int, other: int) -> HttpResponse:
    """Show what either way would move; sent, let `other` become one with `person`, who stays."""
    stays, goes = load_person(person), load_person(other)
    contacts.require_changeable(stays)
    contacts.require_changeable(goes)
    if request.method != "POST":
        ways = [_way(stays, goes), _way(goes, stays)]
        return show(request, "desk/person_merge.html", "people", {"person": stays, "other": goes, "ways": ways})
    name, at = goes.display_name, now()
    try:
        erasure = actions.erase(person=goes, way=Way.MERGE, by=request.principal, at=at, to=stays)
    except REFUSALS as refused:
        messages.error(request, str(refused))
        return go(request, reverse("desk:person-merge-with", args=[stays.pk, goes.pk]))
    if actions.go_on_for_a_while(erasure, at=at):
        messages.success(request, _("%(name)s and %(to)s are one person now") % {"name": name, "to": stays})
    else:
        messages.info(request, _("This takes a while and goes on by itself."))
    return go(request, person_url(stays))


def _way(stays: User, goes: User) -> dict[str, Any]:
    return {
        "stays": _told(stays),
        "goes": _told(goes),
        "share": merging.share(goes),
        "addresses": [address.email for address in goes.addresses.order_by("-is_primary", "email")],
        "why_not": merging.why_not(goes, stays),
        "url": reverse("desk:person-merge-with", args=[stays.pk, goes.pk]),
    }


def _told(person: User) -> str:
    """Return the name with an address: two who are to be one often have the same name."""
    address = contacts.primary_address(person)
    return f"{person.display_name}, {address.email}" if address else person.display_name
