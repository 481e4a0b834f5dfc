"""Times as people write them."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from core import durations
from core.fields import DurationField

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("4h", timedelta(hours=4)),
        ("3d 12h", timedelta(days=3, hours=12)),
        ("1h30m", timedelta(minutes=90)),
        (" 2 Weeks ", timedelta(days=14)),
        ("1 day, 2 hours", timedelta(hours=26)),
        ("90 minutes", timedelta(minutes=90)),
        ("45s", timedelta(seconds=45)),
        ("٤h", timedelta(hours=4)),
    ],
)
def test_what_people_write_is_read(text, span):
    assert durations.parse(text) == span


@pytest.mark.parametrize("text", ["", "4", "h", "-4h", "4h 4h", "1.5h", "04:00:00", "4 fortnights", "4h x"])
def test_everything_else_is_refused(text):
    with pytest.raises(ValueError, match="not a time"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(hours=84), "3d 12h"),
        (timedelta(minutes=90), "1h 30m"),
        (timedelta(0), "0m"),
        (timedelta(days=14), "14d"),
        (timedelta(hours=1, seconds=1), "1h 1s"),
    ],
)
def test_times_are_written_so_that_they_read_back_the_same(span, text):
    assert durations.spell(span) == text
    assert durations.parse(text) == span


def test_a_form_shows_a_time_as_people_write_it():
    assert DurationField().prepare_value(timedelta(days=3)) == "3d"


@pytest.mark.parametrize("text", ["soon", "99999w"])
def test_a_form_says_how_to_write_a_time(text):
    with pytest.raises(ValidationError, match="Write a time like 30m, 4h or 3d 12h"):
        DurationField().clean(text)


def test_a_form_takes_nothing_for_nothing():
    assert DurationField(required=False).clean("") is None


def test_a_time_typed_differently_is_no_change():
    assert not DurationField().has_changed(timedelta(hours=90), "3d 18h")
