"""Addresses that mail comes back from: nobody is there, or the mailbox is full.

Where nobody is, nothing more is sent until somebody says that it is right again: an agent, or its owner, who shows
that they read or write mail there. A full mailbox is left alone for a while, longer each time.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.models import Address, AuditKind, User

RESTS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3))
# Two machines' clocks, and a deed's beginning and its end, lie no further apart.
APART = timedelta(minutes=1)
# After so long without another, it is the first again.
FORGOTTEN_AFTER = timedelta(days=14)
UNMARKED = {"bouncing_at": None, "bounce_said": "", "resting_until": None, "soft_bounces": 0}


def mark(address_id: int, said: str, *, at: datetime) -> None:
    """Note that nobody is at this address; since when stays as it was first noted."""
    Address.objects.filter(pk=address_id, bouncing_at=None).update(bouncing_at=at, bounce_said=said[:300])


def rest(address_id: int, said: str, *, at: datetime) -> None:
    """Leave the address alone for a while. One that rests already does not rest longer by what was sent before."""
    address = Address.objects.filter(pk=address_id).first()
    if address is None or is_resting(address, at):
        return
    is_again = address.resting_until is not None and at < address.resting_until + FORGOTTEN_AFTER
    times = address.soft_bounces if is_again else 0
    until = at + RESTS[min(times, len(RESTS) - 1)]
    # Of two that come back at once, one counts.
    awake = Address.objects.filter(pk=address_id, resting_until=address.resting_until)
    awake.update(resting_until=until, soft_bounces=min(times + 1, len(RESTS)), bounce_said=said[:300])


def is_resting(address: Address, at: datetime) -> bool:
    return rests_until(address.resting_until, address.soft_bounces, at) is not None


def rests_until(until: datetime | None, times: int, at: datetime) -> datetime | None:
    """Return until when an address is left alone that was full so many `times` in a row; None if mail goes there now.

    A rest that would begin later than now began before the machine's clock was set back, and is over.
    """
    return until if until is not None and at < until <= at + longest_rest(times) + APART else None


def longest_rest(times: int) -> timedelta:
    """Return how long an address rests after so many in a row; forgotten since, it may be the longest of all."""
    return RESTS[times - 1]


def proved(address: Address) -> None:
    """Trust the address again: its owner has just shown that mail reaches them, or came from them."""
    if address.bouncing_at is not None or address.resting_until is not None:
        Address.objects.filter(pk=address.pk).update(**UNMARKED)
        for name, value in UNMARKED.items():
            setattr(address, name, value)


def arrived(address_id: int, *, handed_over_at: datetime) -> None:
    """Trust the address again: a service says that a mail of ours, handed over after it bounced, was delivered."""
    marked = Address.objects.filter(Q(bouncing_at__lt=handed_over_at) | Q(bouncing_at=None), pk=address_id)
    marked.exclude(bouncing_at=None, resting_until=None, soft_bounces=0).update(**UNMARKED)


@transaction.atomic
def clear(address: Address, *, by: User, at: datetime) -> bool:
    """Let mail go to the address again, since `by` says that it is right; say whether it was marked at all."""
    marked = Address.objects.filter(pk=address.pk).exclude(bouncing_at=None, resting_until=None)
    if not marked.update(**UNMARKED):
        return False
    changes = {"bouncing": ("bouncing" if address.bounces else "resting", None)}
    audit.record(AuditKind.CHANGED, by=by, at=at, target=address, changes=changes)
    return True
