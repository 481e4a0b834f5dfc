"""Working time over a usual calendar: two windows on five days, 30 holidays within two years."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from uuid import uuid4
from zoneinfo import ZoneInfo

from bench.scenario import Case, Scenario, Target
from sla.hours import Calendar, Window, add_working_time

WEEK, YEAR = "add 40 hours", "add 2,000 hours"
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 2 * 365


def cases() -> Sequence[Case]:
    dice = Random(uuid4().int)
    holidays = dice.sample([FIRST_DAY.date() + timedelta(days=n) for n in range(DAYS)], 30)
    office = [Window(9 * 60, 12 * 60 + 30), Window(13 * 60 + 30, 18 * 60)]
    calendar = Calendar(ZoneInfo("Europe/Berlin"), [office] * 5 + [[]] * 2, holidays)

    def moment() -> datetime:
        return FIRST_DAY + timedelta(seconds=dice.randrange(DAYS * 86_400))

    return [
        Case(WEEK, partial(_add, calendar, timedelta(hours=40)), moment),
        Case(YEAR, partial(_add, calendar, timedelta(hours=2000)), moment),
    ]


def _add(calendar: Calendar, span: timedelta, start: datetime) -> None:
    add_working_time(start, span, calendar)


SCENARIO = Scenario(
    about="Working time over a calendar with 30 holidays, which the process keeps.",
    cases=cases,
    targets=[Target(WEEK, most_ms=0.1), Target(YEAR, most_ms=2.0)],
)
