"""Registering: nothing of the account is there until the mailed link is confirmed (PARITY P11).

What was typed travels in the link, encrypted, the password as its hash. Whoever registers with somebody else's
address gains nothing by the owner's click: in another browser than the one that registered, the link asks for the
password as well.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils.crypto import constant_time_compare

from accounts import audit, letters
from accounts.joining import LinkInvalid, is_free, is_open, take_over
from accounts.models import Address, AuditKind, User
from accounts.people import belongs_to_person
from core import secrets
from core.absolute import absolute_url

LASTS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody typed; `browser` is a random word that their session keeps."""

    name: str
    email: str
    password: str
    browser: str
    at: float

    def is_from(self, browser: object) -> bool:
        return isinstance(browser, str) and constant_time_compare(browser, self.browser)

    def has_password(self, password: str) -> bool:
        return check_password(password, self.password)


def ask(*, name: str, email: str, password: str, browser: str, at: datetime) -> None:
    """Mail the link that makes the account, or to who has one already, that they do. Takes equally long."""
    wanted = Wanted(name, email, make_password(password), browser, at.timestamp())
    address = Address.objects.select_related("user").filter(email=email).first()
    if address is not None and (not address.user.is_active or address.user.is_demo):
        return
    if address is not None and address.user.may_sign_in and belongs_to_person(address):
        letters.send("registered_already", email, url=absolute_url("account_login"))
        return
    url = absolute_url("account_confirm_registration", token_for(wanted))
    letters.send("registration", email, url=url, hours=LASTS // letters.HOUR)


def token_for(wanted: Wanted) -> str:
    return secrets.encrypt(json.dumps(asdict(wanted)).encode()).decode().rstrip("=")


def read(token: str, *, at: datetime) -> Wanted:
    """Return what was typed. Raises LinkInvalid, also when registration was closed meanwhile."""
    try:
        given: dict[str, Any] = json.loads(secrets.decrypt((token + "=" * (-len(token) % 4)).encode()))
    except (secrets.SecretUnreadable, ValueError) as error:
        raise LinkInvalid from error
    wanted = Wanted(**given)
    if at.timestamp() - wanted.at > LASTS.total_seconds() or not is_open():
        raise LinkInvalid
    address = Address.objects.select_related("user").filter(email=wanted.email).first()
    if address is not None and not is_free(address):
        raise LinkInvalid
    return wanted


@transaction.atomic
def confirm(wanted: Wanted, *, at: datetime) -> User:
    """Make the account, of the guest who has the address or of somebody new. Raises LinkInvalid the second time."""
    person = take_over(wanted.email, at=at)
    if person.may_sign_in or not person.is_active or person.is_demo:
        raise LinkInvalid
    person.name, person.password = wanted.name or person.name, wanted.password
    person.save(update_fields=["name", "password"])
    audit.record(AuditKind.REGISTERED, by=person, at=at, target=person)
    return person
