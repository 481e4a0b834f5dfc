"""Whole days of iCalendar files, of well-made, careless and hostile ones."""

import time
import tracemalloc
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from sla import ical

BERLIN = ZoneInfo("Europe/Berlin")
SINCE, UNTIL = date(2026, 11, 21), date(2028, 12, 31)


def file(*events: str, head: str = "") -> bytes:
    inside = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{inside}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def read(*events: str, head: str = "") -> ical.Found:
    return ical.read(file(*events, head=head), zone=BERLIN, since=SINCE, until=UNTIL)


def days(*events: str) -> list[str]:
    return [f"{day}" for day in read(*events).days]


def test_a_day_has_its_name():
    found = read("DTSTART;VALUE=DATE:20261225\nSUMMARY:Christmas\\, the 1st\n  day", head="X-WR-CALNAME:Feiertage\n")

    assert (found.name, found.days) == ("Feiertage", {date(2026, 12, 25): "Christmas, the 1st day"})


def test_the_end_is_the_day_after():
    assert days("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227") == ["2026-12-24", "2026-12-25", "2026-12-26"]
    assert days("DTSTART;VALUE=DATE:20261224\nDURATION:P2D") == ["2026-12-24", "2026-12-25"]
    assert days("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261224") == ["2026-12-24"]


def test_an_endless_recurrence_ends_with_the_window():
    assert days("DTSTART;VALUE=DATE:19700101\nRRULE:FREQ=YEARLY") == ["2027-01-01", "2028-01-01"]


def test_one_of_a_series_can_be_left_out_moved_or_added():
    series = "UID:a\nDTSTART;VALUE=DATE:20261201\nRRULE:FREQ=MONTHLY;COUNT=4\nEXDATE;VALUE=DATE:20270101"
    series += "\nRDATE;VALUE=DATE:20270115"
    moved = "UID:a\nRECURRENCE-ID;VALUE=DATE:20270201\nDTSTART;VALUE=DATE:20270202"

    assert days(series, moved) == ["2026-12-01", "2027-01-15", "2027-02-02", "2027-03-01"]


def test_times_that_fill_a_day_of_the_office_are_a_day():
    assert days("DTSTART:20261224T230000Z\nDTEND:20261225T230000Z") == ["2026-12-25"]
    assert days("DTSTART;TZID=Europe/Berlin:20261225T000000\nDTEND;TZID=Europe/Berlin:20261226T000000") == [
        "2026-12-25"
    ]


def test_a_time_of_a_zone_that_nobody_knows_is_one_of_the_office():
    zone = "BEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nDTSTART:19700101T000000\nRRULE:FREQ=SECONDLY\nEND:STANDARD\n"

    found = read("DTSTART;TZID=Ours:20261225T000000\nDURATION:P1D", head=f"{zone}END:VTIMEZONE\n")

    assert list(found.days) == [date(2026, 12, 25)]


@pytest.mark.parametrize("zone", ["../../etc/passwd", "Europe", "localtime/x", "x" * 500, "Europe/Berlin\\0"])
def test_no_zone_is_looked_for_outside_of_those_that_are_known(zone: str):
    assert days(f"DTSTART;TZID={zone}:20261225T000000\nDURATION:P1D") == ["2026-12-25"]


def test_a_day_in_the_past_or_far_ahead_is_none():
    assert days("DTSTART;VALUE=DATE:20251225", "DTSTART;VALUE=DATE:20291225") == []
    assert days("DTSTART;VALUE=DATE:00010101", "DTSTART;VALUE=DATE:99991231\nDURATION:P62D") == []
    assert days("DTSTART;VALUE=DATE:20261120\nDTEND;VALUE=DATE:20261123") == ["2026-11-21", "2026-11-22"]


def test_what_was_cancelled_and_alarms_are_nothing():
    assert days("STATUS:CANCELLED\nDTSTART;VALUE=DATE:20261225") == []
    alarm = "DTSTART;VALUE=DATE:20261225\nBEGIN:VALARM\nDTSTART;VALUE=DATE:20270101\nSUMMARY:x\nEND:VALARM"
    assert days(alarm) == ["2026-12-25"]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("DTSTART:20261224T100000Z\nDTEND:20261224T110000Z", "it does not last whole days."),
        ("SUMMARY:Nothing", "it has no start."),
        ("DTSTART;VALUE=DATE:20261340", "“20261340” is no date."),
        ("DTSTART:00010101T000000Z", "does not last whole days"),
        ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=SECONDLY", "its recurrence (FREQ=SECONDLY) is not understood."),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20271224", "it lasts 365 days."),
        ("DTSTART;VALUE=DATE:20261224\nEXDATE:never", "“never” is no date."),
    ],
)
def test_what_is_no_holiday_is_left_out_with_the_reason(event: str, words: str):
    found = read(event, "DTSTART;VALUE=DATE:20261225")

    assert list(found.days) == [date(2026, 12, 25)]
    assert words in found.remarks[0]


def test_many_remarks_are_counted():
    assert len(read(*["SUMMARY:Nothing"] * 500).remarks) == ical.MOST_REMARKS + 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello", "no iCalendar file"),
        (b"\xff\xfe", "UTF-8"),
        (b"x" * (ical.MOST_BYTES + 1), "larger than 10 MB"),
        (file(*["SUMMARY:x"] * (ical.MOST_EVENTS + 1)), "more than 5000 events"),
        (file("DTSTART;VALUE=DATE:20261225" + "\nUID:x" * ical.MOST_LINES), "more than 100000 lines that matter"),
        (file("DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=DAILY"), "more than 120 days until 31 Dec 2028"),
    ],
)
def test_what_is_no_list_of_holidays_is_refused_in_a_sentence(data: bytes, words: str):
    with pytest.raises(ical.BadFile, match=words):
        ical.read(data, zone=BERLIN, since=SINCE, until=UNTIL)


def test_recurrences_that_take_too_long_are_refused():
    slow = "DTSTART;VALUE=DATE:19000101\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=9"

    with pytest.raises(ical.BadFile, match="take too long"):
        ical.read(file(*[slow] * 50), zone=BERLIN, since=SINCE, until=UNTIL)


@pytest.mark.parametrize("line", ["RDATE:", "EXDATE:"])
def test_a_hundred_thousand_dates_of_an_event_are_too_many(line: str):
    many = f"DTSTART;VALUE=DATE:20261225\n{line}{'20261224,' * 110_000}20261224"

    with pytest.raises(ical.BadFile, match="take too long"):
        ical.read(file(many), zone=BERLIN, since=SINCE, until=UNTIL)


def test_many_events_of_many_days_each_are_too_many():
    same = "DTSTART;VALUE=DATE:20261201\nDURATION:P62D\nRRULE:FREQ=DAILY;COUNT=58"

    with pytest.raises(ical.BadFile, match="take too long"):
        ical.read(file(*[same] * 600), zone=BERLIN, since=SINCE, until=UNTIL)


def test_a_name_is_read_once_and_its_beginning_alone():
    long = "DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;COUNT=100\nSUMMARY:" + "x\\," * 3_000_000
    begun = time.process_time()

    found = read(long)

    assert set(found.days.values()) == {"x," * (ical.LONGEST_NAME // 2)}
    # Once for each day it would take a minute.
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("parameters", [";A=b" * 2_000_000, ";A=" + "b," * 4_000_000, ';A="' + "b" * 8_000_000])
def test_parameters_without_end_are_not_read(parameters: str):
    begun = time.process_time()

    assert days("DTSTART;VALUE=DATE:20261225", f"DTSTART{parameters}:20261226") == ["2026-12-25"]
    assert time.process_time() - begun < 5


def test_lines_that_do_not_matter_cost_no_memory():
    data = file("DTSTART;VALUE=DATE:20261225\n" + "a\n" * 500_000)
    tracemalloc.start()

    assert list(ical.read(data, zone=BERLIN, since=SINCE, until=UNTIL).days) == [date(2026, 12, 25)]
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # The text as it came and unfolded.
    assert most < 4 * len(data)


def test_lines_that_are_none_are_counted_too():
    with pytest.raises(ical.BadFile, match="more than 100000 lines that matter"):
        ical.read(file("UID;:\n" * 100_000), zone=BERLIN, since=SINCE, until=UNTIL)


def test_ten_megabytes_of_lines_are_read():
    data = file("DTSTART;VALUE=DATE:20261225\nDESCRIPTION:" + "y\n " * 2_500_000)

    assert len(data) > 9 * 1024 * 1024
    found = ical.read(data, zone=BERLIN, since=SINCE, until=SINCE + timedelta(days=60))
    assert list(found.days) == [date(2026, 12, 25)]
