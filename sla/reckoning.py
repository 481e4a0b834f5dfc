"""Asking for open clocks to be reckoned anew after a change of what they are reckoned by.

Tickets stand above: which of them a change concerns, how many that are, and the work itself are theirs
(tickets.reckoning). They hand down what counts them.
"""

from datetime import datetime, timedelta
from typing import Protocol

from accounts.models import User
from sla.models import Reckoning, Scope

# Whoever opened a ticket while the change was saved may have read what held before, and nobody else sees that ticket
# until they are done. So the work begins a little later.
SETTLES = timedelta(seconds=5)

# Counting ends here: who is told "more than ten thousand" knows enough.
MOST_COUNTED = 10_000


class Counter(Protocol):
    def __call__(self, scope: Scope, number: int, most: int) -> int: ...


_counters: list[Counter] = []


def hand_over(counter: Counter) -> None:
    """Name the function that counts the open tickets which a change concerns. Called once, when the apps are ready."""
    _counters[:] = [counter]


def ask(scope: Scope, number: int = 0, *, at: datetime, by: User | None = None) -> None:
    """Have the open clocks reckoned anew that this concerns, in the transaction of the change itself.

    What an earlier change began of the same thing begins anew; its worker loses the claim.
    """
    anew = {"asked_by": by, "asked_at": at, "due_at": at + SETTLES, "claim": None, "finished_at": None}
    Reckoning.objects.update_or_create(
        scope=scope, number=number, defaults=anew | {"after": 0, "looked_at": 0, "moved": 0, "failed": 0}
    )


def concerned(scope: Scope, number: int = 0) -> int:
    """Return how many open tickets a change concerns; MOST_COUNTED + 1 stands for more."""
    return sum(counter(scope, number, MOST_COUNTED + 1) for counter in _counters)


def last(scope: Scope, number: int = 0) -> Reckoning | None:
    return Reckoning.objects.filter(scope=scope, number=number).first()
