"""What the floors above keep about people and tickets, and how they let go of it.

helpdesk hands over its table at start (helpdesk/keepers.py); this floor knows none by name.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Address, User


@dataclass(frozen=True, slots=True)
class Keeper:
    """One floor that keeps something. Its functions are called in the deed's transaction, and may be called twice."""

    # The address is about to be deleted.
    address_gone: Callable[[Address], None]
    # No trace of the person may stay.
    anonymise: Callable[[User, datetime], None]
    # The tickets with these keys are about to be deleted.
    tickets_gone: Callable[[Collection[int]], None]
    # The person is about to be deleted; their tickets are gone.
    person_gone: Callable[[User], None]


_keepers: tuple[Keeper, ...] = ()


def install(table: Sequence[Keeper]) -> None:
    """Replace the table. Called once, when the apps are ready."""
    global _keepers
    _keepers = tuple(table)


def keepers() -> Sequence[Keeper]:
    return _keepers
