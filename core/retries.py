"""When what failed is tried again: ever later, and no longer after two days. Then it is left to people."""

from datetime import datetime, timedelta

AFTER = timedelta(minutes=1)
# Every try waits twice as long as the one before, up to this.
LONGEST = timedelta(hours=6)
ENDS_AFTER = timedelta(days=2)
# So often it is doubled until it is the longest; people may have it tried any number of times.
_MOST_DOUBLINGS = 9


def next_try(at: datetime, *, failures: int, since: datetime) -> datetime | None:
    """Return when to try again what failed at `at`, and `failures` times before, the first time at `since`.

    None if that is to be tried no more.
    """
    again = at + wait_after(failures + 1)
    return again if again <= since + ENDS_AFTER else None


def wait_after(failures: int) -> timedelta:
    """Return how long what failed so often waits until it is tried again."""
    times: int = 2 ** min(failures - 1, _MOST_DOUBLINGS)
    return min(AFTER * times, LONGEST)
