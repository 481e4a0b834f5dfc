"""Leases: who may act alone for the next seconds, such as the one active relay."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from core.models import Lease

# The clocks of machines that share a database differ by less.
SKEW = timedelta(minutes=10)


def take(name: str, *, holder: str, at: datetime, lasts: timedelta) -> bool:
    """Take the lease, or renew it; say whether `holder` has it now. Only an expired one changes hands.

    One that ends far beyond what anybody takes was taken before the machine's clock was set back: it is expired, too.
    """
    free = Q(holder=holder) | Q(expires_at__lte=at) | Q(expires_at__gt=at + lasts + SKEW)
    if Lease.objects.filter(free, name=name).update(holder=holder, expires_at=at + lasts):
        return True
    if Lease.objects.filter(name=name).exists():
        return False
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, expires_at=at + lasts)
    except IntegrityError:
        return False
    return True


def give_back(name: str, *, holder: str) -> None:
    """Let the next one have it at once."""
    Lease.objects.filter(name=name, holder=holder).delete()


def clear(name: str) -> None:
    """Take it from whoever has it: only for those who know that nobody is left."""
    Lease.objects.filter(name=name).delete()
