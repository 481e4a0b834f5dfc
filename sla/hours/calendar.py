"""What a calendar is: weekly windows in a zone's wall-clock time, holidays, exceptions; and what no calendar is.

A window belongs whole to the day it starts on, also past midnight. A holiday takes away the windows that start that
day, an exception puts its own in the place of both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sla.hours.instants import instant, microseconds
from sla.hours.weeks import Weeks

DAY_MINUTES = 24 * 60
# A calendar that stays closed for so long is a mistake.
SOON = timedelta(days=3653)


class BadCalendar(ValueError):
    """This is no calendar; the message is one sentence."""


class Window(NamedTuple):
    """Open from `opens` until `closes`, in minutes after the midnight that its day begins with; 1440 is the next one.

    Each edge is the first instant at which the clocks show that time or later.
    """

    opens: int
    closes: int

    def __str__(self) -> str:
        return f"{_clock(self.opens)} to {_clock(self.closes)}"


class OverlappingWindows(BadCalendar):
    """`first` and `second` are of the weekdays or the date that `days` names: 0 is Monday."""

    def __init__(self, first: Window, second: Window, days: tuple[int | date, int | date]) -> None:
        self.first, self.second, self.days = first, second, days
        one, other = (day if isinstance(day, date) else WEEKDAYS[day] for day in days)
        super().__init__(f"The windows {first} of {one} and {second} of {other} overlap.")


class BadWindow(BadCalendar):
    def __init__(self, window: Window, day: int | date) -> None:
        self.window, self.day = window, day
        named = day if isinstance(day, date) else WEEKDAYS[day]
        what = "has no length" if window.opens == window.closes else "does not begin on its day and end within 24 hours"
        super().__init__(f"The window {window} of {named} {what}.")


class NeverOpens(BadCalendar):
    def __init__(self) -> None:
        super().__init__("The calendar is never open within the next ten years.")


class NeverUsedUp(ValueError):
    """The calendar has not so much working time left before the end of all dates."""


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, eq=False)
class Calendar:
    """When it is open. `weekly` has seven days, Monday first.

    Raises BadCalendar for windows that overlap or have no length. Windows that touch are one; what an exception makes
    overlap with the day before or after is open once.
    """

    zone: ZoneInfo
    weekly: Sequence[Sequence[Window]]
    holidays: Iterable[date] = ()
    exceptions: Mapping[date, Sequence[Window]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise BadCalendar("A week has seven days.")
        days = [_in_order(windows, day) for day, windows in enumerate(self.weekly)]
        for day, windows in enumerate(days):
            following = (day + 1) % 7
            if windows and days[following] and windows[-1].closes > DAY_MINUTES + days[following][0].opens:
                raise OverlappingWindows(windows[-1], days[following][0], (day, following))
        for date_, instead in self.exceptions.items():
            _in_order(instead, date_)

    @cached_property
    def weeks(self) -> Weeks:
        """Return the calendar as instants, which it keeps for as long as it lives."""
        special: dict[int, Sequence[Window]] = {_number(day): () for day in self.holidays}
        special |= {_number(day): windows for day, windows in self.exceptions.items()}
        return Weeks(self.zone, self.weekly, special)


def validate(calendar: Calendar, at: datetime) -> None:
    """Raise NeverOpens if the calendar has no opening in the ten years after `at`."""
    now = instant(at)
    opening = next(calendar.weeks.open_from(now), None)
    if opening is None or opening[0] >= now + microseconds(SOON):
        raise NeverOpens


def _in_order(windows: Sequence[Window], day: int | date) -> list[Window]:
    for window in windows:
        if not 0 <= window.opens < DAY_MINUTES or not window.opens < window.closes <= window.opens + DAY_MINUTES:
            raise BadWindow(window, day)
    ordered = sorted(windows)
    for first, second in pairwise(ordered):
        if first.closes > second.opens:
            raise OverlappingWindows(first, second, (day, day))
    return ordered


def _number(day: date) -> int:
    """Return the days since 1 January of year 1, a Monday."""
    return day.toordinal() - 1


def _clock(minutes: int) -> str:
    hours, rest = divmod(minutes if minutes <= DAY_MINUTES else minutes - DAY_MINUTES, 60)
    return f"{hours:02}:{rest:02}"


# Round the clock, every day.
ALWAYS = Calendar(ZoneInfo("UTC"), [[Window(0, DAY_MINUTES)]] * 7)
