"""Keys: how one is made, and whether what a request shows lets it in."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts import tries
from api import refusals
from api.models import ApiKey
from api.refusals import Refused
from core import throttle

# A monitoring system that sees a whole site go away reports a hundred things at once.
MOST_OF_KEY, MOST_OF_CLIENT, WINDOW = 100, 200, timedelta(seconds=20)
# `last_used_at` tells days apart, not requests.
USED_EVERY = timedelta(minutes=1)
LONGEST = 128


def make() -> str:
    """Return a fresh key, looking like those that osTicket makes: 32 hexadecimal digits."""
    return secrets.token_hex(16).upper()


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def set_key(row: ApiKey, key: str) -> None:
    row.digest, row.ending = digest_of(key), key[-4:]


def find(key: str) -> ApiKey | None:
    """Return the row of a key, whether it is active or not."""
    if not key or len(key) > LONGEST:
        return None
    digest = digest_of(key)
    row = ApiKey.objects.filter(digest=digest).first()
    return row if row is not None and constant_time_compare(row.digest, digest) else None


def authorise(request: HttpRequest, *, at: datetime) -> ApiKey:
    """Return the key that the request shows in X-API-Key. Raises Refused.

    A key that opens nothing counts like a failed sign-in of this client, and stands in the audit log.
    """
    ip = throttle.client_ip(request)
    if not throttle.claim_in_turn("api:client", ip, MOST_OF_CLIENT, WINDOW):
        raise _too_many(WINDOW)
    shown = request.headers.get("X-API-Key", "").strip()
    if not shown:
        raise Refused(401, refusals.NO_KEY)
    key = find(shown)
    if key is None or not key.lets_in(ip):
        try:
            tries.key_failed(request, at=at)
        except ValidationError:
            raise _too_many(tries.WINDOW) from None
        raise Refused(401, refusals.NO_KEY if key is None else refusals.KEY_NOT_FOR_YOU)
    if not throttle.claim_in_turn("api:key", str(key.pk), MOST_OF_KEY, WINDOW):
        raise _too_many(WINDOW)
    _note_use(key, at)
    return key


def _note_use(key: ApiKey, at: datetime) -> None:
    if key.last_used_at is not None and key.last_used_at > at - USED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=at - USED_EVERY)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=at)


def _too_many(window: timedelta) -> Refused:
    return Refused(429, refusals.TOO_MANY, headers={"Retry-After": str(int(window.total_seconds()))})
