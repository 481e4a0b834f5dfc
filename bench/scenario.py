"""What a scenario is: a file of bench/scenarios with a SCENARIO in it, of cases and of what is promised about them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """`act` is measured, with what `prepare` returned just before; both run once per measurement.

    Where it does so many things at once, `each` says how many; the figures are of one of them.
    """

    name: str
    act: Callable[[Any], None]
    prepare: Callable[[], Any] = lambda: None
    each: int = 1


@dataclass(frozen=True)
class Target:
    """A promise about a case's median: CPU milliseconds, or a ratio.

    `over` names another case in the same database; without it, and without `most_ms`, the ratio is over the same case
    in the smallest database of the run. With `of_wall` the ratio is one of how long they took, not of CPU.
    """

    case: str
    most_ms: float | None = None
    most_times: float | None = None
    over: str = ""
    of_wall: bool = False


@dataclass(frozen=True)
class Scenario:
    """`cases` is called once per process, in a help desk that script/bench load filled."""

    about: str
    cases: Callable[[], Sequence[Case]]
    targets: Sequence[Target] = ()
