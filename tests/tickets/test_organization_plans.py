"""What an organisation is promised: its plan holds where neither help topic nor department says anything."""

import pytest
from django.utils import timezone

from accounts.models import Organization
from sla.models import OrganizationPlan, SLAPlan
from tests import cast
from tests.cast import HOUR, MONDAY, TUESDAY
from tests.tickets.traces import erase
from tickets import actions
from tickets.models import Kind, Ticket, Way
from tickets.routing import plans_for, route

pytestmark = pytest.mark.django_db


@pytest.fixture
def gold() -> SLAPlan:
    return cast.make_plan("Gold", first_response=HOUR / 2, resolution=2 * HOUR)


@pytest.fixture
def company(ada, gold) -> Organization:
    """Ada's, which has the plan Gold."""
    found = Organization.objects.create(name="Company")
    OrganizationPlan.objects.create(organization=found, plan=gold)
    ada.organization = found
    ada.save()
    return found


@pytest.fixture
def plain(support):
    """A topic of a department, neither of which has a plan."""
    return cast.make_topic("Anything", department=support)


@pytest.fixture
def usual() -> SLAPlan:
    found = SLAPlan.objects.get(is_default=True)
    found.is_transient = True
    found.save()
    return found


def plan_of(ticket) -> SLAPlan | None:
    return Ticket.objects.get(pk=ticket.pk).sla_plan


def test_it_comes_before_the_default_and_the_event_says_why(ada, company, plain, gold):
    ticket = cast.make_ticket(ada, plain)

    told = ticket.events.get(kind=Kind.OPENED).data["routing"]["sla_plan"]
    assert ticket.sla_plan == gold
    assert told == {"to": gold.pk, "why": "organization", "by": company.pk}
    assert ticket.clocks.get(target="resolution").deadline_at == MONDAY + 2 * HOUR


def test_without_a_topic_it_holds_too(ada, company, gold):
    assert cast.make_ticket(ada, None).sla_plan == gold


@pytest.mark.parametrize("nearer", ["topic", "department"])
def test_topic_and_department_come_before_it(nearer, ada, company, plain, support, plan):
    row = plain if nearer == "topic" else support
    row.sla_plan = plan
    row.save()

    assert cast.make_ticket(ada, plain).sla_plan == plan


@pytest.mark.parametrize("archived", ["plan", "organisation"])
def test_what_is_archived_promises_nothing(archived, ada, company, plain, gold, usual):
    row = gold if archived == "plan" else company
    row.archived_at = MONDAY
    row.save()

    assert cast.make_ticket(ada, plain).sla_plan == usual


def test_people_of_no_organisation_get_the_default(plain, company, usual):
    assert cast.make_ticket(cast.make_person("solo@example.net", "Solo"), plain).sla_plan == usual


def test_a_mailbox_that_names_a_department_leaves_it(ada, company, plain, elsewhere, gold):
    ticket = cast.make_ticket(ada, plain, department=elsewhere)

    assert (ticket.department, ticket.sla_plan) == (elsewhere, gold)


# --- Chosen again --------------------------------------------------------------------------------------


def test_a_transfer_leads_to_it_where_the_department_has_none(ada, company, support, billing, gold, grace):
    gone = cast.make_plan("Of the topic", resolution=9 * HOUR)
    gone.is_transient = True
    gone.save()
    ticket = cast.make_ticket(ada, cast.make_topic("Odd", sla_plan=gone, department=billing))
    gone.archived_at = MONDAY
    gone.save()

    actions.transfer(ticket=ticket, to=support, by=cast.principal(grace), at=TUESDAY)

    assert plan_of(ticket) == gold


def test_another_topic_leads_to_it_where_that_has_none(ada, company, support, plan, topic, gold, ken):
    plan.is_transient = True
    plan.save()
    ticket = cast.make_ticket(ada, cast.make_topic("Odd", department=support, sla_plan=plan))
    other = cast.make_topic("Plain", department=support)

    actions.change_topic(ticket=ticket, to=other, by=cast.principal(ken), at=TUESDAY)

    assert plan_of(ticket) == gold


@pytest.mark.parametrize("is_transient", [True, False])
def test_handed_to_somebody_of_it_a_ticket_with_a_transient_plan_gets_it(
    is_transient, ada, company, plain, gold, usual, ken
):
    usual.is_transient = is_transient
    usual.save()
    solo = cast.make_person("solo@example.net", "Solo")
    ticket, closed = (cast.make_ticket(solo, plain, at=timezone.now()) for _n in range(2))
    actions.close_unresolved(ticket=closed, reason="spam", by=cast.principal(ken), at=timezone.now())

    erase(solo, Way.HAND_OVER, ken, to=ada)

    assert Ticket.objects.get(pk=ticket.pk).organization == company
    assert plan_of(ticket) == (gold if is_transient else usual)
    assert ticket.events.filter(kind=Kind.PLAN_CHANGED, cause="routing").count() == is_transient
    assert plan_of(closed) == usual


# --- Beforehand ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("archived", ["plan", "organisation"])
def test_beforehand_too_what_is_archived_promises_nothing(archived, company, plain, gold, usual):
    assert plans_for([plain], company.pk)[plain.pk] == gold

    row = gold if archived == "plan" else company
    row.archived_at = MONDAY
    row.save()

    assert plans_for([plain], company.pk)[plain.pk] == usual


def test_the_portal_promises_it_to_who_is_signed_in(client, sign_in, ada, company, plain):
    page = f"/new/topic/?topic={plain.pk}"

    assert "30 minutes" not in client.get(page).content.decode()
    assert "30 minutes" in sign_in(ada).get(page).content.decode()
    assert plans_for([plain], company.pk)[plain.pk].name == "Gold"
    assert route(plain).with_organization(company).sla_plan.name == "Gold"
