"""Ticket numbers."""

import secrets
from itertools import chain, repeat

import pytest

from core.models import Numbering, SiteSettings
from tests import cast
from tickets import numbers

pytestmark = pytest.mark.django_db


def test_a_number_has_six_digits_and_tells_nothing():
    drawn = {numbers.reserve() for _ in range(50)}

    assert all(len(number) == 6 and number.isdigit() and number[0] != "0" for number in drawn)
    assert len(drawn) > 45
    assert sorted(drawn) != list(drawn)


@pytest.fixture
def dice(monkeypatch):
    """Let the dice fall as given: here, below our own code, they are the world outside."""

    def fall(*values):
        values = chain(values, repeat(7))
        monkeypatch.setattr(secrets, "randbelow", lambda below: next(values))

    return fall


def test_a_taken_number_is_drawn_again(ada, topic, dice):
    dice(1, 1, 1, 2)
    first, second = cast.make_ticket(ada, topic), cast.make_ticket(ada, topic)

    assert (first.number, second.number) == ("100001", "100002")


def test_when_crowded_numbers_grow(ada, topic, dice):
    dice(1, 1, 1, 1, 1, 5)
    first, second = cast.make_ticket(ada, topic), cast.make_ticket(ada, topic)

    assert (first.number, second.number) == ("100001", "1000005")


def test_a_sequence_counts_up_with_leading_zeros(ada, topic):
    SiteSettings.objects.update(numbering=Numbering.SEQUENCE, next_number=41, number_digits=4)

    assert [cast.make_ticket(ada, topic).number for _ in range(3)] == ["0041", "0042", "0043"]
    assert SiteSettings.load().next_number == 44


def test_a_sequence_passes_over_what_is_taken(ada, topic):
    SiteSettings.objects.update(numbering=Numbering.SEQUENCE, next_number=41)
    cast.make_ticket(ada, topic)
    SiteSettings.objects.update(next_number=41)

    assert cast.make_ticket(ada, topic).number == "000042"


# --- Help topics with numbers of their own -----------------------------------------------------------


def test_a_topic_may_put_something_before_its_numbers(ada, topic, dice):
    dice(1, 2)
    topic.number_prefix = "INV-"
    topic.save()

    assert cast.make_ticket(ada, topic).number == "INV-100001"
    assert cast.make_ticket(ada).number == "100002"


def test_a_topic_may_count_for_itself(ada, topic):
    topic.number_prefix, topic.numbering, topic.next_number = "INV-", Numbering.SEQUENCE, 7
    topic.save()
    SiteSettings.objects.update(numbering=Numbering.SEQUENCE, next_number=41)

    assert [cast.make_ticket(ada, topic).number for _ in range(2)] == ["INV-000007", "INV-000008"]
    assert cast.make_ticket(ada).number == "000041"
    topic.refresh_from_db()
    assert (topic.next_number, SiteSettings.load().next_number) == (9, 42)


def test_a_topic_may_be_random_where_the_site_counts(ada, topic, dice):
    dice(1)
    SiteSettings.objects.update(numbering=Numbering.SEQUENCE, next_number=41)
    topic.numbering = Numbering.RANDOM
    topic.save()

    assert cast.make_ticket(ada, topic).number == "100001"
    assert SiteSettings.load().next_number == 41


def test_the_default_topic_numbers_tickets_without_a_choice(ada, topic, dice):
    dice(1)
    topic.number_prefix, topic.is_default = "INV-", True
    topic.save()

    assert cast.make_ticket(ada).number == "INV-100001"


def test_the_longest_numbers_fit_and_no_longer_ones_are_tried(ada, topic, dice):
    dice(*[1] * 4)
    topic.number_prefix = "ABCDEFG-"
    topic.save()
    SiteSettings.objects.update(number_digits=12)

    assert cast.make_ticket(ada, topic).number == "ABCDEFG-100000000001"
    dice(*[1] * 3)
    with pytest.raises(RuntimeError):
        numbers.reserve(topic)
