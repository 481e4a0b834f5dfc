"""People adding an address of their own: it is theirs once they act on a mail to it, and not a moment before.

Before that no row says so: whoever could claim an address that is not theirs would get what others write there.
"""

from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, letters, moving
from accounts.addresses import MOST_ADDRESSES, AddressStays, LinkInvalid, claim
from accounts.joining import is_free
from accounts.models import Address, AuditKind, User
from accounts.notices import Notice, tell
from accounts.people import AddressTaken, confirm, normalise
from core.absolute import absolute_url

LASTS = timedelta(days=1)
SALT = "accounts.own_addresses"


def mail_link(person: User, email: str) -> None:
    """Mail the link that adds the address, whether or not it can be added: only who reads it learns that."""
    if person.is_demo:
        return
    url = absolute_url("portal:confirm_own_address", token_for(person, email))
    letters.send("add_address", normalise(email), person=person, url=url, hours=LASTS // letters.HOUR)


def token_for(person: User, email: str) -> str:
    """Return what proves that its bearer reads the address. It is of use to this person alone, signed in."""
    return signing.dumps([person.pk, normalise(email)], salt=SALT, compress=True)


def read(token: str, person: User) -> str:
    """Return the address that this person asked to add. Raises LinkInvalid, also for somebody else's."""
    try:
        user_id, email = signing.loads(token, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkInvalid from error
    if user_id != person.pk:
        raise LinkInvalid
    return str(email)


@transaction.atomic
def add(person: User, email: str, *, at: datetime) -> Address:
    """Add an address that the person has proved to read. Theirs already, it is confirmed.

    Of a guest, or of somebody who only claimed it, it becomes theirs with the tickets that were asked by it. Raises
    AddressTaken where somebody has an account with it, AddressStays for too many.
    """
    address = moving.hold(email := normalise(email), person)
    if address is None or address.user_id != person.pk:
        if person.addresses.count() >= MOST_ADDRESSES:
            raise AddressStays(_("Nobody has more than %(count)s addresses.") % {"count": MOST_ADDRESSES})
        address = _take(address, person, at=at) if address is not None else _make(email, person, at=at)
        tell(person, Notice.ADDRESS_ADDED, by=person, at=at)
    confirm(address, at=at)
    return address


def _make(email: str, person: User, *, at: datetime) -> Address:
    address = claim(person, email, is_primary=not person.addresses.exists())
    audit.record(AuditKind.CREATED, by=person, at=at, target=address, changes={"user": (None, person.pk)})
    return address


def _take(address: Address, person: User, *, at: datetime) -> Address:
    if not is_free(address):
        raise AddressTaken(_("Somebody has an account with this address. Ask us to put it together with yours."))
    moving.move(address, person, at=at)
    return address
