"""A person's addresses: add one, have it confirmed, write to it from now on, take it out."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import addresses, bouncing, contacts
from accounts.models import Address, Permission, User
from accounts.people import AddressTaken
from core import throttle
from core.mailing import if_mailed
from desk.access import AgentRequest
from desk.answers import Dialog, filled_in
from desk.person_forms import AddressForm
from desk.records import allowed, press, pressed, run
from desk.views.people import HOUR
from desk.views.person import load_person, person_url
from tickets import actions

LINKS_PER_ADDRESS = 3


@allowed(Permission.PERSON_EDIT)
def add_address(request: AgentRequest, person: int) -> HttpResponse:
    found = load_person(person)
    contacts.require_changeable(found)
    action = reverse("desk:person-address", args=[found.pk])
    dialog = Dialog(
        id="address",
        title=_("Add an address of %(name)s") % {"name": found},
        form=AddressForm(**filled_in(request), auto_id="address-%s"),
        action=action,
        submit=_("Add"),
        cancel_url=person_url(found),
    )

    def deed(cleaned: Mapping[str, Any]) -> tuple[str, str]:
        try:
            added = addresses.add(found, cleaned["email"], by=request.user, at=now())
        except AddressTaken as taken:
            if taken.owner is None or taken.owner == found:
                raise
            raise AddressTaken(
                _("%(name)s has this address. Merge the two if they are one person.") % {"name": taken.owner}
            ) from taken
        told = (_("%(email)s added.") % {"email": added}, if_mailed(_("A link to confirm it is on its way.")))
        return " ".join(told), person_url(found)

    return run(request, dialog, deed, field="email")


@allowed(Permission.PERSON_EDIT)
@pressed("person", "person")
def make_primary(request: AgentRequest, person: int, address: int) -> HttpResponse:
    found, chosen = _load(person, address)

    def deed() -> str:
        contacts.require_changeable(found)
        addresses.make_primary(chosen, by=request.user, at=now())
        return _("Mails go to %(email)s from now on") % {"email": chosen}

    return press(request, person_url(found), deed)


@allowed(Permission.PERSON_EDIT)
@pressed("person", "person")
def mail_confirmation(request: AgentRequest, person: int, address: int) -> HttpResponse:
    found, chosen = _load(person, address)

    def deed() -> str:
        contacts.require_changeable(found)
        if chosen.is_verified:
            raise contacts.NotPossible(_("%(email)s is confirmed already.") % {"email": chosen})
        if not throttle.allow(request, "confirm-address", LINKS_PER_ADDRESS, HOUR, key=str(chosen.pk)):
            raise contacts.NotPossible(_("Some links are on their way already. Wait an hour for another one."))
        addresses.mail_link(chosen)
        return if_mailed(_("A link to confirm it goes to %(email)s") % {"email": chosen})

    return press(request, person_url(found), deed)


@allowed(Permission.PERSON_EDIT)
@pressed("person", "person")
def clear_address(request: AgentRequest, person: int, address: int) -> HttpResponse:
    """Let mail go to an address again that bounced."""
    found, chosen = _load(person, address)

    def deed() -> str:
        contacts.require_changeable(found)
        bouncing.clear(chosen, by=request.user, at=now())
        return _("Mail goes to %(email)s again") % {"email": chosen}

    return press(request, person_url(found), deed)


@allowed(Permission.PERSON_EDIT)
@pressed("person", "person")
def remove_address(request: AgentRequest, person: int, address: int) -> HttpResponse:
    found, chosen = _load(person, address)

    def deed() -> str:
        actions.remove_address(address=chosen, by=request.principal, at=now())
        return _("%(email)s removed") % {"email": chosen}

    return press(request, person_url(found), deed)


def _load(person: int, address: int) -> tuple[User, Address]:
    found = load_person(person)
    chosen = found.addresses.filter(pk=address).first()
    if chosen is None:
        raise Http404
    return found, chosen
