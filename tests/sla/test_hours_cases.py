"""Working time on the days on which it is hard, each worked out by hand."""

import io
import struct
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sla.hours import (
    ALWAYS,
    BadCalendar,
    Calendar,
    NeverOpens,
    NeverUsedUp,
    OverlappingWindows,
    Window,
    add_working_time,
    is_open,
    next_opening,
    segments,
    validate,
    working_time,
)
from sla.hours.reading import calendar_of
from sla.hours.weeks import Weeks

pytestmark = pytest.mark.once

HOUR = timedelta(hours=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE = {day: [["09:00", "12:30"], ["13:30", "18:00"]] for day in DAYS[:5]}
NIGHTS = {day: [["22:00", "06:00"]] for day in DAYS}


def calendar(zone: str = "Europe/Berlin", weekly: dict[str, Any] = OFFICE, **more: Any) -> Calendar:
    return calendar_of({"zone": zone, "weekly": weekly, **more})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def open_times(zone: str, day: str, *windows: str) -> list[str]:
    """Return when these windows of one day are open, as hours and minutes in UTC."""
    pairs = [window.split("-") for window in windows]
    only = calendar_of({"zone": zone, "exceptions": {day: pairs}})
    noon = utc(f"{day}T12:00")
    found = segments(noon - timedelta(days=2), noon + timedelta(days=2), only)
    return [f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in found]


# --- Days on which the clocks change -----------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "windows", "expected"),
    [
        # New York, 8 March 2026: from 02:00 (UTC-5) to 03:00 (UTC-4).
        ("America/New_York", "2026-03-08", ["01:00-04:00"], ["06:00-08:00"]),
        ("America/New_York", "2026-03-08", ["02:30-04:00"], ["07:00-08:00"]),
        ("America/New_York", "2026-03-08", ["01:00-02:30"], ["06:00-07:00"]),
        ("America/New_York", "2026-03-08", ["02:15-02:45"], []),
        ("America/New_York", "2026-03-08", ["01:00-02:00", "03:00-04:00"], ["06:00-08:00"]),
        # 1 November 2026: from 02:00 (UTC-4) back to 01:00 (UTC-5).
        ("America/New_York", "2026-11-01", ["00:30-02:30"], ["04:30-07:30"]),
        ("America/New_York", "2026-11-01", ["01:15-01:45"], ["05:15-05:45"]),
        ("America/New_York", "2026-11-01", ["01:30-02:00"], ["05:30-07:00"]),
        ("America/New_York", "2026-11-01", ["00:15-00:45", "01:00-01:10"], ["04:15-04:45", "05:00-05:10"]),
        # Lord Howe, 4 October 2026: from 02:00 (UTC+10:30) to 02:30 (UTC+11).
        ("Australia/Lord_Howe", "2026-10-04", ["01:00-03:00"], ["14:30-16:00"]),
        ("Australia/Lord_Howe", "2026-10-04", ["02:10-03:00"], ["15:30-16:00"]),
        ("Australia/Lord_Howe", "2026-10-04", ["02:00-02:30"], []),
        # 5 April 2026: from 02:00 (UTC+11) back to 01:30 (UTC+10:30).
        ("Australia/Lord_Howe", "2026-04-05", ["01:00-03:00"], ["14:00-16:30"]),
        ("Australia/Lord_Howe", "2026-04-05", ["01:30-01:45"], ["14:30-14:45"]),
        ("Australia/Lord_Howe", "2026-04-05", ["01:45-02:00"], ["14:45-15:30"]),
        # Casablanca is an hour ahead but in Ramadan: 15 February 2026, from 03:00 (UTC+1) back to 02:00 (UTC).
        ("Africa/Casablanca", "2026-02-15", ["01:00-04:00"], ["00:00-04:00"]),
        ("Africa/Casablanca", "2026-02-15", ["02:30-02:45"], ["01:30-01:45"]),
        # 22 March 2026: from 02:00 (UTC) to 03:00 (UTC+1).
        ("Africa/Casablanca", "2026-03-22", ["01:00-04:00"], ["01:00-03:00"]),
        ("Africa/Casablanca", "2026-03-22", ["02:00-03:00"], []),
        # Troll goes by two hours, 29 March 2026: from 01:00 (UTC) to 03:00 (UTC+2).
        ("Antarctica/Troll", "2026-03-29", ["00:30-01:30", "02:00-04:00"], ["00:30-02:00"]),
    ],
)
def test_a_window_on_a_day_on_which_the_clocks_change(zone, day, windows, expected):
    assert open_times(zone, day, *windows) == expected


def test_a_holiday_on_a_clock_change_leaves_the_night_that_began_the_day_before():
    new_york = calendar("America/New_York", NIGHTS, holidays=["2026-11-01"])

    night = list(segments(utc("2026-11-01T00:00"), utc("2026-11-02T23:00"), new_york))

    # Saturday, 22:00 to Sunday, 06:00 has nine hours; Sunday's is gone.
    assert night == [(utc("2026-11-01T02:00"), utc("2026-11-01T11:00"))]


def test_moments_of_one_zone_are_as_far_apart_as_time_passes():
    berlin = ZoneInfo("Europe/Berlin")
    before, after = datetime(2026, 10, 25, 0, 30, tzinfo=berlin), datetime(2026, 10, 25, 4, 30, tzinfo=berlin)

    assert working_time(before, after) == 5 * HOUR
    assert add_working_time(before, 5 * HOUR) == after.astimezone(UTC)


def test_both_hours_of_a_doubled_time_can_be_meant():
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))

    assert working_time(first, first.replace(fold=1)) == HOUR


def test_a_week_has_begun_though_the_clocks_are_put_back_into_the_one_before():
    # No zone does so, but one might: on a Monday in November from 00:30 back to Sunday, 23:30.
    counts = (0, 0, 0, 0, 1, 4)
    data = struct.pack(">5s15x6l", b"TZif2", *counts) + struct.pack(">lbb", -5 * 3600, 0, 0) + b"EST\0"
    somewhere = ZoneInfo.from_file(io.BytesIO(data * 2 + b"\nEST5EDT,M3.2.1/2,M11.1.1/0:30\n"))
    mondays = Calendar(somewhere, [[Window(0, 15), Window(60, 120)], [], [], [], [], [], []])

    # Monday, 2 November 2026 begins at 04:00, is put back at 04:30, and shows 01:00 at 06:00.
    assert list(segments(utc("2026-11-02T04:10"), utc("2026-11-03T00:00"), mondays)) == [
        (utc("2026-11-02T04:10"), utc("2026-11-02T04:15")),
        (utc("2026-11-02T06:00"), utc("2026-11-02T07:00")),
    ]
    assert working_time(utc("2026-11-02T04:40"), utc("2026-11-03T00:00"), mondays) == HOUR
    assert add_working_time(utc("2026-11-02T04:40"), 75 * timedelta(minutes=1), mondays) == utc("2026-11-09T05:15")


def test_a_day_that_was_skipped_has_no_opening_hours():
    # Apia went from Thursday, 29 December 2011 to Saturday, 31 December.
    apia = calendar("Pacific/Apia", {day: [["09:00", "17:00"]] for day in DAYS})
    midnight = datetime(2011, 12, 29, tzinfo=ZoneInfo("Pacific/Apia"))

    assert working_time(midnight, datetime(2012, 1, 1, tzinfo=ZoneInfo("Pacific/Apia")), apia) == 16 * HOUR
    # From Thursday, 16:00 two hours lead to Saturday, 10:00.
    assert add_working_time(utc("2011-12-30T02:00"), 2 * HOUR, apia) == utc("2011-12-30T20:00")


def test_a_night_that_began_on_a_skipped_day_is_open_from_when_it_was_over():
    assert open_times("Pacific/Apia", "2011-12-30", "22:00-06:00") == ["10:00-16:00"]
    assert open_times("Pacific/Apia", "2011-12-29", "22:00-06:00") == ["08:00-10:00"]
    # Kwajalein skipped 21 August 1993.
    assert open_times("Pacific/Kwajalein", "1993-08-21", "09:00-17:00", "23:00-01:00") == ["12:00-13:00"]


# --- Windows, holidays, exceptions ---------------------------------------------------------------


def test_a_holiday_takes_away_the_windows_that_start_that_day():
    berlin = calendar(weekly=NIGHTS, holidays=["2026-12-25"])

    found = list(segments(utc("2026-12-24T12:00"), utc("2026-12-27T00:00"), berlin))

    assert found == [
        (utc("2026-12-24T21:00"), utc("2026-12-25T05:00")),
        (utc("2026-12-26T21:00"), utc("2026-12-27T00:00")),
    ]


@pytest.mark.parametrize(
    ("holidays", "monday", "expected"),
    [
        ([], "2026-12-21", 8),
        (["2026-12-23"], "2026-12-21", 8),
        (["2026-12-20"], "2026-12-21", 2),
        # The clocks change on Sunday, the 28th, at two; Monday's own night begins two hours before its midnight.
        ([], "2026-03-30", 8),
        (["2026-04-01"], "2026-03-30", 8),
    ],
)
def test_a_night_from_sunday_into_a_week(holidays, monday, expected):
    berlin = calendar(weekly=NIGHTS, holidays=holidays)
    midnight = datetime.fromisoformat(monday).replace(tzinfo=ZoneInfo("Europe/Berlin"))

    assert working_time(midnight, midnight + timedelta(days=1), berlin) == expected * HOUR


def test_an_exception_replaces_the_day_and_the_holiday():
    berlin = calendar(holidays=["2026-12-24"], exceptions={"2026-12-24": [["09:00", "12:00"]], "2026-12-26": []})

    assert working_time(utc("2026-12-24T00:00"), utc("2026-12-25T00:00"), berlin) == 3 * HOUR


@pytest.mark.parametrize(("window", "expected"), [(["05:00", "07:00"], 9), (["02:00", "03:00"], 8)])
def test_what_an_exception_makes_overlap_counts_once(window, expected):
    berlin = calendar(weekly=NIGHTS, exceptions={"2026-11-04": [window]})

    assert working_time(utc("2026-11-03T20:00"), utc("2026-11-04T12:00"), berlin) == expected * HOUR


def test_windows_that_touch_are_one_also_over_midnight():
    weekly = {"mon": [["09:00", "12:00"], ["12:00", "24:00"]], "tue": [["00:00", "01:00"]]}
    berlin = calendar("UTC", weekly)

    found = list(segments(utc("2026-11-02T00:00"), utc("2026-11-04T00:00"), berlin))

    assert found == [(utc("2026-11-02T09:00"), utc("2026-11-03T01:00"))]


def test_the_29th_of_february_is_a_day():
    berlin = calendar(exceptions={"2028-02-29": [["10:00", "11:00"]]})
    monday_evening = utc("2028-02-28T16:00")

    # One hour on Monday, one on the 29th, the third on Wednesday, 1 March.
    assert add_working_time(monday_evening, 3 * HOUR, berlin) == utc("2028-03-01T09:00")


@pytest.mark.parametrize(
    ("weekly", "one", "other"),
    [
        ({"mon": [["09:00", "12:00"], ["11:59", "13:00"]]}, "09:00 to 12:00 of Monday", "11:59 to 13:00 of Monday"),
        ({"mon": [["22:00", "06:00"]], "tue": [["05:00", "09:00"]]}, "of Monday", "05:00 to 09:00 of Tuesday"),
        ({"sun": [["22:00", "06:00"]], "mon": [["05:00", "09:00"]]}, "22:00 to 06:00 of Sunday", "of Monday"),
        ({"tue": [["08:00", "24:00"], ["08:00", "09:00"]]}, "08:00 to 09:00 of Tuesday", "08:00 to 24:00 of Tuesday"),
    ],
)
def test_windows_that_overlap_are_refused_by_both_their_names(weekly, one, other):
    with pytest.raises(OverlappingWindows) as refused:
        calendar(weekly=weekly)

    assert one in str(refused.value)
    assert other in str(refused.value)


def test_windows_of_an_exception_that_overlap_are_refused():
    with pytest.raises(OverlappingWindows, match="of 2026-12-24 and 10:00 to 11:00"):
        calendar(exceptions={"2026-12-24": [["09:00", "12:00"], ["10:00", "11:00"]]})


@pytest.mark.parametrize("window", [["09:00", "09:00"], ["00:00", "00:00"], ["24:00", "24:00"]])
def test_a_window_without_length_is_refused(window):
    with pytest.raises(BadCalendar, match="has no length"):
        calendar(weekly={"mon": [window]})


@pytest.mark.parametrize("window", [Window(-1, 60), Window(1440, 1500), Window(60, 1501), Window(90, 60)])
def test_a_window_begins_on_its_day_and_is_no_longer_than_one(window):
    with pytest.raises(BadCalendar, match="within 24 hours"):
        Calendar(ZoneInfo("UTC"), [[window], [], [], [], [], [], []])


def test_a_calendar_that_stays_closed_for_ten_years_is_refused():
    at = utc("2026-11-02T09:00")
    all_holidays = [date(2026, 1, 1) + timedelta(days=n) for n in range(12 * 366)]
    mondays = [[Window(540, 1020)], [], [], [], [], [], []]

    for never in [
        calendar(weekly={}),
        calendar(weekly={}, exceptions={"2026-11-01": [["09:00", "17:00"]]}),
        calendar(weekly={}, exceptions={"2037-01-01": [["09:00", "17:00"]]}),
        Calendar(ZoneInfo("UTC"), mondays, all_holidays),
    ]:
        with pytest.raises(NeverOpens, match="never open"):
            validate(never, at)

    validate(calendar(weekly={}, exceptions={"2036-10-01": [["09:00", "17:00"]]}), at)


# --- What is asked ----------------------------------------------------------------------------


def test_what_is_due_at_a_closing_is_not_due_at_the_next_opening():
    berlin = calendar()
    friday_afternoon = utc("2026-11-06T16:00")

    assert add_working_time(friday_afternoon, HOUR, berlin) == utc("2026-11-06T17:00")
    assert add_working_time(friday_afternoon, 41 * HOUR, berlin) == utc("2026-11-13T17:00")
    assert add_working_time(friday_afternoon, HOUR + timedelta(microseconds=1), berlin) == utc(
        "2026-11-09T08:00:00.000001"
    )


def test_no_time_is_used_up_at_once_also_while_it_is_closed():
    sunday = datetime(2026, 11, 8, 12, 0, 0, 1, tzinfo=ZoneInfo("Europe/Berlin"))

    due = add_working_time(sunday, timedelta(0), calendar())

    assert due == utc("2026-11-08T11:00:00.000001")
    assert due.tzinfo is UTC


def test_it_opens_at_its_opening_and_is_closed_at_its_closing():
    berlin = calendar()

    assert not is_open(utc("2026-11-02T07:59:59.999999"), berlin)
    assert is_open(utc("2026-11-02T08:00"), berlin)
    assert not is_open(utc("2026-11-02T11:30"), berlin)


def test_the_next_opening_is_now_while_it_is_open():
    berlin = calendar(holidays=["2026-11-09"])

    assert next_opening(utc("2026-11-06T10:00"), berlin) == utc("2026-11-06T10:00")
    assert next_opening(utc("2026-11-06T17:00"), berlin) == utc("2026-11-10T08:00")
    assert next_opening(utc("2026-11-06T17:00"), calendar(weekly={})) is None


def test_what_the_calendar_has_not_is_never_used_up():
    once = calendar(weekly={}, exceptions={"2026-11-07": [["09:00", "12:00"]]})

    assert add_working_time(utc("2026-11-02T00:00"), 3 * HOUR, once) == utc("2026-11-07T11:00")
    with pytest.raises(NeverUsedUp):
        add_working_time(utc("2026-11-02T00:00"), 3 * HOUR + timedelta(microseconds=1), once)


def test_two_years_of_an_hour_a_week_are_due_in_centuries():
    weekly = calendar("UTC", {"mon": [["09:00", "10:00"]]})
    monday = utc("2026-11-02T09:00")

    assert add_working_time(monday, timedelta(days=730), weekly) == monday + timedelta(weeks=730 * 24 - 1) + HOUR


@pytest.mark.parametrize(
    ("zone", "weeks"),
    [
        ("Europe/Berlin", 19_000),
        ("America/New_York", 25_000),
        ("Africa/Casablanca", 60_000),
        ("Europe/Berlin", 200_000),
        ("UTC", 390_000),
    ],
)
def test_what_is_due_in_thousands_of_years_is_what_lies_between(zone, weeks):
    calendar = calendar_of(
        {"zone": zone, "weekly": {"sun": [["01:30", "02:30"]]}, "exceptions": {"2999-12-31": [["01:00", "05:00"]]}}
    )
    start, span = datetime(2026, 11, 22, 3, tzinfo=UTC), timedelta(hours=weeks)

    end = add_working_time(start, span, calendar)

    assert working_time(start, end, calendar) == span
    assert working_time(start, end - timedelta(microseconds=1), calendar) < span


def test_thousands_of_years_are_the_sum_of_centuries_and_not_walked_through(monkeypatch):
    weeks_looked_at = []
    look = Weeks._run
    monkeypatch.setattr(Weeks, "_run", lambda weeks, number: weeks_looked_at.append(number) or look(weeks, number))
    calendar = calendar_of(
        {
            "zone": "Australia/Lord_Howe",
            "weekly": {"sun": [["01:30", "02:30"]]},
            "holidays": ["3602-11-07"],
            "exceptions": {"2999-12-31": [["01:00", "05:00"]]},
        }
    )
    begins = [datetime(year, 11, 22, 1, 45, tzinfo=UTC) for year in range(2390, 4030, 101)]

    whole = working_time(begins[0], begins[-1], calendar)

    # One cycle of 400 years is walked through, and the years that are no whole cycle.
    assert len(weeks_looked_at) < 6_000
    # No cycle is within a century.
    assert sum((working_time(*ends, calendar) for ends in pairwise(begins)), timedelta(0)) == whole


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Kiritimati"])
def test_all_there_is_until_the_end_of_dates_can_be_used_up_and_no_more(zone):
    calendar = calendar_of({"zone": zone, "weekly": {"mon": [["09:00", "09:01"]], "sun": [["22:00", "06:00"]]}})
    start, last = datetime(2026, 11, 22, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    available = working_time(start, last, calendar)

    assert working_time(start, add_working_time(start, available, calendar), calendar) == available
    with pytest.raises(NeverUsedUp):
        add_working_time(start, available + timedelta(hours=200), calendar)


def test_to_find_that_so_much_time_never_is_costs_little():
    calendar = calendar_of({"zone": "Europe/Berlin", "weekly": {"mon": [["09:00", "09:01"]]}})
    start = datetime(2026, 11, 22, tzinfo=UTC)
    begun = time.process_time()

    for _each in range(10):
        with pytest.raises(NeverUsedUp):
            add_working_time(start, timedelta(days=730), calendar)

    # Week by week it takes more than half a second each time.
    assert time.process_time() - begun < 3.5


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a time zone"):
        working_time(datetime(2026, 11, 2), utc("2026-11-03T00:00"))


def test_the_first_and_the_last_moment_there_is_are_moments():
    last = datetime.max.replace(tzinfo=UTC)
    first = datetime.min.replace(tzinfo=UTC)

    for zone in ("Pacific/Kiritimati", "America/New_York"):
        everywhen = calendar(zone, {day: [["00:00", "24:00"]] for day in DAYS})
        assert working_time(first, first + HOUR, everywhen) == HOUR
        assert list(segments(last - HOUR, last, everywhen)) == [(last - HOUR, last)]
        with pytest.raises(NeverUsedUp):
            add_working_time(last, HOUR, everywhen)
    assert add_working_time(last - HOUR, HOUR, ALWAYS) == last
