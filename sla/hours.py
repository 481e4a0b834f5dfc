"""Working time: pure arithmetic, no Django.

Until there are calendars every hour of every day is working time; callers ask these functions and
nothing else, so that calendars and pauses come in behind them.
"""

from datetime import datetime, timedelta


def add_working_time(start: datetime, span: timedelta) -> datetime:
    """Return the earliest instant at which `span` of working time since `start` is used up.

    `start` is aware; `span` is not negative.
    """
    if span < timedelta(0):
        raise ValueError("a span of working time cannot be negative")
    return start + span


def working_time(start: datetime, end: datetime) -> timedelta:
    """Return the working time between two aware instants; nothing if `end` comes first."""
    return max(end - start, timedelta(0))
