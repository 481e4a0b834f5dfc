"""Where a new ticket goes, and why."""

import pytest

from sla.models import SLAPlan
from tests import cast
from tests.cast import HOUR, MONDAY
from tickets.models import Cause, Department, HelpTopic, Kind, Status
from tickets.models.department import AssignableTo
from tickets.routing import route

pytestmark = pytest.mark.django_db


def test_the_topic_comes_first(topic, billing, plan):
    chosen = route(topic)

    assert (chosen.department, chosen.priority.name, chosen.sla_plan) == (billing, "High", plan)
    assert {why["why"] for why in chosen.reasons.values()} == {"topic"}


def test_then_the_departments_plan(billing):
    billing.sla_plan = cast.make_plan("Billing's", resolution=HOUR)

    chosen = route(cast.make_topic("Refunds", department=billing))

    assert chosen.sla_plan == billing.sla_plan
    assert chosen.reasons["sla_plan"] == {"to": billing.sla_plan.pk, "why": "department", "by": billing.pk}


def test_then_the_defaults(support):
    chosen = route(cast.make_topic("Anything"))

    assert (chosen.department, chosen.priority.name) == (support, "Normal")
    assert chosen.sla_plan.is_default
    assert {why["why"] for why in chosen.reasons.values()} == {"default"}


@pytest.mark.parametrize("field", ["department", "priority", "sla_plan"])
def test_what_is_archived_is_passed_over(field, topic):
    getattr(topic, field).archived_at = MONDAY

    chosen = route(topic)

    assert chosen.reasons[field]["why"] == "default"
    assert getattr(chosen, field).archived_at is None


def test_there_may_be_no_plan_at_all(billing):
    SLAPlan.objects.update(is_default=False)

    chosen = route(cast.make_topic("Refunds", department=billing))

    assert chosen.sla_plan is None
    assert "sla_plan" not in chosen.reasons


def test_without_a_default_department_there_is_nowhere_to_go():
    Department.objects.update(is_default=False)

    with pytest.raises(Department.DoesNotExist):
        route(None)


def test_what_is_disabled_is_passed_over(topic, billing, support):
    billing.disabled_at = MONDAY
    topic.department = billing

    assert route(topic).department == support


# --- Whose it is -----------------------------------------------------------------------------------


def test_the_topic_may_give_it_to_an_agent_or_a_team(topic, grace, accountants):
    topic.assignee = grace
    to_grace = route(topic)
    topic.assignee, topic.team = None, accountants
    to_team = route(topic)

    assert (to_grace.holder, to_team.holder) == (grace, accountants)
    assert to_grace.reasons["assignee"] == {"to": grace.pk, "why": "topic", "by": topic.pk}
    assert to_team.reasons["team"] == {"to": accountants.pk, "why": "topic", "by": topic.pk}


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"is_active": False}, "gone"), ({"is_agent": False}, "gone"), ({"on_vacation": True}, "vacation")],
)
def test_who_cannot_have_it_is_skipped_with_the_reason(topic, grace, fields, why):
    for field, value in fields.items():
        setattr(grace, field, value)
    grace.save()
    topic.assignee = grace

    chosen = route(topic)

    assert chosen.holder is None
    assert chosen.reasons["assignee"] == {"to": grace.pk, "why": "topic", "by": topic.pk, "skipped": why}


@pytest.mark.parametrize(
    ("circle", "may_have"),
    [
        (AssignableTo.PRIMARY, {"primary": True, "member": False, "stranger": False}),
        (AssignableTo.MEMBERS, {"primary": True, "member": True, "stranger": False}),
        (AssignableTo.EVERYONE, {"primary": True, "member": True, "stranger": True}),
    ],
)
def test_the_department_says_who_may_be_given_its_tickets(topic, billing, grace, linus, circle, may_have):
    member = cast.make_agent("Mia", billing)
    grace.department_access.update(is_primary=True)
    billing.assignable_to = circle

    for name, agent in {"primary": grace, "member": member, "stranger": linus}.items():
        topic.assignee, topic.department = agent, billing
        chosen = route(topic)

        assert (chosen.holder == agent) is may_have[name], name
        assert chosen.reasons["assignee"].get("skipped") == (None if may_have[name] else "not_in_department")


def test_a_team_that_is_archived_or_away_is_skipped(topic, grace, accountants):
    topic.team = accountants
    grace.on_vacation = True
    grace.save()
    away = route(topic)
    accountants.archived_at = MONDAY
    archived = route(topic)

    assert (away.holder, archived.holder) == (None, None)
    assert away.reasons["team"]["skipped"] == "nobody_there"
    assert archived.reasons["team"]["skipped"] == "gone"


def test_routed_to_somebody_it_is_assigned_by_the_help_desk_in_the_same_deed(ada, topic, grace):
    topic.assignee = grace
    topic.save()

    ticket = cast.make_ticket(ada, topic)

    opened, assigned = ticket.events.order_by("number")
    assert (ticket.status, ticket.assignee) == (Status.ASSIGNED, grace)
    assert (assigned.kind, assigned.by, assigned.cause) == (Kind.ASSIGNED, None, Cause.ROUTING)
    assert assigned.data == {"to": f"user:{grace.pk}"}
    assert assigned.deed == opened.deed


def test_skipped_it_is_open_and_the_event_keeps_the_reason(ada, topic, linus):
    topic.assignee = linus
    topic.save()

    ticket = cast.make_ticket(ada, topic)

    assert (ticket.status, ticket.held_by) == (Status.OPEN, None)
    assert ticket.events.get().data["routing"]["assignee"]["skipped"] == "not_in_department"


# --- Tickets without a choice ------------------------------------------------------------------------


def test_without_a_topic_the_default_one_holds(topic, billing):
    topic.is_default = True
    topic.save()

    chosen = route(None)

    assert (chosen.topic, chosen.department) == (topic, billing)
    assert chosen.reasons["topic"] == {"to": topic.pk, "why": "default"}


@pytest.mark.parametrize("field", ["archived_at", "disabled_at"])
def test_a_default_topic_that_is_no_longer_offered_is_none(topic, field):
    HelpTopic.objects.filter(pk=topic.pk).update(is_default=True, **{field: MONDAY})

    assert route(None).topic is None
