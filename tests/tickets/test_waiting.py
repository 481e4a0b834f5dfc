"""Snooze, wait for a third party, and what ends either."""

from uuid import uuid4

import pytest

from tests import cast
from tests.cast import DAY, HOUR, MONDAY, TUESDAY
from tickets import actions
from tickets.actions.waiting import LONGEST_SNOOZE
from tickets.errors import ChangedMeanwhile, NotAllowed, NotOffered
from tickets.models import Awaiting, Kind, Ticket
from tickets.queues import BY_SLUG, Due, due_group


@pytest.fixture
def boss(grace):
    return cast.principal(grace)


@pytest.fixture
def snoozed(ticket, boss):
    return actions.snooze(ticket=ticket, until=MONDAY + DAY, by=boss, at=MONDAY)


def reread(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def found_in(by, at):
    slugs = ("open", "mine", "unassigned", "overdue", "snoozed", "awaiting-requester", "awaiting-third-party")
    return {slug for slug in slugs if BY_SLUG[slug].tickets(by, at).exists()}


def say(ticket, ada):
    given = {"text": "And?", "source": "web", "by": cast.principal(ada), "at": MONDAY + HOUR}
    return actions.add_message(ticket=ticket, address=cast.address_for(ada), **given)


def test_a_snoozed_ticket_is_out_of_the_way_until_then(snoozed, boss):
    assert found_in(boss, MONDAY + HOUR / 2) == {"snoozed"}
    # Also where no worker runs.
    assert found_in(boss, MONDAY + DAY) == {"open", "unassigned", "overdue"}


def test_a_broken_promise_shows_while_it_sleeps(snoozed, boss):
    assert found_in(boss, MONDAY + 2 * HOUR) == {"snoozed", "overdue"}


def test_it_comes_back_by_itself_once(snoozed):
    timer, claim = snoozed.timers.get(), uuid4()
    snoozed.timers.update(claim=claim)

    for _n in range(2):
        actions.let_time_act(timer=timer, claim=claim, at=MONDAY + DAY)

    event = snoozed.events.get(kind=Kind.WOKEN)
    assert (event.by, event.cause, reread(snoozed).snoozed_until) == (None, "timer:snooze", None)
    assert not snoozed.timers.exists()


def test_looked_at_too_early_it_sleeps_on(snoozed):
    timer, claim = snoozed.timers.get(), uuid4()
    snoozed.timers.update(claim=claim)

    actions.let_time_act(timer=timer, claim=claim, at=MONDAY + HOUR)

    assert reread(snoozed).snoozed_until == MONDAY + DAY
    assert snoozed.timers.get().due_at == MONDAY + DAY


def test_snoozed_anew_it_sleeps_until_then_and_the_same_time_is_no_event(snoozed, boss):
    actions.snooze(ticket=snoozed, until=MONDAY + 2 * DAY, by=boss, at=MONDAY)
    actions.snooze(ticket=snoozed, until=MONDAY + 2 * DAY, by=boss, at=MONDAY)

    assert snoozed.timers.get().due_at == MONDAY + 2 * DAY
    assert snoozed.events.filter(kind=Kind.SNOOZED).count() == 2


@pytest.mark.parametrize("until", [MONDAY, MONDAY - HOUR, MONDAY + LONGEST_SNOOZE + HOUR])
def test_a_time_that_is_over_or_too_far_is_refused(until, ticket, boss):
    with pytest.raises(NotOffered, match="within the next year"):
        actions.snooze(ticket=ticket, until=until, by=boss, at=MONDAY)


def test_a_message_ends_every_wait(snoozed, boss, ada):
    actions.await_third_party(ticket=snoozed, by=boss, at=MONDAY)

    say(snoozed, ada)

    ticket = reread(snoozed)
    assert (ticket.snoozed_until, ticket.awaiting) == (None, Awaiting.AGENT)
    assert not ticket.timers.exists()


@pytest.mark.parametrize("deed", ["transfer", "resolve", "close_unresolved", "wake"])
def test_these_end_a_snooze(deed, snoozed, boss, support):
    given = {"transfer": {"to": support}, "resolve": {"resolution": "Done."}, "close_unresolved": {"reason": "spam"}}
    getattr(actions, deed)(ticket=snoozed, by=boss, at=MONDAY + HOUR, **given.get(deed, {}))

    assert reread(snoozed).snoozed_until is None
    assert not snoozed.timers.filter(kind="wake").exists()


def test_a_third_party_is_awaited_until_it_is_our_turn(ticket, boss):
    actions.await_third_party(ticket=ticket, by=boss, at=MONDAY)
    actions.await_third_party(ticket=ticket, by=boss, at=MONDAY)
    assert found_in(boss, MONDAY + HOUR / 2) == {"open", "unassigned", "awaiting-third-party"}

    actions.stop_waiting(ticket=ticket, by=boss, at=MONDAY + HOUR / 2)

    assert reread(ticket).awaiting == Awaiting.AGENT
    told = ticket.events.filter(kind__in=[Kind.WAIT_BEGUN, Kind.WAIT_ENDED]).order_by("number")
    assert [(event.kind, event.data["wait"]) for event in told] == [
        ("wait_begun", "third_party"),
        ("wait_ended", "third_party"),
    ]


def test_the_requester_is_awaited_again_and_the_clocks_pause_as_they_did(ticket, boss, plan):
    plan.pauses = ["requester:resolution"]
    plan.save()
    actions.reply(ticket=ticket, text="Which invoice?", by=boss, at=MONDAY)
    actions.stop_waiting(ticket=ticket, by=boss, at=MONDAY + HOUR / 4)
    assert ticket.clocks.get(target="resolution").paused_by == ""

    for _n in range(2):
        actions.await_requester(ticket=ticket, by=boss, at=MONDAY + HOUR / 2)

    assert reread(ticket).awaiting == Awaiting.REQUESTER
    assert ticket.clocks.get(target="resolution").paused_by == "requester"
    assert ticket.events.get(kind=Kind.WAIT_BEGUN).data["wait"] == "requester"


def test_the_requester_need_not_be_awaited_either(ticket, boss):
    actions.reply(ticket=ticket, text="Which one?", by=boss, at=MONDAY)

    actions.stop_waiting(ticket=ticket, by=boss, at=TUESDAY)

    assert (reread(ticket).awaiting, ticket.events.latest("number").data["wait"]) == ("agent", "requester")


def test_what_is_not_waited_for_cannot_be_ended(ticket, boss):
    with pytest.raises(NotAllowed, match="not snoozed"):
        actions.wake(ticket=ticket, by=boss, at=MONDAY)
    with pytest.raises(NotAllowed, match="your turn already"):
        actions.stop_waiting(ticket=ticket, by=boss, at=MONDAY)


def test_what_happened_meanwhile_is_told_first(ticket, boss, ada):
    seen = ticket.last_event_number
    say(ticket, ada)

    with pytest.raises(ChangedMeanwhile):
        actions.snooze(ticket=ticket, until=TUESDAY, by=boss, at=MONDAY + HOUR, seen=seen)


def test_a_paused_clock_is_looked_at_by_nobody_and_sorts_after_every_deadline(ticket, boss, plan):
    plan.pauses = ["snoozed:first_response", "snoozed:resolution"]
    plan.save()

    actions.snooze(ticket=ticket, until=TUESDAY, by=boss, at=MONDAY)

    assert not ticket.clocks.exclude(due_at=None).exists()
    assert due_group(reread(ticket).next_due_at, MONDAY) == Due.PAUSED
    assert not Ticket.objects.overdue(TUESDAY).exists()
