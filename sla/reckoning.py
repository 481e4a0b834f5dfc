"""Asking for open clocks to be reckoned anew after a change of what they are reckoned by.

Tickets stand above: which of them a change concerns, how many that are, which of them move, and the work itself are
theirs (tickets.reckoning). They hand down what counts them, and what foresees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from accounts.models import User
from sla.models import Reckoning, Scope

# Whoever opened a ticket while the change was saved may have read what held before, and nobody else sees that ticket
# until they are done. So the work begins a little later.
SETTLES = timedelta(seconds=5)

# Counting ends here: who is told "more than ten thousand" knows enough.
MOST_COUNTED = 10_000


# Of so many tickets it is reckoned beforehand whether they move; of more only how many of these at least.
MOST_FORESEEN = 1_000

# A thing that changed: its scope, and its key.
Thing = tuple[Scope, int]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How many open tickets get another due time, of so many that were reckoned, of so many that a change concerns.

    `concerned` is counted to MOST_COUNTED + 1, which stands for more.
    """

    moved: int
    looked_at: int
    concerned: int

    @property
    def is_all(self) -> bool:
        return self.looked_at >= self.concerned


class Counter(Protocol):
    def __call__(self, scope: Scope, number: int, most: int) -> int: ...


class Foresight(Protocol):
    def __call__(self, things: Sequence[Thing], at: datetime, *, most: int, most_counted: int) -> Foreseen: ...


_counters: list[Counter] = []
_foresights: list[Foresight] = []


def hand_over(counter: Counter, foresight: Foresight) -> None:
    """Name what counts the open tickets which a change concerns, and what foresees which of them move.

    Called once, when the apps are ready.
    """
    _counters[:], _foresights[:] = [counter], [foresight]


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


def foresee(things: Sequence[Thing], *, at: datetime) -> Foreseen:
    """Return how many open tickets move now that these have changed.

    Called in the transaction of the change, before it is taken back.
    """
    for foresight in _foresights:
        return foresight(things, at, most=MOST_FORESEEN, most_counted=MOST_COUNTED + 1)
    return Foreseen(0, 0, 0)


def last(scope: Scope, number: int = 0) -> Reckoning | None:
    return Reckoning.objects.filter(scope=scope, number=number).first()
