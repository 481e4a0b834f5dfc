"""Where a new ticket goes, and why."""

import pytest

from sla.models import SLAPlan
from tests import cast
from tests.cast import HOUR, MONDAY
from tickets.models import Department
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
