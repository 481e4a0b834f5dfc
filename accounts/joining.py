"""How a guest becomes somebody with an account: by registering, by an invitation, by a link to sign in.

Each proves that they read the mails to an address. Then the guest behind it is theirs, with all earlier tickets.
"""

from datetime import datetime

from django.db import transaction

from accounts.models import Address, User
from accounts.people import address_of, belongs_to_person, confirm, set_sign_in_address
from core.models import SiteSettings
from core.models.settings import Registration


class LinkInvalid(Exception):
    """Forged, too old, used, or meanwhile worth nothing; the reader is not told which."""


def is_open() -> bool:
    return SiteSettings.load().registration == Registration.OPEN


@transaction.atomic
def take_over(email: str, *, at: datetime) -> User:
    """Return, locked, the person who has just shown that they read this address, which is confirmed by that.

    Of two callers at once the second one gets the person after the first.
    """
    address = address_of(email)
    User.objects.select_for_update().get(pk=address.user_id)
    address = Address.objects.select_related("user").get(pk=address.pk)
    if not belongs_to_person(address):
        _part(address)
    confirm(address, at=at)
    person = User.objects.select_for_update().get(pk=address.user_id)
    if not person.email:
        set_sign_in_address(person, address.email, at=at)
    return person


def _part(address: Address) -> None:
    """Take an address from the one who only claimed it."""
    person = User()
    person.set_unusable_password()
    person.save()
    address.user, address.is_primary = person, True
    address.save(update_fields=["user", "is_primary"])
