"""How a guest becomes somebody with an account: by registering, by an invitation, by a link to sign in.

Each proves that they read the mails to an address. Then the guest behind it is theirs, with all earlier tickets.
"""

from datetime import datetime

from django.db import transaction

from accounts import moving
from accounts.models import Address, User
from accounts.people import address_of, belongs_to_person, confirm, name_in, normalise, set_sign_in_address
from core.models import SiteSettings
from core.models.settings import Registration


class LinkInvalid(Exception):
    """Forged, too old, used, or meanwhile worth nothing; the reader is not told which."""


def is_open() -> bool:
    return SiteSettings.load().registration == Registration.OPEN


def is_free(address: Address) -> bool:
    """Say whether the address goes to whoever shows that they read it: nobody with an account has shown that yet."""
    person = address.user
    return person.is_active and not person.is_demo and not (person.may_sign_in and belongs_to_person(address))


@transaction.atomic
def take_over(email: str, *, at: datetime) -> User:
    """Return, locked, the person who has just shown that they read this address, which is confirmed by that.

    Of two callers at once the second one gets the person after the first.
    """
    address = shown_to_read(email, at=at)
    person = User.objects.select_for_update(no_key=True).get(pk=address.user_id)
    if not person.email:
        set_sign_in_address(person, address.email, at=at)
    return person


@transaction.atomic
def shown_to_read(email: str, *, at: datetime) -> Address:
    """Confirm the address, and return it with the person whose it is.

    Who only claimed it loses it to somebody new, with the tickets that were asked by it.
    """
    email = normalise(email)
    address = moving.hold(email) or moving.hold(address_of(email).email)
    assert address is not None  # made, if it was not there
    if not belongs_to_person(address):
        moving.move(address, _somebody_new(email), at=at)
    confirm(address, at=at)
    return address


def _somebody_new(email: str) -> User:
    person = User(name=name_in(email))
    person.set_unusable_password()
    person.save()
    return person
