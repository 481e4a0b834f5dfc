"""A reply that says what an internal note says is noticed before it is sent."""

import pytest

from accounts.models import User
from tests import cast
from tests.cast import TUESDAY
from tickets import actions
from tickets.models import Source, Ticket
from tickets.quoting import quoted_notes

NOTE = "The customer was rude on the phone, so let us not hurry: the refund can wait until Friday.\nKen knows."

pytestmark = pytest.mark.django_db


@pytest.fixture
def noted(ticket: Ticket, grace: User) -> Ticket:
    actions.add_note(ticket=ticket, text=NOTE, by=cast.principal(grace), at=TUESDAY)
    return ticket


def test_eight_words_in_a_row_are_noticed_whatever_their_case_and_line_ends(noted: Ticket) -> None:
    [leak] = quoted_notes(noted, "Dear Ada,\nSO LET US\nnot hurry – the refund can wait until friday! Yours")

    assert leak.author == "Grace"
    assert leak.passage == "so let us not hurry: the refund can wait until Friday"


@pytest.mark.parametrize(
    "text",
    ["The refund can wait until next week.", "Ken knows.", "", "so let us not hurry the refund", "hurry " * 5_000],
)
def test_fewer_words_are_no_quotation(noted: Ticket, text: str) -> None:
    assert quoted_notes(noted, text) == []


def test_a_short_note_is_noticed_as_a_whole(ticket: Ticket, grace: User) -> None:
    actions.add_note(ticket=ticket, text="Password: correct horse battery", by=cast.principal(grace), at=TUESDAY)

    [leak] = quoted_notes(ticket, "Use this. Password:\n\ncorrect horse battery")
    assert leak.passage == "Password: correct horse battery"
    assert quoted_notes(ticket, "Use this. Password: correct horse") == []


def test_what_the_public_thread_says_too_is_no_secret(noted: Ticket, ada: User, grace: User) -> None:
    said = "Did you really say: so let us not hurry: the refund can wait until Friday?"
    actions.add_message(
        ticket=noted,
        address=cast.address_for(ada),
        text=said,
        source=Source.WEB,
        by=cast.principal(ada),
        at=TUESDAY,
    )

    assert quoted_notes(noted, "You said: so let us not hurry: the refund can wait until Friday") == []


def test_what_was_told_is_not_told_again(noted: Ticket) -> None:
    words = "let us not hurry: the refund can wait until Friday"
    [leak] = quoted_notes(noted, words)

    assert quoted_notes(noted, words, told=[leak.key]) == []


def test_the_notes_of_other_tickets_are_not_looked_at(noted: Ticket, ada: User) -> None:
    other = cast.make_ticket(ada, noted.topic)

    assert quoted_notes(other, NOTE) == []


def test_a_long_thread_costs_no_more_queries(noted: Ticket, grace: User, django_assert_num_queries: object) -> None:
    for n in range(5):
        actions.add_note(ticket=noted, text=f"{NOTE} {n}", by=cast.principal(grace), at=TUESDAY)

    with django_assert_num_queries(1):
        assert len(quoted_notes(noted, NOTE)) == 5
