"""Several addresses of one person: claiming, confirming by a mailed link, making one the primary, letting one go."""

from datetime import datetime, timedelta

from django.core import signing
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit, letters
from accounts.models import Address, AuditKind, User
from accounts.notices import Notice, tell
from accounts.people import AddressTaken, normalise
from core.absolute import absolute_url

LASTS = timedelta(days=7)
SALT = "accounts.addresses"
MOST_ADDRESSES = 20


class LinkInvalid(Exception):
    """Forged, expired, or about an address that is gone; the reader is not told which."""


class AddressStays(Exception):
    """Why an address is not let go or not made the primary one; `str()` is a sentence."""


def claim(person: User, email: str, *, is_primary: bool = False) -> Address:
    """Return a new address of the person, not confirmed. Of two who claim one at once the second is refused.

    Raises AddressTaken for an address that leads to somebody already, confirmed or not: nothing is taken over.
    """
    email = normalise(email)
    if taken := _taken(person, email):
        raise taken
    try:
        with transaction.atomic():
            return Address.objects.create(email=email, user=person, is_primary=is_primary)
    except IntegrityError as error:
        raise (_taken(person, email) or AddressTaken(_("This address belongs to somebody else."))) from error


@transaction.atomic
def add(person: User, email: str, *, by: User | None, at: datetime) -> Address:
    """Add an address and mail it a link to confirm it. Raises AddressTaken, AddressStays for too many."""
    User.objects.select_for_update().get(pk=person.pk)
    if person.addresses.count() >= MOST_ADDRESSES:
        raise AddressStays(_("Nobody has more than %(count)s addresses.") % {"count": MOST_ADDRESSES})
    address = claim(person, email, is_primary=not person.addresses.exists())
    audit.record(AuditKind.CREATED, by=by, at=at, target=address, changes={"user": (None, person.pk)})
    tell(person, Notice.ADDRESS_ADDED, by=by, at=at)
    mail_link(address)
    return address


@transaction.atomic
def make_primary(address: Address, *, by: User | None, at: datetime) -> None:
    """Write to this address from now on. Raises AddressStays for an unconfirmed one while another is confirmed."""
    person = User.objects.select_for_update().get(pk=address.user_id)
    address = Address.objects.select_for_update().get(pk=address.pk)
    if address.is_primary:
        return
    if not address.is_verified and person.addresses.filter(verified_at__isnull=False).exists():
        raise AddressStays(_("Only a confirmed address can take the place of a confirmed one."))
    before = person.email
    person.addresses.filter(is_primary=True).update(is_primary=False)
    address.is_primary = True
    address.save(update_fields=["is_primary"])
    person.email = address.email if address.is_verified else ""
    person.save(update_fields=["email"])
    audit.record(AuditKind.CHANGED, by=by, at=at, target=address, changes={"is_primary": (False, True)})
    tell(person, Notice.ADDRESS_CHANGED, by=by, at=at, to=before)


# --- The link ------------------------------------------------------------------------------------


def token_for(address: Address) -> str:
    """Return what proves that its bearer reads the address. Bound to the person: handed on, it is worth nothing."""
    return signing.dumps([address.pk, address.user_id, address.email], salt=SALT, compress=True)


def read(token: str) -> Address:
    """Return the address with its person. Raises LinkInvalid.

    Also for whoever became an agent or an administrator since: their addresses are an administrator's business.
    """
    try:
        address_id, user_id, email = signing.loads(token, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkInvalid from error
    address = (
        Address.objects.select_related("user")
        .filter(pk=address_id, user=user_id, email=email, user__is_active=True)
        .filter(user__is_agent=False, user__is_administrator=False)
        .first()
    )
    if address is None:
        raise LinkInvalid
    return address


def mail_link(address: Address) -> None:
    """Mail the link that confirms the address. It says nothing about whose it is: that was typed by somebody."""
    if address.is_verified or not address.user.is_active or address.user.is_demo:
        return
    url = absolute_url("confirm_address", token_for(address))
    letters.send("confirm_address", address.email, url=url, days=LASTS.days)


def _taken(person: User, email: str) -> AddressTaken | None:
    known = Address.objects.select_related("user").filter(email=email).first()
    if known is None:
        return None
    if known.user_id == person.pk:
        return AddressTaken(_("This person has this address already."), person)
    return AddressTaken(_("This address belongs to somebody else."), known.user)
