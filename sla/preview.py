"""The coming weeks of a calendar, day by day, as text and as a picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sla.hours import Calendar, is_open, next_opening, segments

DAYS = 28
DAY_MINUTES = 24 * 60
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Bar:
    """From which minute of the day on, for how many."""

    begin: int
    length: int


@dataclass(frozen=True)
class PreviewDay:
    """`times` are what clocks there show; `hours` is how long it is open, which a clock change makes more or less."""

    day: date
    times: list[tuple[str, str]]
    bars: list[Bar]
    open_time: timedelta
    note: str


def coming_days(calendar: Calendar, at: datetime, notes: dict[date, str]) -> Iterator[PreviewDay]:
    """Yield the coming four weeks, today first, by the dates of the calendar's zone."""
    today = at.astimezone(calendar.zone).date()
    for day in (today + n * DAY for n in range(DAYS)):
        begin, end = (datetime(d.year, d.month, d.day, tzinfo=calendar.zone) for d in (day, day + DAY))
        times, bars, open_time = [], [], timedelta(0)
        for opens, closes in segments(begin, end, calendar):
            open_time += closes - opens
            shown = opens.astimezone(calendar.zone), closes.astimezone(calendar.zone)
            edges = [DAY_MINUTES if one.date() > day else one.hour * 60 + one.minute for one in shown]
            times.append((_clock(edges[0]), _clock(edges[1])))
            bars.append(Bar(edges[0], max(edges[1] - edges[0], 1)))
        yield PreviewDay(day, times, bars, open_time, notes.get(day, ""))


def standing(calendar: Calendar, at: datetime) -> tuple[bool, datetime | None]:
    """Say whether it is open, and when that changes next, in the calendar's zone; None for not within four weeks."""
    if is_open(at, calendar):
        _opens, until = next(segments(at, at + DAYS * DAY, calendar))
        return True, until.astimezone(calendar.zone) if until < at + DAYS * DAY else None
    opening = next_opening(at, calendar)
    return False, opening.astimezone(calendar.zone) if opening else None


def _clock(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours:02}:{rest:02}"
