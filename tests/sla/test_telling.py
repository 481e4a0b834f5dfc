"""Why it is due then, in one sentence; the picture and the lines beside it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from lxml.html import fromstring

from sla.hours import ALWAYS
from sla.telling import WIDTH, spoken, tell
from sla.timelines import Spell, lay_out
from tests.sla.test_timelines import BERLIN, HOUR, OFFICE, at


@pytest.fixture(autouse=True)
def _in_berlin():
    with timezone.override(BERLIN):
        yield


def why(spells: list[Spell], within: timedelta, now, hours: str = "Office, Berlin") -> str:
    calendar = OFFICE if hours else ALWAYS
    return tell(lay_out(spells, within, calendar, at=now), hours, BERLIN if hours else None).why


def plain(html: str) -> str:
    """Return the words alone."""
    return fromstring(f"<p>{html}</p>").text_content()


def test_it_says_what_was_promised_by_which_hours_since_when():
    spells = [
        Spell(at(20, 14, 30), at(20, 15)),
        Spell(at(20, 15), at(20, 17), "requester"),
        Spell(at(20, 17), None),
    ]

    assert plain(why(spells, 4 * HOUR, at(20, 17))) == (
        "4 working hours of Office, Berlin from Fri 14:30, without the 2 hours it waited for the requester, "
        "end on Mon 11:30."
    )


def test_several_waits_are_named_each():
    spells = [
        Spell(at(20, 9), at(20, 10)),
        Spell(at(20, 10), at(20, 11), "snoozed"),
        Spell(at(20, 11), at(20, 11, 30), "third_party"),
        Spell(at(20, 11, 30), None),
    ]

    assert "without the 1 hour it was snoozed and the 30 minutes it waited for a third party," in plain(
        why(spells, 4 * HOUR, at(20, 12))
    )


def test_round_the_clock_it_speaks_of_no_working_hours():
    assert plain(why([Spell(at(20, 16), None)], 90 * timedelta(minutes=1), at(20, 20), "")) == (
        "1 hour 30 minutes from Fri 16:00 ended on Fri 17:30."
    )


def test_what_stopped_in_time_says_after_how_long():
    def of_one_that_stopped(then):
        timeline = lay_out([Spell(at(20, 10), then)], 4 * HOUR, ALWAYS, at=at(20, 20), due=at(20, 14))
        return plain(tell(timeline, "", None).why)

    assert of_one_that_stopped(at(20, 12)) == "4 hours from Fri 10:00 ended on Fri 14:00, and it stopped after 2 hours."
    assert of_one_that_stopped(at(20, 16)) == "4 hours from Fri 10:00 ended on Fri 14:00."


def test_while_paused_it_says_what_is_used_up():
    spells = [Spell(at(20, 10), at(20, 12)), Spell(at(20, 12), None, "requester")]

    assert plain(why(spells, 4 * HOUR, at(20, 15))) == (
        "Not due while it waits for the requester: 2 hours of 4 working hours are used up."
    )


def test_who_reads_elsewhere_finds_the_time_of_the_office_on_the_time():
    with timezone.override("America/New_York"):
        told = tell(lay_out([Spell(at(20, 10), None)], 2 * HOUR, OFFICE, at=at(20, 11)), "Office", BERLIN)

    assert 'tabindex="0">Fri 06:00<span class="zoned-there"> (Fri 12:00 in Europe/Berlin)</span>' in told.why
    assert told.other_zone
    assert told.lines[0].begins == "Fri 04:00"
    assert told.lines[0].there == "Fri 10:00 – 11:00"


def test_who_reads_in_the_zone_of_the_office_is_told_it_once():
    told = tell(lay_out([Spell(at(20, 10), None)], 2 * HOUR, OFFICE, at=at(20, 11)), "Office", BERLIN)

    assert "zoned" not in told.why
    assert not told.other_zone


def test_a_weekday_alone_is_never_one_of_two():
    words = plain(why([Spell(at(17, 16), None)], 36 * HOUR, at(20, 23)))

    assert words.startswith("36 working hours of Office, Berlin from Tue 16:00 end on Mon 16:00.")
    words = plain(why([Spell(at(17, 16), None)], 45 * HOUR, at(20, 23)))
    assert words.endswith("end on Tue 24 Nov, 16:00.")


def test_a_name_is_no_markup():
    assert "<bdi>&lt;b&gt;</bdi>" in why([Spell(at(20, 10), None)], HOUR, at(20, 10), "<b>")


def test_bars_fill_the_picture_and_stay_within_it():
    told = tell(lay_out([Spell(at(20, 16, 30), None)], 4 * HOUR, OFFICE, at=at(20, 17)), "Office", BERLIN)

    assert told.bars[0].x == 0
    assert max(bar.x + bar.width for bar in told.bars) == WIDTH
    assert [(mark.name, x) for x, mark in told.marks] == [("now", 7), ("due", WIDTH)]


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "0 working minutes"), (1, "1 working minute"), (60, "1 working hour"), (1530, "25 working hours 30 minutes")],
)
def test_working_time_is_spoken_in_hours(minutes: int, words: str):
    assert spoken(timedelta(minutes=minutes), is_working=True) == words
