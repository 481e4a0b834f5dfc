"""Working time against a judge that looks at the clock once a minute: made-up calendars, zones, years 1990 to 2060.

The ordinary run takes the same sample each time; with --long there are many more, others each time.
"""

from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from sla.hours import NeverUsedUp, add_working_time, is_open, next_opening, segments, working_time
from sla.hours.reading import calendar_of
from tests.sla.calendars import asked
from tests.sla.oracle import Minutes

# The large samples take minutes each, beside other work many.
pytestmark = [pytest.mark.once, pytest.mark.timeout(3600)]

DAYS = 8
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
ZERO = timedelta(0)
within = some.timedeltas(ZERO, timedelta(days=DAYS))
whole_minutes = some.integers(0, DAYS * 24 * 60).map(lambda n: n * MINUTE)
moments = some.one_of(whole_minutes, within)
spans = some.one_of(some.integers(0, 60 * 60).map(lambda n: n * MINUTE), some.timedeltas(ZERO, timedelta(hours=60)))


def run(test, long_run: bool, *, short: int = 30, long: int = 2000) -> None:
    """Run a property: a small sample that is always the same one, or a large one."""
    phases = [Phase.explicit, Phase.generate, Phase.shrink]
    unhurried = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings(
        max_examples=long if long_run else short,
        derandomize=not long_run,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=unhurried,
    )(test)()


def test_it_counts_as_the_judge_does(long_run):
    @given(asked(), moments, moments, spans)
    def agrees(world, one, other, span):
        calendar, begin = calendar_of(world[0]), world[1]
        judge = Minutes(world[0], begin, DAYS)
        start, end = begin + min(one, other), begin + max(one, other)

        judged = judge.segments(start, end)
        assert list(segments(start, end, calendar)) == judged
        used = ZERO
        for opens, closes in judged:
            used += closes - opens
            assert due(start, used, calendar) == closes
        assert working_time(start, end, calendar) == used
        if start < begin + timedelta(days=DAYS):
            assert is_open(start, calendar) is judge.open_at(start)
        last = begin + timedelta(days=DAYS)
        # An opening at the end of its time the judge does not see any more.
        assert until(last - MICROSECOND, next_opening(start, calendar)) == judge.opening(start)
        assert until(last, due(start, span, calendar)) == until(last, judge.due(start, span))

    run(agrees, long_run)


def test_what_is_added_is_what_lies_between_and_no_earlier_moment_has_it(long_run):
    @given(asked(), within, spans)
    def comes_back(world, after, span):
        calendar, start = calendar_of(world[0]), world[1] + after
        if (end := due(start, span, calendar)) is not None:
            assert working_time(start, end, calendar) == span
            assert not span or working_time(start, end - MICROSECOND, calendar) < span

    run(comes_back, long_run, short=60)


def test_what_a_closing_uses_up_is_due_then_however_far_it_is(long_run):
    @given(asked(), within, some.integers(0, 120), some.integers(1, 9))
    def is_due(world, after, days, number):
        calendar, start = calendar_of(world[0]), world[1] + after
        since = start + timedelta(days=days)
        if found := list(islice(segments(since, since + timedelta(days=20), calendar), number)):
            _opens, closes = found[-1]
            assert due(start, working_time(start, closes, calendar), calendar) == closes

    run(is_due, long_run, short=60)


def test_more_or_later_is_never_due_earlier(long_run):
    @given(asked(), within, within, spans, spans)
    def in_order(world, one, other, less, more):
        calendar, begin = calendar_of(world[0]), world[1]
        early, late = begin + min(one, other), begin + max(one, other)
        less, more = min(less, more), max(less, more)

        latest = due(late, more, calendar)
        assert latest is None or due(early, more, calendar) <= latest
        assert latest is None or due(late, less, calendar) <= latest

    run(in_order, long_run, short=60)


def test_the_parts_of_a_time_add_up_to_it(long_run):
    @given(asked(), some.lists(some.timedeltas(ZERO, timedelta(days=1500)), min_size=3, max_size=3), spans, spans)
    def add_up(world, cuts, one, other):
        calendar, begin = calendar_of(world[0]), world[1]
        first, middle, last = (begin + cut for cut in sorted(cuts))

        whole = working_time(first, last, calendar)
        assert working_time(first, middle, calendar) + working_time(middle, last, calendar) == whole
        assert sum((closes - opens for opens, closes in segments(first, last, calendar)), ZERO) == whole
        between = due(begin, one, calendar)
        if between is not None:
            assert due(between, other, calendar) == due(begin, one + other, calendar)

    run(add_up, long_run, short=60)


def due(start, span, calendar):
    try:
        return add_working_time(start, span, calendar)
    except NeverUsedUp:
        return None


def until(last, moment):
    """Return the moment, unless it is later than the judge looks."""
    return moment if moment is not None and moment <= last else None
