"""Tries to sign in: how many may fail, per account and per client, and what the audit log keeps of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import AuditKind, User
from accounts.people import normalise, person_who_signs_in
from core import throttle

# Failing tries within the window: per account, whoever tries, and per client, whatever they try.
WINDOW = timedelta(minutes=5)
TRIES_PER_ACCOUNT = 5
TRIES_PER_CLIENT = 20
CLIENT = "sign-in:client"
KEY = "api-key"
# Counted apart: whoever knows the password could otherwise free the tries for the code by signing in once more.
PASSWORD, SECOND_FACTOR = "sign-in:account", "second-factor:account"

THROTTLED = "throttled"
TOO_MANY_TRIES = _("Too many tries to sign in. Wait five minutes, then try once more.")


def too_many_tries() -> ValidationError:
    return ValidationError(TOO_MANY_TRIES, code=THROTTLED)


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody tries to get into. Counted by the person, whichever of their addresses is typed."""

    key: str
    person: User | None = None


def account_at(email: str) -> Account:
    person = person_who_signs_in(email)
    return account_of(person) if person else Account(normalise(email))


def account_of(person: User) -> Account:
    return Account(f"person:{person.pk}", person)


def begin(request: HttpRequest, scope: str, account: Account) -> str:
    """Count a try; return the client's slot. Raises ValidationError when there were too many.

    Call it before the secret is looked at, so that many tries at once cannot slip through together.
    """
    slot = begin_as_client(request)
    if not throttle.claim(scope, account.key, TRIES_PER_ACCOUNT, WINDOW):
        # The client's slot stays taken: it tried.
        raise too_many_tries()
    return slot


def begin_as_client(request: HttpRequest) -> str:
    """Count a try that names no account, such as with a passkey. Raises ValidationError when there were too many."""
    if slot := throttle.claim(CLIENT, throttle.client_ip(request), TRIES_PER_CLIENT, WINDOW):
        return slot
    raise too_many_tries()


def succeeded(scope: str, account: Account, slot: str) -> None:
    throttle.release(scope, account.key, TRIES_PER_ACCOUNT, WINDOW)
    succeeded_as_client(slot)


def succeeded_as_client(slot: str) -> None:
    throttle.give_back(slot)


def failed(request: HttpRequest, scope: str, account: Account, *, at: datetime) -> None:
    """Write down that a counted try failed, and what is locked by it. Tries that are not counted leave no line."""
    person = account.person
    told = {"scope": (None, scope)}
    audit.record(AuditKind.REFUSED, by=None, at=at, target=person, changes=told)
    is_locked = throttle.full_until(scope, account.key, TRIES_PER_ACCOUNT, WINDOW) is not None
    if is_locked and person and _is_new(scope, account.key):
        audit.record(AuditKind.LOCKED, by=None, at=at, target=person, changes=told)
    failed_as_client(request, at=at)


def failed_as_client(request: HttpRequest, *, at: datetime) -> None:
    ip = throttle.client_ip(request)
    if ip and throttle.full_until(CLIENT, ip, TRIES_PER_CLIENT, WINDOW) and _is_new(CLIENT, ip):
        audit.record(AuditKind.LOCKED, by=None, at=at, changes={"scope": (None, CLIENT)})


def key_failed(request: HttpRequest, *, at: datetime) -> None:
    """Count a key of the API that opened nothing, and write it down. Raises ValidationError when there were too many.

    Counted after it was looked at: a key cannot be guessed, and who shows a good one is not kept waiting by others
    behind the same address.
    """
    begin_as_client(request)
    audit.record(AuditKind.REFUSED, by=None, at=at, changes={"scope": (None, KEY)})
    failed_as_client(request, at=at)


def unlock_account(person: User) -> None:
    for scope in (PASSWORD, SECOND_FACTOR):
        throttle.release(scope, account_of(person).key, TRIES_PER_ACCOUNT, WINDOW)
        throttle.release(f"{scope}:told", account_of(person).key, 1, WINDOW)


def unlock_client(ip: str) -> None:
    throttle.release(CLIENT, ip, TRIES_PER_CLIENT, WINDOW)
    throttle.release(f"{CLIENT}:told", ip, 1, WINDOW)


def locked_until(person: User) -> datetime | None:
    """Return until when nobody is let into this account; None if it is not locked."""
    key = account_of(person).key
    found = (throttle.full_until(scope, key, TRIES_PER_ACCOUNT, WINDOW) for scope in (PASSWORD, SECOND_FACTOR))
    return max((until for until in found if until), default=None)


def client_locked_until(ip: str) -> datetime | None:
    return throttle.full_until(CLIENT, ip, TRIES_PER_CLIENT, WINDOW)


def _is_new(scope: str, key: str) -> bool:
    """Say whether this lock is not written down yet: of several who fill the last slots at once, one writes."""
    return bool(throttle.claim(f"{scope}:told", key, 1, WINDOW))
