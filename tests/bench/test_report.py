"""What script/bench run says of its figures, and which databases it leaves alone."""

import pytest

from bench import databases, report
from bench.databases import Trouble

MS = 1_000_000

pytestmark = pytest.mark.once


def figures(*milliseconds: float) -> dict[str, list[int]]:
    """Return figures of which Python spent half a millisecond each, and PostgreSQL the rest."""
    return {
        "python": [MS // 2 for _one in milliseconds],
        "postgresql": [int(one * MS) - MS // 2 for one in milliseconds],
        "wall": [int(one * MS) for one in milliseconds],
    }


def scenario(target: dict[str, object]) -> dict[str, object]:
    """A new mail costs 10 ms in the small database and 13 in the large one, where a reply costs 12."""
    given = {"case": "new", "most_ms": None, "most_times": None, "over": "", "of_wall": False} | target
    small = {"tickets": 10, "figures": {"new": figures(9, 10, 30), "reply": figures(8, 10, 11)}}
    large = {"tickets": 1_000, "figures": {"new": figures(13, 12, 14), "reply": figures(12)}}
    return {"targets": [given], "databases": [small, large]}


def test_what_a_time_cost_is_python_and_postgresql_together():
    assert report.totals(figures(9, 10.5)) == [9.0, 10.5]


def test_a_median_is_held_against_its_target_in_each_database():
    assert report.verdicts(scenario({"most_ms": 12.0})) == [
        "met: new, 10 tickets: 10.0 ms of 12",
        "**not met**: new, 1,000 tickets: 13.0 ms of 12",
    ]


def test_what_takes_less_than_a_millisecond_is_told_in_microseconds():
    brief = {"tickets": 10, "figures": {"new": {"python": [62_300], "postgresql": [0], "wall": [70_000]}}}
    targets = scenario({"most_ms": 0.1})["targets"]

    assert report.verdicts({"targets": targets, "databases": [brief]}) == ["met: new, 10 tickets: 0.062 ms of 0.1"]


def test_growth_is_over_the_smallest_database():
    assert report.verdicts(scenario({"most_times": 1.25})) == [
        "**not met**: new, 1,000 tickets: 1.30 times its cost with 10, of 1.25"
    ]


def test_one_case_is_held_against_another_in_the_same_database():
    assert report.verdicts(scenario({"case": "reply", "most_times": 1.25, "over": "new"})) == [
        "met: reply, 10 tickets: 1.00 times the cost of new, of 1.25",
        "met: reply, 1,000 tickets: 0.92 times the cost of new, of 1.25",
    ]


def test_one_case_is_held_against_how_long_another_took():
    slow = {"tickets": 10, "figures": {"new": figures(1), "reply": figures(1) | {"wall": [12 * MS]}}}
    targets = scenario({"case": "reply", "most_times": 1.1, "over": "new", "of_wall": True})["targets"]

    assert report.verdicts({"targets": targets, "databases": [slow]}) == [
        "**not met**: reply, 10 tickets: 12.00 times as long as new, of 1.1"
    ]


def test_a_server_elsewhere_is_not_measured(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@db.example.com:5432/helpdesk")

    with pytest.raises(Trouble, match=r"db\.example\.com"):
        databases.require_local()


@pytest.mark.parametrize("name", ["Bench", "bench;drop", "", "1st", "a" * 60])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(Trouble):
        databases.require_name(name)
