"""Changing priority, help topic, SLA plan and source."""

import pytest

from accounts.principal import Principal
from sla.models import SLAPlan
from tests import cast
from tests.cast import HOUR, MONDAY, TUESDAY
from tickets import actions
from tickets.errors import ChangedMeanwhile, NotAllowed, NotOffered
from tickets.models import Kind, Source, Ticket


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


def test_another_source_leaves_what_was_written_as_it_came(ticket, boss):
    actions.change_source(ticket=ticket, to=Source.OTHER, by=boss, at=TUESDAY)
    actions.change_source(ticket=ticket, to=Source.OTHER, by=boss, at=TUESDAY)

    assert reread(ticket).source == Source.OTHER
    assert ticket.entries.get().source == Source.WEB
    assert ticket.events.get(kind=Kind.SOURCE_CHANGED).data == {"to": "other", "from": "web"}


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
    assert ticket.clocks.count() == 2
    assert reread(ticket).next_due_at == MONDAY + 2 * HOUR


def test_the_event_says_what_is_promised_now(ticket, boss, plan):
    slow = cast.make_plan("Slow", resolution=10 * HOUR)

    actions.change_plan(ticket=ticket, to=slow, by=boss, at=MONDAY)

    data = ticket.events.get(kind=Kind.PLAN_CHANGED).data
    assert (data["to"], data["from"]) == (slow.pk, plan.pk)
    assert [(told["target"], told["did"], told["deadline"]) for told in data["clocks"]] == [
        ("first_response", "cancelled", (MONDAY + HOUR).isoformat()),
        ("resolution", "changed", (MONDAY + 10 * HOUR).isoformat()),
    ]
    assert data["clocks"][1] | {"within": 36_000.0, "plan": slow.pk, "hours": None} == data["clocks"][1]


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


# --- A plan that gives way --------------------------------------------------------------------------


@pytest.fixture
def transient(plan):
    plan.is_transient = True
    plan.save()
    return plan


def plans_of(ticket) -> list[tuple]:
    told = ticket.events.filter(kind=Kind.PLAN_CHANGED)
    return [(event.by, event.cause, event.data["from"], event.data["to"]) for event in told]


def test_a_transfer_replaces_a_transient_plan_by_the_departments(ticket, transient, boss, support):
    support.sla_plan = cast.make_plan("Of Support", resolution=10 * HOUR)
    support.save()

    actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY + HOUR / 2)

    assert reread(ticket).sla_plan == support.sla_plan
    assert running(ticket) == {"resolution": (MONDAY, MONDAY + 10 * HOUR)}
    assert plans_of(ticket) == [(None, "routing", transient.pk, support.sla_plan_id)]
    moved, changed = ticket.events.filter(kind__in=[Kind.TRANSFERRED, Kind.PLAN_CHANGED]).order_by("number")
    assert (moved.kind, moved.deed) == (Kind.TRANSFERRED, changed.deed)


def test_where_the_department_has_none_the_topics_holds_again(ticket, transient, boss, support, topic):
    """An agent had put it under another one, which is transient, too."""
    other = cast.make_plan("Other", resolution=HOUR)
    other.is_transient = True
    other.save()
    actions.change_plan(ticket=ticket, to=other, by=boss, at=MONDAY)

    actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY)

    assert reread(ticket).sla_plan == topic.sla_plan == transient


def test_another_topic_replaces_a_transient_plan_by_its_own(ticket, transient, boss, billing):
    billing.sla_plan = cast.make_plan("Of Billing", resolution=9 * HOUR)
    billing.save()
    fast = cast.make_plan("Of Refunds", resolution=2 * HOUR)

    actions.change_topic(ticket=ticket, to=cast.make_topic("Refunds", sla_plan=fast), by=boss, at=MONDAY)

    assert reread(ticket).sla_plan == fast
    assert running(ticket) == {"resolution": (MONDAY, MONDAY + 2 * HOUR)}


@pytest.mark.parametrize("deed", ["transfer", "topic"])
def test_a_plan_that_is_not_transient_stays(deed, ticket, plan, boss, support):
    support.sla_plan = cast.make_plan("Of Support", resolution=10 * HOUR)
    support.save()

    if deed == "transfer":
        actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY)
    else:
        other = cast.make_topic("Refunds", sla_plan=support.sla_plan)
        actions.change_topic(ticket=ticket, to=other, by=boss, at=MONDAY)

    assert reread(ticket).sla_plan == plan
    assert plans_of(ticket) == []


def test_one_that_promises_nothing_replaces_none(ticket, transient, boss, support):
    support.sla_plan = cast.make_plan("Empty")
    support.save()

    actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY)

    assert reread(ticket).sla_plan == transient


def test_an_archived_one_is_passed_over(ticket, transient, boss):
    gone = cast.make_plan("Gone", resolution=HOUR)
    gone.archived_at = MONDAY
    gone.save()

    actions.change_topic(ticket=ticket, to=cast.make_topic("Refunds", sla_plan=gone), by=boss, at=MONDAY)

    assert reread(ticket).sla_plan.is_default
