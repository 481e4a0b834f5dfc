"""Whom a note calls by an @ and a name."""

import pytest

from tests import cast
from tickets.callouts import called


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@Grace, look.", ["Grace"]),
        ("Ask @grace hopper about it", ["Grace Hopper"]),
        ("@grace.", ["Grace"]),
        ("(@Grace Hopper) and @Ömer", ["Grace Hopper", "Ömer"]),
        ("@ÖMER", ["Ömer"]),
        ("@gh2 is her address", ["Grace Hopper"]),
        ("mail grace@grace.example", []),
        ("@Ada asked", []),
        ("@nobody", []),
        ("@", []),
        ("@gone", []),
    ],
)
def test_a_name_behind_an_at_calls_the_agent_of_that_name(grace, ada, text, who):
    hopper = cast.make_agent("Grace Hopper")
    cast.make_agent("Gone", is_active=False)
    omer = cast.make_agent("Ömer")
    type(hopper).objects.filter(pk=hopper.pk).update(email="gh2@example.com")
    people = {"Grace": grace.pk, "Grace Hopper": hopper.pk, "Ömer": omer.pk}

    assert called(text) == sorted(people[name] for name in who)


def test_a_text_full_of_ats_is_read_quickly(db):
    assert called("@a " * 100_000) == []
