"""Quiet hours: when an agent wants no mails about tickets, by weekday and in their own zone. Knows no database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)
# Times that follow each other without a gap are one; a week of them is never over and is cut.
MOST_STEPS = 14

# Weekday, 0 for Monday, → from and until, as "22:00"; until what is not later it goes over midnight.
Hours = Mapping[str, Sequence[str]]


def quiet_until(hours: Hours, zone: tzinfo, at: datetime) -> datetime | None:
    """Return when the quiet time is over in which `at` lies, or None if it lies in none."""
    until: datetime | None = None
    for _step in range(MOST_STEPS):
        end = _end(hours, zone, until or at)
        if end is None:
            break
        until = end
    return until


def _end(hours: Hours, zone: tzinfo, at: datetime) -> datetime | None:
    today = at.astimezone(zone).date()
    spans = (_span(hours, zone, day) for day in (today - DAY, today))
    return max((end for begin, end in filter(None, spans) if begin <= at < end), default=None)


def _span(hours: Hours, zone: tzinfo, day: date) -> tuple[datetime, datetime] | None:
    """Return the quiet time that begins on this day."""
    pair = hours.get(str(day.weekday()))
    if not pair:
        return None
    begin, end = (time.fromisoformat(text) for text in pair)
    # Each edge by itself: in the night in which clocks change it is an hour longer or shorter than it says.
    return _moment(day, begin, zone), _moment(day if end > begin else day + DAY, end, zone)


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
