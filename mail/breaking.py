"""The breaker of automatic answers: opened by the outbox when there are too many to all, closed by time or by hand.

While it is open they are written and not sent, with that as the reason. Whoever runs a help desk against its will, to
mail others with it, is slowed down by this, and administrators hear of it once.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from core.prepared import Prepared, Question
from mail.models import Breaker

OPEN_FOR = timedelta(hours=1)

_OPEN = Prepared(lambda at: Breaker.objects.open_at(at).values_list("pk", flat=True))


def is_open(at: datetime) -> bool:
    return bool(_OPEN.all(at=at))


def question(at: datetime) -> Question:
    """Return what `is_open` asks."""
    return _OPEN, {"at": at}


def open_it(at: datetime) -> None:
    """Hold automatic answers back from now on. Of two who find that there are too many one opens it."""
    closed = Q(closes_at__lte=at) | Q(opened_at__gt=at)
    Breaker.objects.filter(closed).update(opened_at=at, closes_at=at + OPEN_FOR, told_at=None)
    Breaker.objects.bulk_create(
        [Breaker(pk=1, opened_at=at, closes_at=at + OPEN_FOR)],
        ignore_conflicts=True,
    )


def close(at: datetime) -> bool:
    """Let automatic answers out again; say whether they were held back. What was not sent stays so."""
    return bool(Breaker.objects.open_at(at).update(closes_at=at))


def bring_back(at: datetime) -> None:
    """Close a breaker that was opened in what is the future now, the machine's clock having been set back.

    Else it would open by itself when that time comes again. Where there are too many answers still, it opens anew.
    """
    Breaker.objects.filter(opened_at__gt=at).update(opened_at=at, closes_at=at)


@transaction.atomic
def take_untold(at: datetime) -> Breaker | None:
    """Return the breaker if it is open and administrators do not know; they are taken to know from then on."""
    untold = Breaker.objects.open_at(at).filter(told_at=None)
    return Breaker.objects.get(pk=1) if untold.update(told_at=at) else None
