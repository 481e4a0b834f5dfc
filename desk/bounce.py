"""What is wrong with somebody's address, as pages tell it (desk/_bounce.html)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bounce:
    """Mail to it comes back `since`, or waits `until`; `clear_url` is where somebody says that it is right, or ""."""

    since: datetime | None
    until: datetime | None
    said: str
    clear_url: str


def bounce_of(since: datetime | None, until: datetime | None, said: str, clear_url: str) -> Bounce | None:
    """Return what is wrong with an address that rests `until` then, if it does; None if nothing is."""
    return None if since is None and until is None else Bounce(since, until, said, clear_url)
