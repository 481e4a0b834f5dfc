"""Instants as whole microseconds since year 1 (UTC), and what the clocks of a zone show at them.

Integers, because two datetimes of one zone compare and subtract as their clocks show them, not as time passes.
A wall-clock time is counted like an instant, as if its clock showed UTC.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
WEEK = 7 * DAY

_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
# After the last instant that a datetime can be.
END = datetime.max.toordinal() * DAY
# Zones are asked as long as their local time is a datetime, too; before and after, their clocks stay as they are.
_FIRST, _LAST = 2 * DAY, END - 3 * DAY
# Clock changes are looked for in stretches of this length, each overlapping the next one, so that from every
# instant of a stretch a whole week is seen.
_STRETCH = 27 * WEEK
_OVERLAP = 16 * DAY
# Before there were railways nobody changed the clocks; the first change that zones know of is of 1835.
_FIRST_CHANGE = date(1830, 1, 1).toordinal() * DAY
# Years, and so the rules of a zone, come again after 400 of them. By 2400 there is nothing but rules.
AGAIN = 146_097 * DAY
RULES = date(2400, 1, 1).toordinal() * DAY
# How often clocks are looked at: since 1990 no zone has changed them twice within six days.
_LOOK = 3 * DAY


def instant(moment: datetime) -> int:
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a moment without a time zone is no instant")
    return microseconds(moment.replace(tzinfo=None) - datetime.min) - microseconds(offset)


def microseconds(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * SECOND + span.microseconds


def moment(at: int) -> datetime:
    """Return the instant as a datetime in UTC. Raises OverflowError where there is none."""
    return _EPOCH + timedelta(microseconds=at)


def steady(zone: ZoneInfo, at: int) -> tuple[int, int]:
    """Return how far the zone's clocks are ahead of UTC, and until when at least they stay so.

    They stay so for more than two weeks, or else they change just then.
    """
    later = max(0, (at - RULES) // AGAIN) * AGAIN
    begins, offsets = _changes(zone, (at - later) // _STRETCH)
    i = bisect_right(begins, at - later)
    return offsets[i - 1], begins[i] + later


def shown_at(zone: ZoneInfo, wall: int) -> int:
    """Return the first instant at which the zone's clocks show `wall` or later."""
    # No clock is a day ahead.
    at = wall - DAY
    while True:
        offset, until = steady(zone, at)
        at = max(at, wall - offset)
        if at < until:
            return at
        at = until


@lru_cache(maxsize=4096)
def _changes(zone: ZoneInfo, stretch: int) -> tuple[list[int], list[int]]:
    """Return from when on the clocks are how far ahead, and after the last beginning where the stretch ends."""
    begin = stretch * _STRETCH
    end = begin + _STRETCH + _OVERLAP
    if end < _FIRST_CHANGE:
        return [begin, end], [_offset(zone, begin)]
    begins, offsets = [begin], [_offset(zone, begin)]
    for at in range(begin + _LOOK, end + _LOOK, _LOOK):
        offset = _offset(zone, at)
        if offset != offsets[-1]:
            begins.append(_changed(zone, offsets[-1], at - _LOOK, at))
            offsets.append(offset)
    return [*begins, at], offsets


def _changed(zone: ZoneInfo, offset: int, before: int, after: int) -> int:
    """Return the second from which on the clocks differ from `offset`, between an instant before and one after."""
    while after - before > SECOND:
        between = before + (after - before) // (2 * SECOND) * SECOND
        if _offset(zone, between) == offset:
            before = between
        else:
            after = between
    return after


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = moment(min(max(at, _FIRST), _LAST)).astimezone(zone).utcoffset()
    assert offset is not None
    return microseconds(offset)
