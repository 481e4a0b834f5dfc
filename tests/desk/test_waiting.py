"""Snooze, await a third party, and go on, at the desk."""

from datetime import timedelta

import pytest
from django.utils.timezone import localtime, now

from accounts.models import User
from desk.deeds import offers
from desk.sidebar import Origin
from sla.models import SLAPlan
from tests import cast
from tests.desk.conftest import AtDesk, toasts, undo_of
from tickets import actions, policy
from tickets.models import Awaiting, HelpTopic, Ticket


def offered_to(agent, ticket: Ticket) -> set[str]:
    ticket = Ticket.objects.get(pk=ticket.pk)
    names = {"snooze", "wake", "await-third-party", "stop-waiting"}
    return names & set(offers(policy.standing(cast.principal(agent), ticket), ticket, Origin()))


def test_a_snooze_is_chosen_from_a_list_and_undone(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.send(ticket, "snooze", later="hour")

    ticket.refresh_from_db()
    assert timedelta(minutes=59) < ticket.snoozed_until - now() <= timedelta(hours=1)
    assert toasts(answer)[0].startswith(f"#{ticket.number} snoozed until ")
    assert "Snoozed until" in desk.look(ticket).text
    assert ticket.number in desk.client.get("/desk/queues/snoozed/").text

    desk.undo(answer)
    ticket.refresh_from_db()
    assert ticket.snoozed_until is None


def test_who_ends_a_snooze_by_mistake_gets_it_back(ticket: Ticket, desk: AtDesk) -> None:
    wanted = localtime(now() + timedelta(days=9)).replace(second=0, microsecond=0)
    desk.send(ticket, "snooze", later="own", later_at=wanted.strftime("%Y-%m-%dT%H:%M"))

    desk.undo(desk.send(ticket, "wake"))
    ticket.refresh_from_db()
    assert ticket.snoozed_until == wanted

    # Snoozed for shorter instead, and taken back.
    desk.undo(desk.send(ticket, "snooze", later="hour"))
    ticket.refresh_from_db()
    assert ticket.snoozed_until == wanted


def test_a_time_of_ones_own_is_meant_whatever_the_list_says(ticket: Ticket, desk: AtDesk) -> None:
    wanted = localtime(now() + timedelta(days=9)).replace(second=0, microsecond=0)

    desk.send(ticket, "snooze", later="hour", later_at=wanted.strftime("%Y-%m-%dT%H:%M"))

    ticket.refresh_from_db()
    assert ticket.snoozed_until == wanted


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"later": "own"}, "Say until when."),
        ({"later": "own", "later_at": "2020-01-01T09:00"}, "Choose a time within the next year."),
        ({"later": "own", "later_at": "2999-01-01T09:00"}, "Choose a time within the next year."),
        ({"later": "own", "later_at": "soon"}, "Write day and time like"),
        ({"later": "never"}, "is not one of the available choices"),
        ({}, "This field is required."),
    ],
)
def test_no_time_or_a_wrong_one_is_told(given: dict[str, str], why: str, ticket: Ticket, desk: AtDesk) -> None:
    refused = desk.send(ticket, "snooze", **given)

    ticket.refresh_from_db()
    assert (refused.status_code, ticket.snoozed_until) == (422, None)
    assert why in refused.text


def test_a_third_party_is_awaited_and_it_is_our_turn_again(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.send(ticket, "await-third-party")
    assert toasts(answer) == [f"#{ticket.number} awaits a third party"]
    assert "Awaiting a third party" in desk.look(ticket).text
    desk.undo(answer)
    assert Ticket.objects.get(pk=ticket.pk).awaiting == Awaiting.AGENT

    desk.send(ticket, "await-third-party")
    desk.undo(desk.send(ticket, "stop-waiting"))
    assert Ticket.objects.get(pk=ticket.pk).awaiting == Awaiting.THIRD_PARTY


def test_pressed_twice_no_undo_is_offered_that_would_undo_nothing(ticket: Ticket, desk: AtDesk) -> None:
    first, again = (desk.send(ticket, "await-third-party") for _time in range(2))

    assert undo_of(first)
    assert (toasts(again), undo_of(again)) == ([f"#{ticket.number} awaits a third party"], "")


@pytest.fixture
def answered(ticket: Ticket, desk: AtDesk) -> Ticket:
    """Its requester is awaited, since a reply said so."""
    actions.reply(ticket=ticket, text="Which invoice?", by=cast.principal(desk.agent), at=now())
    return ticket


def test_whoever_says_that_it_is_our_turn_takes_that_back_alone(answered: Ticket, desk: AtDesk) -> None:
    answer = desk.send(answered, "stop-waiting")
    assert Ticket.objects.get(pk=answered.pk).awaiting == Awaiting.AGENT

    undone = desk.undo(answer)

    assert toasts(undone) == [f"#{answered.number} awaits the requester"]
    assert Ticket.objects.get(pk=answered.pk).awaiting == Awaiting.REQUESTER
    assert answered.entries.filter(kind="reply").count() == 1
    assert "awaits the requester again" in desk.client.get(f"/desk/tickets/{answered.number}/history/").text


def test_awaiting_a_third_party_instead_is_taken_back_to_awaiting_the_requester(answered: Ticket, desk: AtDesk) -> None:
    desk.undo(desk.send(answered, "await-third-party"))

    assert Ticket.objects.get(pk=answered.pk).awaiting == Awaiting.REQUESTER


def test_what_would_change_nothing_is_no_button(ticket: Ticket, desk: AtDesk) -> None:
    assert offered_to(desk.agent, ticket) == {"snooze", "await-third-party"}
    desk.send(ticket, "await-third-party")
    desk.send(ticket, "snooze", later="hour")

    assert offered_to(desk.agent, ticket) == {"snooze", "wake", "stop-waiting"}


@pytest.fixture
def paused(ada: User, topic: HelpTopic, plan: SLAPlan, desk: AtDesk) -> Ticket:
    """A ticket of today that awaits a third party, for which its clocks wait."""
    plan.pauses = ["third_party:resolution", "third_party:first_response"]
    plan.save()
    ticket = cast.make_ticket(ada, topic, at=now())
    desk.send(ticket, "await-third-party")
    return ticket


def test_a_paused_clock_stands_in_the_head_and_the_queue(paused: Ticket, desk: AtDesk) -> None:
    page = desk.look(paused)
    assert "Paused: Awaiting a third party" in page.text
    # It is due at no time.
    assert page.context["due_clock"] is None
    assert "8999" not in page.text
    assert "Clock paused" in desk.client.get("/desk/queues/open/").text


def test_the_history_tells_what_paused_and_when_it_is_due_again(paused: Ticket, desk: AtDesk) -> None:
    desk.send(paused, "stop-waiting")

    told = desk.client.get(f"/desk/tickets/{paused.number}/history/").text

    assert "Resolution paused" in told
    assert "Resolution runs again, due " in told
    assert "no longer awaits a third party" in told
