"""Throttles: how often something may happen, counted by slots in the shared cache.

Of every (scope, key) at most `limit` things happen within `window`. Each takes a slot before it happens and gives it
back if it did not count, such as a sign-in that succeeded. Slots are taken with `cache.add`, which one of
several processes wins, so the limit holds however many come at once.
"""

import hashlib
import time
from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from django.http import HttpRequest


def claim(scope: str, key: str, limit: int, window: timedelta) -> str:
    """Take a slot; return its name, or "" if none is free."""
    seconds = int(window.total_seconds())
    turn = int(time.time() // seconds)
    slots = _slots(scope, key, limit, turn)
    # Slots of the turn before may still be taken; of the turn after, by a process whose clock is a little ahead.
    known = [*slots, *_slots(scope, key, limit, turn - 1), *_slots(scope, key, limit, turn + 1)]
    taken = cache.get_many(known)
    if len(taken) >= limit:
        return ""
    for slot in slots:
        if slot in taken or not cache.add(slot, time.time(), seconds):
            continue
        # When the turn changes, two may take slots of different turns; whoever sees too many gives way.
        if len(cache.get_many(known)) <= limit:
            return slot
        cache.delete(slot)
        return ""
    return ""


def claim_in_turn(scope: str, key: str, limit: int, window: timedelta) -> bool:
    """Take one of this turn's slots, for good; say whether one was free.

    For limits that are large: what is asked does not grow with them. Turns stand by themselves, so around the change
    from one to the next twice as much may happen within a window as within a turn.
    """
    seconds = int(window.total_seconds())
    start = f"{_name(scope, key)}:{int(time.time() // seconds)}"
    # All slots below this one are taken; of two who write it at once the smaller number may stay, which says so, too.
    number = cache.get(f"{start}:next", 0)
    while number < limit:
        number += 1
        if cache.add(f"{start}:{number - 1}", time.time(), 2 * seconds):
            cache.set(f"{start}:next", number, 2 * seconds)
            return True
    return False


def give_back(slot: str) -> None:
    """Free one slot: what it was taken for did not count."""
    cache.delete(slot)


def release(scope: str, key: str, limit: int, window: timedelta) -> None:
    """Free every slot of this key."""
    turn = int(time.time() // int(window.total_seconds()))
    cache.delete_many([*_slots(scope, key, limit, turn), *_slots(scope, key, limit, turn - 1)])


def full_until(scope: str, key: str, limit: int, window: timedelta) -> datetime | None:
    """Return when the next slot of this key is free; None while there is one."""
    seconds = int(window.total_seconds())
    turn = int(time.time() // seconds)
    known = [slot for near in (turn - 1, turn, turn + 1) for slot in _slots(scope, key, limit, near)]
    taken = sorted(cache.get_many(known).values())
    if len(taken) < limit:
        return None
    return datetime.fromtimestamp(taken[len(taken) - limit] + seconds, UTC)


def allow(request: HttpRequest, scope: str, limit: int, window: timedelta, key: str | None = None) -> bool:
    """Count one more request of this client, or of `key`; say whether it is still within the limit."""
    return bool(claim(scope, client_ip(request) if key is None else key, limit, window))


def client_ip(request: HttpRequest) -> str:
    """Return the address of who asks, as far as we believe it (core.middleware)."""
    return str(getattr(request, "client_ip", "") or request.META.get("REMOTE_ADDR", ""))


def _slots(scope: str, key: str, limit: int, turn: int) -> list[str]:
    """Return the names of a turn's slots.

    A name is used in one turn only: a cache may give an expired name to two who ask for it at once.
    """
    name = _name(scope, key)
    return [f"{name}:{turn}:{number}" for number in range(limit)]


def _name(scope: str, key: str) -> str:
    # Hashed: an e-mail address is no safe cache key, and nobody's business in there.
    return f"throttle:{scope}:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:32]}"
