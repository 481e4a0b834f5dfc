"""Spans in words."""

from datetime import timedelta

import pytest

from portal.promises import spell


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (None, ""),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=30), "30 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "1 hour and 30 minutes"),
        (timedelta(hours=8), "8 hours"),
        (timedelta(days=3), "3 days"),
        (timedelta(days=1, hours=4, minutes=5), "1 day and 4 hours"),
        (timedelta(seconds=20), "1 minute"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(span, words):
    assert spell(span) == words
