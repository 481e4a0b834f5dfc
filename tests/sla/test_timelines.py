"""Timelines: what a clock did and will do, as stretches that a table here tells by hand."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sla.hours import ALWAYS, Calendar, Window
from sla.timelines import MOST_STRETCHES, Spell, State, lay_out

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar(BERLIN, [[Window(9 * 60, 18 * 60)]] * 5 + [[], []])
HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a time in Berlin of November 2026; the 20th is a Friday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def drawn(timeline) -> list[tuple[str, datetime, datetime]]:
    return [(one.state.value, one.begins, one.ends) for one in timeline.stretches]


def test_closed_hours_lie_between_the_open_ones_and_what_is_to_come_is_apart():
    timeline = lay_out([Spell(at(20, 16, 30), None)], 4 * HOUR, OFFICE, at=at(20, 17))

    assert drawn(timeline) == [
        ("running", at(20, 16, 30), at(20, 17)),
        ("running", at(20, 17), at(20, 18)),
        ("closed", at(20, 18), at(23, 9)),
        ("running", at(23, 9), at(23, 11, 30)),
    ]
    assert [one.is_ahead for one in timeline.stretches] == [False, True, True, True]
    assert timeline.due == at(23, 11, 30)
    assert timeline.used == HOUR / 2
    assert timeline.left == 3.5 * HOUR


def test_hours_that_are_closed_now_are_one_stretch():
    timeline = lay_out([Spell(at(20, 16), None)], 4 * HOUR, OFFICE, at=at(21, 12))

    assert [one.state for one in timeline.stretches] == [State.RUNNING, State.CLOSED, State.RUNNING]


def test_a_pause_does_not_count_and_says_how_much_working_time_it_took():
    spells = [
        Spell(at(20, 10), at(20, 12)),
        Spell(at(20, 12), at(20, 14), "requester"),
        Spell(at(20, 14), None),
    ]

    timeline = lay_out(spells, 4 * HOUR, OFFICE, at=at(20, 15))

    assert timeline.due == at(20, 16)
    assert timeline.used == 3 * HOUR
    assert timeline.paused == {"requester": 2 * HOUR}
    assert ("paused", at(20, 12), at(20, 14)) in drawn(timeline)


def test_a_pause_over_closed_hours_alone_took_nothing():
    spells = [Spell(at(20, 10), at(20, 18)), Spell(at(20, 18), at(23, 8), "snoozed"), Spell(at(23, 8), None)]

    assert lay_out(spells, 9 * HOUR, OFFICE, at=at(23, 10)).paused == {}


def test_a_pause_that_took_no_time_is_no_stretch():
    spells = [Spell(at(20, 10), at(20, 12)), Spell(at(20, 12), at(20, 12), "requester")]

    assert drawn(lay_out(spells, 4 * HOUR, OFFICE, at=at(20, 14))) == [("running", at(20, 10), at(20, 12))]


def test_while_it_is_paused_it_is_not_due():
    spells = [Spell(at(20, 10), at(20, 12)), Spell(at(20, 12), None, "requester")]

    timeline = lay_out(spells, 4 * HOUR, OFFICE, at=at(20, 17))

    assert timeline.due is None
    assert timeline.ends == at(20, 17)
    assert timeline.stretches[-1].state == State.PAUSED


def test_a_deadline_set_by_hand_lies_ahead_also_while_it_is_paused():
    spells = [Spell(at(20, 10), at(20, 12)), Spell(at(20, 12), None, "requester")]

    timeline = lay_out(spells, 4 * HOUR, OFFICE, at=at(20, 14), due=at(20, 16))

    assert drawn(timeline)[1:] == [("paused", at(20, 12), at(20, 14)), ("running", at(20, 14), at(20, 16))]
    assert timeline.stretches[-1].is_ahead
    assert timeline.ends == at(20, 16)


def test_what_runs_after_the_deadline_is_late():
    timeline = lay_out([Spell(at(20, 10), None)], 4 * HOUR, OFFICE, at=at(20, 16))

    assert drawn(timeline) == [("running", at(20, 10), at(20, 14)), ("late", at(20, 14), at(20, 16))]


def test_a_deadline_that_is_given_holds():
    timeline = lay_out([Spell(at(20, 10), None)], 4 * HOUR, OFFICE, at=at(20, 11), due=at(20, 12))

    assert timeline.due == timeline.ends == at(20, 12)


def test_one_that_stopped_ends_there():
    timeline = lay_out([Spell(at(20, 10), at(20, 11))], 4 * HOUR, OFFICE, at=at(23, 9))

    assert timeline.stopped_at == timeline.ends == at(20, 11)
    assert timeline.used == HOUR


def test_one_that_never_has_so_much_time_has_no_deadline():
    once = Calendar(BERLIN, [[]] * 7, exceptions={at(20, 12).date(): [Window(9 * 60, 10 * 60)]})

    assert lay_out([Spell(at(20, 8), None)], 2 * HOUR, once, at=at(20, 12)).due is None


def test_two_years_are_told_without_their_closed_hours():
    timeline = lay_out([Spell(at(20, 10), None)], 4000 * HOUR, OFFICE, at=at(20, 11))

    assert not timeline.tells_closed
    assert len(timeline.stretches) == 2
    assert sum((one.open_time for one in timeline.stretches), timedelta()) == 4000 * HOUR


def test_of_very_many_pauses_the_latest_are_told_and_all_count():
    start, spells = at(2, 0), []
    for n in range(150):
        begins = start + n * HOUR
        spells += [Spell(begins, begins + HOUR / 2), Spell(begins + HOUR / 2, begins + HOUR, "requester")]
    end = start + 150 * HOUR

    timeline = lay_out([*spells, Spell(end, None)], 100 * HOUR, ALWAYS, at=end)

    assert len(timeline.stretches) == MOST_STRETCHES
    assert timeline.left_out == 301 - MOST_STRETCHES
    assert timeline.used == 75 * HOUR
    assert timeline.paused == {"requester": 75 * HOUR}
    assert timeline.began == start
