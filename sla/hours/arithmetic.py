"""What callers ask. Moments come in any zone, and are returned in UTC, to the microsecond."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sla.hours.calendar import ALWAYS, Calendar, NeverUsedUp
from sla.hours.instants import END, instant, microseconds, moment

# From when to when a clock ran; the last one, which still runs, has no end.
Run = tuple[datetime, datetime | None]


def add_working_time(start: datetime, span: timedelta, calendar: Calendar = ALWAYS) -> datetime:
    """Return the earliest instant at which `span` of working time since `start` is used up.

    That is a closing time, never the next opening; nothing is used up at `start` itself. `start` is aware. Raises
    NeverUsedUp if the calendar has not so much working time left, ValueError for a span below zero.
    """
    if span < timedelta(0):
        raise ValueError("a span of working time cannot be negative")
    if not span:
        return start.astimezone(UTC)
    at = calendar.weeks.after(instant(start), microseconds(span))
    if at is None or at >= END:
        raise NeverUsedUp(f"{span} of working time is never used up")
    return moment(at)


def used_up(runs: Sequence[Run], span: timedelta, calendar: Calendar = ALWAYS) -> datetime | None:
    """Return when a clock that ran like this has used up `span` of working time; None while nothing runs.

    `runs` come in order and apart. Raises NeverUsedUp.
    """
    for start, end in runs:
        at = add_working_time(start, span, calendar)
        if end is None or at <= end:
            return at
        span -= working_time(start, end, calendar)
    return None


def working_time(start: datetime, end: datetime, calendar: Calendar = ALWAYS) -> timedelta:
    """Return the working time between two aware instants; nothing if `end` comes first."""
    first, last = instant(start), instant(end)
    if last <= first:
        return timedelta(0)
    return timedelta(microseconds=calendar.weeks.between(first, last))


def next_opening(at: datetime, calendar: Calendar = ALWAYS) -> datetime | None:
    """Return the earliest instant from `at` on at which it is open, so `at` itself if it is; None for never."""
    opens, _closes = next(calendar.weeks.open_from(instant(at)), (END, END))
    return moment(opens) if opens < END else None


def is_open(at: datetime, calendar: Calendar = ALWAYS) -> bool:
    """Say whether it is open at this instant; at a closing time it is not."""
    now = instant(at)
    return next(calendar.weeks.open_from(now), (END, END))[0] == now


def segments(start: datetime, end: datetime, calendar: Calendar = ALWAYS) -> Iterator[tuple[datetime, datetime]]:
    """Yield when it is open between two instants, in order; what touches is one."""
    last = instant(end)
    pending: tuple[int, int] | None = None
    for opens, closes in calendar.weeks.open_from(instant(start)):
        if opens >= last:
            break
        closes = min(closes, last)
        if pending and pending[1] == opens:
            pending = (pending[0], closes)
            continue
        if pending:
            yield moment(pending[0]), moment(pending[1])
        pending = (opens, closes)
    if pending:
        yield moment(pending[0]), moment(pending[1])
