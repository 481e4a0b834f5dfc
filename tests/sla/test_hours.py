"""Working time without a calendar: every hour counts. Knows no Django, as its tests do not."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sla.hours import add_working_time, working_time

BERLIN = ZoneInfo("Europe/Berlin")
moments = some.datetimes(
    min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=some.sampled_from([UTC, BERLIN])
).map(lambda moment: moment.astimezone(UTC))
spans = some.timedeltas(min_value=timedelta(0), max_value=timedelta(days=730))


def test_every_hour_counts():
    friday_evening = datetime(2026, 11, 6, 22, 0, tzinfo=UTC)

    assert add_working_time(friday_evening, timedelta(hours=4)) == datetime(2026, 11, 7, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        # The clocks go back: between these two local times lie five hours, not four.
        (datetime(2026, 10, 25, 0, 30, tzinfo=BERLIN), datetime(2026, 10, 25, 4, 30, tzinfo=BERLIN)),
        # They go forward: three hours.
        (datetime(2026, 3, 29, 0, 30, tzinfo=BERLIN), datetime(2026, 3, 29, 4, 30, tzinfo=BERLIN)),
    ],
    ids=["back", "forward"],
)
def test_what_the_rows_hold_is_utc_and_true_when_the_clocks_change(start, end):
    hours = {10: 5, 3: 3}[start.month]

    assert working_time(start.astimezone(UTC), end.astimezone(UTC)) == timedelta(hours=hours)


@settings(deadline=None)
@given(moments, spans)
def test_what_is_added_is_what_lies_between(start, span):
    assert working_time(start, add_working_time(start, span)) == span


@settings(deadline=None)
@given(moments, moments)
def test_no_time_runs_backwards(one, other):
    early, late = sorted([one, other])

    assert working_time(late, early) == timedelta(0)
    assert working_time(early, late) >= timedelta(0)


@settings(deadline=None)
@given(moments, spans, spans)
def test_a_longer_promise_ends_no_earlier(start, one, other):
    shorter, longer = sorted([one, other])

    assert add_working_time(start, shorter) <= add_working_time(start, longer)


def test_a_promise_is_not_negative():
    with pytest.raises(ValueError, match="cannot be negative"):
        add_working_time(datetime(2026, 11, 2, tzinfo=UTC), timedelta(seconds=-1))
