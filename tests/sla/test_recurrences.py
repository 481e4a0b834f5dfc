"""Recurrences by dates, against python-dateutil, which shares no code with ours."""

from datetime import date, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import Phase, given, settings
from hypothesis import strategies as some

from sla.recurrences import Budget, NotUnderstood, Recurrence, TooLong

SINCE, UNTIL = date(2026, 11, 21), date(2028, 12, 31)
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def read(text: str, start: date) -> Recurrence:
    return Recurrence.read(text, start, lambda value: datetime.strptime(value[:8], "%Y%m%d").date())


def ours(text: str, start: date) -> list[date]:
    return list(read(text, start).between(SINCE, UNTIL, Budget(200_000)))


def theirs(text: str, start: date) -> list[date]:
    begin = datetime(start.year, start.month, start.day)
    end = "" if "COUNT" in text or "UNTIL" in text else f";UNTIL={UNTIL:%Y%m%d}"
    found = rrulestr(text + end, dtstart=begin)
    return [each.date() for each in found if SINCE <= each.date() <= UNTIL]


@some.composite
def rules(draw) -> str:
    """Return a rule that comes again and again: the library looks for one that never does until the year 9999."""
    freq = draw(some.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    interval = draw(some.integers(1, 4))
    parts = [f"FREQ={freq}", f"INTERVAL={interval}", f"WKST={draw(some.sampled_from(DAYS))}"]
    if (freq != "MONTHLY" or interval == 1) and draw(some.booleans()):
        parts.append(f"BYMONTH={','.join(map(str, draw(some.sets(some.integers(1, 12), min_size=1))))}")
    if freq != "WEEKLY" and draw(some.booleans()):
        days = draw(some.sets(some.integers(-25, 25).filter(bool), min_size=5, max_size=20))
        parts.append(f"BYMONTHDAY={','.join(map(str, days))}")
    elif draw(some.booleans()):
        # Numbered weekdays beside others are an intersection to the library, and a union to everybody else.
        nths = draw(some.sampled_from([["1", "2", "-1", "4"], [""]])) if freq in {"MONTHLY", "YEARLY"} else [""]
        days = draw(some.sets(some.tuples(some.sampled_from(nths), some.sampled_from(DAYS)), min_size=1, max_size=3))
        parts.append("BYDAY=" + ",".join(n + day for n, day in days))
    end = draw(some.sampled_from(["", "COUNT=30", "UNTIL=20271003"]))
    return ";".join(filter(None, [*parts, end]))


@settings(max_examples=60, deadline=None, derandomize=True, phases=[Phase.generate])
@given(text=rules(), start=some.dates(date(2020, 1, 1), date(2027, 12, 28)))
def test_dates_are_those_that_a_library_finds(text: str, start: date):
    assert ours(text, start) == theirs(text, start)


@pytest.mark.parametrize(
    ("text", "start", "found"),
    [
        ("FREQ=YEARLY", date(1990, 12, 25), [date(2026, 12, 25), date(2027, 12, 25), date(2028, 12, 25)]),
        ("FREQ=YEARLY", date(2024, 2, 29), [date(2028, 2, 29)]),
        (
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            date(2020, 11, 26),
            [date(2026, 11, 26), date(2027, 11, 25), date(2028, 11, 23)],
        ),
    ],
)
def test_holidays_come_again(text: str, start: date, found: list[date]):
    assert ours(text, start) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FREQ=HOURLY",
        "FREQ=SECONDLY;INTERVAL=1",
        "FREQ=YEARLY;BYEASTER=1",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=٣",
        "FREQ=DAILY;COUNT=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=YEARLY;BYMONTHDAY=" + "1," * 500 + "1",
    ],
)
def test_what_is_not_understood_is_refused(text: str):
    with pytest.raises(NotUnderstood):
        read(text, SINCE)


def test_what_can_never_be_ends_with_the_window():
    assert ours("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", date(2020, 2, 1)) == []


def test_a_budget_ends_a_long_walk():
    with pytest.raises(TooLong):
        list(read("FREQ=DAILY;COUNT=100000", date(1900, 1, 1)).between(SINCE, UNTIL, Budget(1000)))


def test_what_is_counted_is_counted_from_the_start():
    start = SINCE - 10 * timedelta(days=1)

    assert ours("FREQ=DAILY;COUNT=12", start) == [SINCE, SINCE + timedelta(days=1)]
