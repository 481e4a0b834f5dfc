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
# After so long without another, it is the first again.
FORGOTTEN_AFTER = timedelta(days=14)
UNMARKED = {"bouncing_at": None, "bounce_said": "", "resting_until": None, "soft_bounces": 0}


def mark(address_id: int, said: str, *, at: datetime) -> None:
    """Note that nobody is at this address; since when stays as it was first noted."""
    Address.objects.filter(pk=address_id, bouncing_at=None).update(bouncing_at=at, bounce_said=said[:300])


def rest(address_id: int, said: str, *, at: datetime) -> None:
    """Leave the address alone for a while. One that rests already does not rest longer by what was sent before."""
    awake = Address.objects.filter(Q(resting_until=None) | Q(resting_until__lte=at), pk=address_id)
    address = awake.first()
    if address is None:
        return
    is_again = address.resting_until is not None and at < address.resting_until + FORGOTTEN_AFTER
    times = address.soft_bounces if is_again else 0
    until = at + RESTS[min(times, len(RESTS) - 1)]
    awake.update(resting_until=until, soft_bounces=min(times + 1, len(RESTS)), bounce_said=said[:300])


def is_resting(address: Address, at: datetime) -> bool:
    return address.resting_until is not None and at < address.resting_until


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
