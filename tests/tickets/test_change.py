"""Changing priority, help topic and SLA plan."""

import pytest

from accounts.principal import Principal
from sla.models import SLAPlan
from tests import cast
from tests.cast import HOUR, MONDAY, TUESDAY
from tickets import actions
from tickets.errors import ChangedMeanwhile, NotAllowed, NotOffered
from tickets.models import Kind, Ticket


@pytest.fixture
def boss(grace):
    return Principal.agent(grace)


def reread(ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_another_priority(ticket, boss):
    low = cast.priority("Low")

    actions.change_priority(ticket=ticket, to=low, by=boss, at=TUESDAY)

    event = ticket.events.get(kind=Kind.PRIORITY_CHANGED)
    assert reread(ticket).priority == low
    assert event.data == {"to": low.pk, "from": cast.priority("High").pk}


def test_another_topic_changes_nothing_else(ticket, boss, topic, billing, plan, support):
    refunds = cast.make_topic("Refunds", department=support, sla_plan=SLAPlan.objects.get(is_default=True))

    actions.change_topic(ticket=ticket, to=refunds, by=boss, at=TUESDAY)

    ticket = reread(ticket)
    assert (ticket.topic, ticket.department, ticket.sla_plan) == (refunds, billing, plan)
    assert ticket.events.get(kind=Kind.TOPIC_CHANGED).data == {"to": refunds.pk, "from": topic.pk}


def test_a_ticket_without_a_topic_gets_one(ada, topic, ken):
    ticket = cast.make_ticket(ada, None)

    actions.change_topic(ticket=ticket, to=topic, by=Principal.agent(ken), at=TUESDAY)

    assert ticket.events.get(kind=Kind.TOPIC_CHANGED).data == {"to": topic.pk, "from": None}


def test_agents_may_choose_internal_topics(ticket, boss):
    internal = cast.make_topic("Fraud", is_public=False)

    actions.change_topic(ticket=ticket, to=internal, by=boss, at=TUESDAY)

    assert reread(ticket).topic == internal


def test_the_same_again_is_no_event(ticket, boss, topic, plan):
    actions.change_priority(ticket=ticket, to=ticket.priority, by=boss, at=TUESDAY)
    actions.change_topic(ticket=ticket, to=topic, by=boss, at=TUESDAY)
    actions.change_plan(ticket=ticket, to=plan, by=boss, at=TUESDAY)

    assert ticket.events.count() == 1
    assert not ticket.clocks.exclude(outcome="").exists()


@pytest.mark.parametrize("what", ["priority", "topic", "plan"])
def test_what_is_archived_is_refused(what, ticket, boss):
    to = {
        "priority": cast.priority("Low"),
        "topic": cast.make_topic("Refunds"),
        "plan": cast.make_plan("Slow", resolution=HOUR),
    }[what]
    to.archived_at = MONDAY
    to.save()

    with pytest.raises(NotAllowed, match="is archived"):
        getattr(actions, f"change_{what}")(ticket=ticket, to=to, by=boss, at=TUESDAY)


@pytest.mark.parametrize("what", ["priority", "topic", "plan"])
def test_what_happened_meanwhile_is_told_first(what, ticket, boss, billing):
    actions.claim(ticket=ticket, by=Principal.agent(cast.make_agent("Asta", billing)), at=MONDAY)
    to = {
        "priority": cast.priority("Low"),
        "topic": cast.make_topic("Refunds"),
        "plan": cast.make_plan("Slow", resolution=HOUR),
    }[what]

    with pytest.raises(ChangedMeanwhile):
        getattr(actions, f"change_{what}")(ticket=ticket, to=to, by=boss, at=TUESDAY, seen=1)


# --- Another plan -----------------------------------------------------------------------------------


def running(ticket) -> dict[str, tuple]:
    return {clock.target: (clock.started_at, clock.deadline_at) for clock in ticket.clocks.running()}


def test_running_clocks_count_as_if_the_plan_had_held_since_they_started(ticket, boss):
    slow = cast.make_plan("Slow", first_response=2 * HOUR, resolution=10 * HOUR)

    actions.change_plan(ticket=ticket, to=slow, by=boss, at=MONDAY + HOUR / 2)

    assert running(ticket) == {
        "first_response": (MONDAY, MONDAY + 2 * HOUR),
        "resolution": (MONDAY, MONDAY + 10 * HOUR),
    }
    assert ticket.clocks.filter(outcome="cancelled", stopped_at=MONDAY + HOUR / 2).count() == 2
    assert reread(ticket).next_due_at == MONDAY + 2 * HOUR


def test_the_event_says_what_is_promised_now(ticket, boss, plan):
    slow = cast.make_plan("Slow", resolution=10 * HOUR)

    actions.change_plan(ticket=ticket, to=slow, by=boss, at=MONDAY)

    data = ticket.events.get(kind=Kind.PLAN_CHANGED).data
    assert (data["to"], data["from"]) == (slow.pk, plan.pk)
    assert data["clocks"] == [{"target": "resolution", "deadline": (MONDAY + 10 * HOUR).isoformat()}]


def test_what_was_kept_stays_kept(ticket, boss):
    actions.reply(ticket=ticket, text="Hello.", by=boss, at=MONDAY + HOUR / 2)
    fast = cast.make_plan("Fast", first_response=HOUR / 6, resolution=HOUR)

    actions.change_plan(ticket=ticket, to=fast, by=boss, at=MONDAY + HOUR)

    assert ticket.clocks.get(target="first_response").outcome == "met"
    assert set(running(ticket)) == {"resolution"}


def test_a_promise_already_broken_under_the_new_plan_is_due_at_once(ticket, boss):
    fast = cast.make_plan("Fast", first_response=HOUR / 6)

    actions.change_plan(ticket=ticket, to=fast, by=boss, at=MONDAY + HOUR / 2)

    clock = ticket.clocks.running().get()
    assert clock.due_at < MONDAY + HOUR / 2
    assert list(Ticket.objects.overdue(MONDAY + HOUR / 2)) == [ticket]


def test_a_promise_that_is_new_starts_with_the_ticket_or_its_last_reopening(ada, boss, billing):
    topic = cast.make_topic("No plan", department=billing)
    SLAPlan.objects.update(is_default=False)
    fresh, back = cast.make_ticket(ada, topic), cast.make_ticket(ada, topic)
    actions.reply_and_resolve(ticket=back, text="Done.", by=boss, at=MONDAY)
    actions.reopen(ticket=back, by=boss, at=TUESDAY)
    plan = cast.make_plan("New", resolution=4 * HOUR)

    for ticket in (fresh, back):
        actions.change_plan(ticket=ticket, to=plan, by=boss, at=TUESDAY + HOUR)

    assert running(fresh) == {"resolution": (MONDAY, MONDAY + 4 * HOUR)}
    assert running(back) == {"resolution": (TUESDAY, TUESDAY + 4 * HOUR)}


def test_a_waiting_next_response_goes_under_the_new_plan_too(ada, boss, billing):
    old, new = cast.make_plan("Old", next_response=HOUR), cast.make_plan("New", next_response=3 * HOUR)
    ticket = cast.make_ticket(ada, cast.make_topic("Next", department=billing, sla_plan=old))
    actions.reply(ticket=ticket, text="Hello.", by=boss, at=MONDAY)
    actions.add_message(
        ticket=ticket, address=cast.address_for(ada), text="And?", source="web", by=cast.principal(ada), at=TUESDAY
    )

    actions.change_plan(ticket=ticket, to=new, by=boss, at=TUESDAY + HOUR / 2)

    assert running(ticket) == {"next_response": (TUESDAY, TUESDAY + 3 * HOUR)}


def test_a_plan_that_promises_nothing_is_not_offered(ticket, boss):
    with pytest.raises(NotOffered, match="promises nothing"):
        actions.change_plan(ticket=ticket, to=cast.make_plan("Empty"), by=boss, at=TUESDAY)

    assert ticket.clocks.running().count() == 2
