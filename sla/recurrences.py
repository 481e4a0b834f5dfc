"""Recurrences by dates (RFC 5545 section 3.3.10), walked day by day between two dates: nothing here is endless.

python-dateutil, which the tests hold this against, looks for a date that never comes until the year 9999.
"""

import re
from calendar import isleap, monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
KNOWN = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "WKST"})
LONGEST_RULE = 1000
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_DAY = timedelta(days=1)


class NotUnderstood(ValueError):
    """The message is the part of the rule."""


class TooLong(ValueError):
    """The budget is used up."""


class Budget:
    """How many days may still be looked at."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def spend(self, steps: int = 1) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise TooLong


@dataclass(frozen=True, slots=True)
class Recurrence:
    start: date
    freq: str
    interval: int = 1
    count: int | None = None
    until: date | None = None
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    # (which of its month or year, from the end if below zero, 0 for every one; weekday)
    week_days: frozenset[tuple[int, int]] = frozenset()
    week_start: int = 0

    @classmethod
    def read(cls, text: str, start: date, read_date: Callable[[str], date]) -> "Recurrence":
        """Return what a rule such as FREQ=YEARLY;BYMONTH=11;BYDAY=4TH says. Raises NotUnderstood."""
        if len(text) > LONGEST_RULE:
            raise NotUnderstood(f"{text[:59]}…")
        parts: dict[str, str] = {}
        for part in filter(None, text.strip().upper().split(";")):
            name, _equals, value = part.partition("=")
            if name not in KNOWN or not value or name in parts:
                raise NotUnderstood(part[:60])
            parts[name] = value
        freq = parts.get("FREQ", "")
        if freq not in {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}:
            raise NotUnderstood(f"FREQ={freq}"[:60])
        found = cls(
            start,
            freq,
            interval=_number(parts, "INTERVAL", 1, 1, 1000),
            count=_number(parts, "COUNT", 0, 1, 100_000) or None,
            until=read_date(parts["UNTIL"]) if "UNTIL" in parts else None,
            months=_numbers(parts, "BYMONTH", 1, 12),
            month_days=_numbers(parts, "BYMONTHDAY", -31, 31),
            week_days=_week_days(parts),
            week_start=_week_start(parts),
        )
        if (freq == "WEEKLY" and found.month_days) or (
            freq in {"DAILY", "WEEKLY"} and any(nth for nth, _day in found.week_days)
        ):
            raise NotUnderstood(text.strip()[:60])
        return found

    def between(self, since: date, until: date, budget: Budget) -> Iterator[date]:
        """Yield its dates from `since` to `until`, both included. Raises TooLong."""
        last = min(until, self.until) if self.until else until
        # What is counted is counted from the start.
        day = self.start if self.count else max(self.start, since)
        number = 0
        while day <= last:
            budget.spend()
            if self.matches(day):
                number += 1
                if self.count and number > self.count:
                    return
                if day >= since:
                    yield day
            day += _DAY

    def matches(self, day: date) -> bool:
        if self.months and day.month not in self.months:
            return False
        return {"DAILY": self._daily, "WEEKLY": self._weekly, "MONTHLY": self._monthly, "YEARLY": self._yearly}[
            self.freq
        ](day)

    def _daily(self, day: date) -> bool:
        return (day - self.start).days % self.interval == 0 and self._on_month_day(day) and self._on_week_day(day)

    def _weekly(self, day: date) -> bool:
        weeks = (self._monday(day) - self._monday(self.start)) // 7
        if weeks % self.interval:
            return False
        return self._on_week_day(day) if self.week_days else day.weekday() == self.start.weekday()

    def _monthly(self, day: date) -> bool:
        if ((day.year - self.start.year) * 12 + day.month - self.start.month) % self.interval:
            return False
        if not self.month_days and not self.week_days:
            return day.day == self.start.day
        return self._on_month_day(day) and self._on_week_day(day, day.day, monthrange(day.year, day.month)[1])

    def _yearly(self, day: date) -> bool:
        if (day.year - self.start.year) % self.interval:
            return False
        if not self.month_days and not self.week_days:
            return day.day == self.start.day and bool(self.months or day.month == self.start.month)
        if self.months:
            number, length = day.day, monthrange(day.year, day.month)[1]
        else:
            number, length = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
        return self._on_month_day(day) and self._on_week_day(day, number, length)

    def _on_month_day(self, day: date) -> bool:
        if not self.month_days:
            return True
        return bool({day.day, day.day - monthrange(day.year, day.month)[1] - 1} & self.month_days)

    def _on_week_day(self, day: date, number: int = 0, length: int = 0) -> bool:
        """Say whether it is one of the weekdays; `number` is its number among `length` days."""
        if not self.week_days:
            return True
        nths = {0, (number - 1) // 7 + 1, -((length - number) // 7 + 1)} if length else {0}
        return any((nth, day.weekday()) in self.week_days for nth in nths)

    def _monday(self, day: date) -> int:
        """Return the number of the day on which its week began."""
        return day.toordinal() - (day.weekday() - self.week_start) % 7


def _number(parts: dict[str, str], name: str, usual: int, least: int, most: int) -> int:
    text = parts.get(name)
    if text is None:
        return usual
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or not least <= int(text) <= most:
        raise NotUnderstood(f"{name}={text}"[:60])
    return int(text)


def _numbers(parts: dict[str, str], name: str, least: int, most: int) -> frozenset[int]:
    found = set()
    for text in parts[name].split(",") if name in parts else ():
        if not re.fullmatch(r"[+-]?[0-9]{1,2}", text) or not least <= int(text) <= most or int(text) == 0:
            raise NotUnderstood(f"{name}={parts[name]}"[:60])
        found.add(int(text))
    return frozenset(found)


def _week_days(parts: dict[str, str]) -> frozenset[tuple[int, int]]:
    found = set()
    for text in parts["BYDAY"].split(",") if "BYDAY" in parts else ():
        match = _BYDAY.fullmatch(text)
        if match is None or (match[1] and int(match[1]) == 0):
            raise NotUnderstood(f"BYDAY={parts['BYDAY']}"[:60])
        found.add((int(match[1] or 0), DAYS.index(match[2])))
    return frozenset(found)


def _week_start(parts: dict[str, str]) -> int:
    if parts.get("WKST", "MO") not in DAYS:
        raise NotUnderstood(f"WKST={parts['WKST']}"[:60])
    return DAYS.index(parts.get("WKST", "MO"))
