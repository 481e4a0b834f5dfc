"""What people keep about themselves: name, phone, time zone, language, and their addresses."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import addresses, contacts, own_addresses
from accounts.addresses import AddressStays, LinkInvalid
from accounts.contacts import NotPossible
from accounts.models import Address, User
from accounts.people import AddressTaken
from accounts.principal import Principal
from core import throttle
from core.mailing import if_mailed
from portal.forms import AddressForm, ProfileForm
from portal.views.door import signed_in
from tickets import actions
from tickets.errors import DeedRefused

# Links that somebody may have mailed to whatever address they type.
LINK_LIMIT, WINDOW = 10, timedelta(hours=1)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    if person.is_agent:
        # Theirs has more on it, and stands at the desk.
        return redirect("desk:settings")
    if request.method != "POST":
        return _page(request, person)
    form = ProfileForm(request.POST, person=person)
    if not form.is_valid():
        return _page(request, person, form=form, status=422)
    try:
        contacts.change_person(person, form.cleaned_data, by=person, at=now())
    except NotPossible as refusal:
        form.add_error(None, str(refusal))
        return _page(request, person, form=form, status=409)
    messages.success(request, _("Your profile is saved."))
    return redirect("portal:profile")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def add_address(request: HttpRequest) -> HttpResponse:
    """Mail a link to the address; it is added by whoever opens it, signed in as the same person."""
    person = _person(request)
    if request.method != "POST" or person.is_agent:
        return redirect("portal:profile")
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _page(request, person, address_form=form, status=422)
    try:
        contacts.require_changeable(person)
    except NotPossible as refusal:
        form.add_error(None, str(refusal))
        return _page(request, person, address_form=form, status=409)
    if not throttle.allow(request, "portal.address", LINK_LIMIT, WINDOW, key=str(person.pk)):
        form.add_error("email", _("You asked for many links in a short time. Wait a while, then ask again."))
        return _page(request, person, address_form=form, status=429)
    email = form.cleaned_data["email"]
    own_addresses.mail_link(person, email)
    messages.success(
        request, if_mailed(_("A link is on its way to %(email)s. Open it to add the address.") % {"email": email})
    )
    return redirect("portal:profile")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_address(request: HttpRequest, signed: str) -> HttpResponse:
    """Add the address behind a mailed link. Looking at it changes nothing: mail scanners look at links too."""
    person = _person(request)
    try:
        email = own_addresses.read(signed, person)
    except LinkInvalid:
        return render(request, "portal/address_invalid.html", status=404)
    if request.method == "POST":
        try:
            contacts.require_changeable(person)
            own_addresses.add(person, email, at=now())
        except (AddressTaken, AddressStays, NotPossible) as refusal:
            context = {"email": email, "problem": str(refusal)}
            return render(request, "portal/address_confirm.html", context, status=409)
        messages.success(request, _("%(email)s is one of your addresses now.") % {"email": email})
        return redirect("portal:profile")
    return render(request, "portal/address_confirm.html", {"email": email})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def make_primary(request: HttpRequest, address: int) -> HttpResponse:
    """Write to this address from now on."""
    if request.method == "POST":
        person = _person(request)
        chosen = _own(person, address)
        try:
            contacts.require_changeable(person)
            addresses.make_primary(chosen, by=person, at=now())
        except (AddressStays, NotPossible) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("New tickets are answered to %(email)s.") % {"email": chosen.email})
    return redirect("portal:profile")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def remove_address(request: HttpRequest, address: int) -> HttpResponse:
    """Let go of an address; its tickets go on at the primary one."""
    if request.method == "POST":
        person = _person(request)
        chosen = _own(person, address)
        try:
            actions.remove_address(address=chosen, by=Principal.requester(person), at=now())
        except (AddressStays, NotPossible, DeedRefused) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("%(email)s is removed.") % {"email": chosen.email})
    return redirect("portal:profile")


def _person(request: HttpRequest) -> User:
    assert request.user.is_authenticated  # signed_in
    return request.user


def _own(person: User, pk: int) -> Address:
    address = person.addresses.filter(pk=pk).first()
    if address is None:
        raise Http404
    return address


def _page(
    request: HttpRequest,
    person: User,
    *,
    form: ProfileForm | None = None,
    address_form: AddressForm | None = None,
    status: int = 200,
) -> HttpResponse:
    form = form or ProfileForm(person=person)
    address_form = address_form or AddressForm()
    context: dict[str, Any] = {
        "form": form,
        "address_form": address_form,
        "refused_form": address_form if address_form.errors else form,
        "addresses": person.addresses.order_by("-is_primary", "email")[: addresses.MOST_ADDRESSES],
        "nav_current": "profile",
    }
    return render(request, "portal/profile.html", context, status=status)
