"""Links to sign in without a password: for one address, once, within a quarter of an hour."""

from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import letters
from accounts.joining import LinkInvalid, is_open, take_over
from accounts.models import Address, User
from accounts.people import belongs_to_person, normalise
from core import throttle
from core.absolute import absolute_url

LASTS = timedelta(minutes=15)
SALT = "accounts.sign_in_links"


def mail_link(email: str) -> None:
    """Mail a link to whoever may sign in by this address; nothing to everybody else."""
    address = Address.objects.select_related("user").filter(email=normalise(email)).first()
    if address is not None and _may_come(address):
        url = absolute_url("account_sign_in_by_link", token_for(address))
        minutes = LASTS // letters.MINUTE
        letters.send("sign_in_link", address.email, person=address.user, url=url, minutes=minutes)


def token_for(address: Address) -> str:
    """Return a fresh token. It lets in: keep it out of logs."""
    return signing.dumps([address.pk, _state(address)], salt=SALT)


def read(token: str) -> Address:
    """Return the address, with its person. Raises LinkInvalid."""
    try:
        pk, state = signing.loads(token, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkInvalid from error
    address = Address.objects.select_related("user").filter(pk=pk).first()
    if address is None or not constant_time_compare(state, _state(address)) or not _may_come(address):
        raise LinkInvalid
    return address


@transaction.atomic
def use(token: str, *, at: datetime) -> User:
    """Return who signs in by the link, which is worth nothing afterwards. Raises LinkInvalid."""
    address = read(token)
    # The state of the person changes only when the second factor is shown, too; until then this holds.
    if not throttle.claim("sign-in-link:used", token, 1, LASTS):
        raise LinkInvalid
    return take_over(address.email, at=at)


def _may_come(address: Address) -> bool:
    """Say whether a link lets anybody in: who has an account, and guests where everybody may make one."""
    person = address.user
    if not person.is_active or person.is_demo or not belongs_to_person(address):
        return False
    return person.may_sign_in or is_open()


def _state(address: Address) -> str:
    """Return what changes with every sign-in, a new password, another person, and when links are revoked."""
    person = address.user
    parts = (address.email, address.link_epoch, person.pk, person.password, person.last_login)
    return salted_hmac(SALT, repr(parts), algorithm="sha256").hexdigest()[:32]
