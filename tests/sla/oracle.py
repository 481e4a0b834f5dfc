"""A slow judge of working time: looks at the clock once a minute and counts. Shares no code with sla.

It reads the calendar as the file has it (docs/administrator.md), and of zones it asks one thing: what a clock
there shows at some minute of UTC.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# Whatever opened longer ago is closed again, also where a day is skipped.
EARLIER = 4 * DAY


class Minutes:
    """Which minutes from `begin` on are open, for `days`. `begin` is a whole minute in UTC."""

    def __init__(self, calendar: dict, begin: datetime, days: int) -> None:
        shown = clocks(calendar["zone"], begin - EARLIER, (days + 5) * 24 * 60)
        edges = edges_of(calendar, shown[0].date() + DAY, shown[-1].date())
        reached = first_showing(shown, sorted({edge for pair in edges for edge in pair}))
        is_open = bytearray(len(shown))
        for opens, closes in edges:
            for minute in range(reached[opens], reached[closes]):
                is_open[minute] = 1
        self.begin = begin
        self.is_open = is_open[EARLIER // MINUTE :][: days * 24 * 60]

    def due(self, start: datetime, span: timedelta) -> datetime | None:
        """Return when `span` is used up; None if that is later than it looks."""
        while span:
            if self._number(start) >= len(self.is_open):
                return None
            following = self._minute_after(start)
            if self.open_at(start):
                used = min(span, following - start)
                span -= used
                if not span:
                    return start + used
            start = following
        return start

    def opening(self, start: datetime) -> datetime | None:
        while self._number(start) < len(self.is_open):
            if self.open_at(start):
                return start
            start = self._minute_after(start)
        return None

    def segments(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return when it is open, minute by minute, of the first and the last one only what lies within."""
        found: list[tuple[datetime, datetime]] = []
        while start < end:
            following = min(self._minute_after(start), end)
            if self.open_at(start):
                if found and found[-1][1] == start:
                    found[-1] = (found[-1][0], following)
                else:
                    found.append((start, following))
            start = following
        return found

    def open_at(self, moment: datetime) -> bool:
        return bool(self.is_open[self._number(moment)])

    def _number(self, moment: datetime) -> int:
        return (moment - self.begin) // MINUTE

    def _minute_after(self, moment: datetime) -> datetime:
        return self.begin + (self._number(moment) + 1) * MINUTE


def edges_of(calendar: dict, first: date, last: date) -> list[tuple[datetime, datetime]]:
    """Return what the clocks show when each window of these days opens and closes."""
    holidays, exceptions = set(calendar.get("holidays", [])), calendar.get("exceptions", {})
    found = []
    day = first
    while day <= last:
        windows = calendar.get("weekly", {}).get(WEEKDAYS[day.weekday()], [])
        if str(day) in holidays:
            windows = []
        windows = exceptions.get(str(day), windows)
        midnight = datetime(day.year, day.month, day.day)
        for opens, closes in windows:
            edge, other = midnight + since_midnight(opens), midnight + since_midnight(closes)
            found.append((edge, other if other > edge else other + DAY))
        day += DAY
    return found


def since_midnight(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def clocks(zone: str, first: datetime, minutes: int) -> list[datetime]:
    """Return what a clock there shows, minute by minute."""
    there = ZoneInfo(zone)
    return [(first + i * MINUTE).astimezone(there).replace(tzinfo=None) for i in range(minutes)]


def first_showing(shown: list[datetime], times: list[datetime]) -> dict[datetime, int]:
    """Return for each of the times, which are in order, the first minute that shows it or later."""
    found = {}
    minute = 0
    for time in times:
        while minute < len(shown) and shown[minute] < time:
            minute += 1
        found[time] = minute
    return found


@cache
def changes(zone: str, year: int) -> list[datetime]:
    """Return the minutes of the year at which the clocks there jump."""
    there = ZoneInfo(zone)
    noon = datetime(year, 1, 1, 12, tzinfo=UTC)
    found = []
    for day in (noon + i * DAY for i in range(365)):
        if offset(there, day) != offset(there, day + DAY):
            minutes = (day + i * MINUTE for i in range(24 * 60))
            found += [at + MINUTE for at in minutes if offset(there, at) != offset(there, at + MINUTE)]
    return found


def offset(there: ZoneInfo, at: datetime) -> timedelta:
    """Return how far the clock there is ahead of one in UTC."""
    return at.astimezone(there).replace(tzinfo=None) - at.replace(tzinfo=None)
