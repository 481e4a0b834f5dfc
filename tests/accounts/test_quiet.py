"""Quiet hours: when they end, by weekday and in the agent's zone. No database."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from accounts.quiet import quiet_until

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = {str(day): ["22:00", "07:00"] for day in range(7)}
WEEKEND = {"4": ["18:00", "00:00"], "5": ["00:00", "00:00"], "6": ["00:00", "00:00"], "0": ["00:00", "08:00"]}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "moment", "until"),
    [
        (NIGHTS, "2026-11-02T21:59", None),
        (NIGHTS, "2026-11-02T22:00", "2026-11-03T07:00"),
        (NIGHTS, "2026-11-03T06:59", "2026-11-03T07:00"),
        (NIGHTS, "2026-11-03T07:00", None),
        ({"0": ["12:00", "13:00"]}, "2026-11-02T12:30", "2026-11-02T13:00"),
        ({"0": ["12:00", "13:00"]}, "2026-11-03T12:30", None),
        # Monday's night reaches into Tuesday, which has none.
        ({"0": ["22:00", "07:00"]}, "2026-11-03T03:00", "2026-11-03T07:00"),
        # Times without a gap between them are one.
        (WEEKEND, "2026-11-06T18:00", "2026-11-09T08:00"),
        (WEEKEND, "2026-11-08T12:00", "2026-11-09T08:00"),
        ({}, "2026-11-02T22:00", None),
        # The night in which clocks go back, and the one in which they go forward.
        (NIGHTS, "2026-10-24T23:00", "2026-10-25T07:00"),
        (NIGHTS, "2026-03-29T03:30", "2026-03-29T07:00"),
    ],
)
def test_quiet_hours_end_when_the_agent_says(hours, moment, until):
    assert quiet_until(hours, BERLIN, at(moment)) == (at(until) if until else None)


def test_the_zone_is_the_agent_s():
    noon = datetime(2026, 11, 2, 12, tzinfo=UTC)

    assert quiet_until(NIGHTS, ZoneInfo("Asia/Tokyo"), noon) is None
    assert quiet_until(NIGHTS, ZoneInfo("Pacific/Auckland"), noon) == datetime(2026, 11, 2, 18, tzinfo=UTC)


def test_who_is_quiet_always_is_told_after_two_weeks():
    always = {str(day): ["00:00", "00:00"] for day in range(7)}

    assert quiet_until(always, UTC, datetime(2026, 11, 2, tzinfo=UTC)) == datetime(2026, 11, 16, tzinfo=UTC)
