"""Clocks count by business hours and by priority; changes of a ticket count as if they had held from the start."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla import compiled
from sla.models import PlanTarget, SLAPlan
from tests import cast
from tests.cast import DAY, HOUR, MINUTE, MONDAY, TUESDAY
from tickets import actions
from tickets.models import FAR_FUTURE, Kind, Ticket

# A Friday afternoon: an office in Berlin closes at 16:00 UTC then.
FRIDAY = datetime(2026, 11, 6, 15, 0, tzinfo=UTC)


@pytest.fixture
def boss(grace):
    return cast.principal(grace)


@pytest.fixture
def berlin(db):
    return cast.make_hours("Berlin", time_zone="Europe/Berlin")


@pytest.fixture
def late_shift(db):
    return cast.make_hours("Late shift", "14:00", "22:00")


def due(ticket, target="resolution"):
    return ticket.clocks.running().get(target=target).deadline_at


def reread(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def opened(ada, topic, at=FRIDAY):
    return cast.make_ticket(ada, topic, at=at)


def test_what_is_promised_on_friday_is_due_on_monday(ada, topic, billing, berlin):
    billing.hours = berlin
    billing.save()

    ticket = opened(ada, topic)

    # One hour until it closes at 17:00 in Berlin, and three from 9:00 on Monday.
    assert due(ticket) == datetime(2026, 11, 9, 11, 0, tzinfo=UTC)
    assert due(ticket, "first_response") == datetime(2026, 11, 6, 16, 0, tzinfo=UTC)
    assert ticket.clocks.get(target="resolution").warn_at == datetime(2026, 11, 9, 10, 0, tzinfo=UTC)
    assert reread(ticket).next_due_at == datetime(2026, 11, 6, 16, 0, tzinfo=UTC)
    assert {clock.hours for clock in ticket.clocks.all()} == {berlin}


@pytest.mark.parametrize(
    ("of_department", "of_plan", "of_site", "everywhere", "holds"),
    [
        (True, True, True, False, "department"),
        (True, True, True, True, "plan"),
        (True, False, True, False, "department"),
        (False, True, True, False, "plan"),
        (False, False, True, False, "site"),
        (False, False, False, False, None),
    ],
)
def test_the_departments_hours_come_before_the_plans_and_these_before_the_sites(
    of_department, of_plan, of_site, everywhere, holds, ada, topic, plan, billing
):
    hours = {
        "department": cast.make_hours("department"),
        "plan": cast.make_hours("plan"),
        "site": cast.make_hours("site", is_default=of_site),
    }
    billing.hours = hours["department"] if of_department else None
    billing.save()
    plan.hours, plan.hours_everywhere = hours["plan"] if of_plan else None, everywhere
    plan.save()

    clock = opened(ada, topic).clocks.get(target="resolution")

    assert (clock.hours.name if clock.hours else None) == holds


def test_each_priority_has_its_own_promise_or_that_of_all_others(ada, topic, plan):
    PlanTarget.objects.create(plan=plan, target="resolution", priority=cast.priority("High"), within=2 * HOUR)
    PlanTarget.objects.create(plan=plan, target="resolution", priority=cast.priority("Low"), within=8 * HOUR)

    # The topic's priority is high.
    ticket = cast.make_ticket(ada, topic)

    assert due(ticket) == MONDAY + 2 * HOUR
    assert due(ticket, "first_response") == MONDAY + HOUR


def test_another_priority_counts_as_if_it_had_held_from_the_start(ticket, plan, boss):
    PlanTarget.objects.create(plan=plan, target="resolution", priority=cast.priority("Low"), within=8 * HOUR)

    actions.change_priority(ticket=ticket, to=cast.priority("Low"), by=boss, at=MONDAY + 30 * MINUTE)

    assert due(ticket) == MONDAY + 8 * HOUR
    (told,) = ticket.events.get(kind=Kind.PRIORITY_CHANGED).data["clocks"]
    assert (told["did"], told["within"], told["deadline"]) == (
        "changed",
        28_800.0,
        (MONDAY + 8 * HOUR).isoformat(),
    )


def test_a_promise_that_is_broken_stays_so_whatever_the_priority(ticket, plan, boss):
    PlanTarget.objects.create(plan=plan, target="first_response", priority=cast.priority("Low"), within=9 * HOUR)

    actions.change_priority(ticket=ticket, to=cast.priority("Low"), by=boss, at=MONDAY + 2 * HOUR)

    assert due(ticket, "first_response") == MONDAY + HOUR
    assert "clocks" not in ticket.events.get(kind=Kind.PRIORITY_CHANGED).data


def test_under_another_plan_a_broken_promise_ends_and_the_new_one_counts_from_the_same_start(ticket, boss):
    slow = cast.make_plan("Slow", first_response=9 * HOUR, resolution=20 * HOUR)

    actions.change_plan(ticket=ticket, to=slow, by=boss, at=MONDAY + 2 * HOUR)

    broken = ticket.clocks.get(target="first_response", outcome="cancelled")
    assert (broken.deadline_at, broken.plan.name) == (MONDAY + HOUR, "Sev-B (1h/4h, 24/7)")
    assert due(ticket, "first_response") == MONDAY + 9 * HOUR
    # What was not broken goes on in its own row.
    assert ticket.clocks.get(target="resolution").deadline_at == MONDAY + 20 * HOUR


def test_in_another_department_its_hours_count(ticket, boss, support, late_shift):
    support.hours = late_shift
    support.save()

    actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY + 10 * MINUTE)

    assert due(ticket) == MONDAY.replace(hour=18)
    assert {told["hours"] for told in ticket.events.get(kind=Kind.TRANSFERRED).data["clocks"]} == {late_shift.pk}


def test_more_time_means_another_warning(ticket, boss, plan):
    ticket.clocks.filter(target="resolution").update(warned_at=MONDAY + 3 * HOUR, warned_share=75)
    PlanTarget.objects.create(plan=plan, target="resolution", priority=cast.priority("Low"), within=10 * HOUR)

    actions.change_priority(ticket=ticket, to=cast.priority("Low"), by=boss, at=MONDAY + 3 * HOUR)

    clock = ticket.clocks.get(target="resolution")
    assert (clock.warned_at, clock.due_at) == (None, MONDAY + 7.5 * HOUR)


def test_what_cannot_be_reckoned_has_no_deadline_and_opens_all_the_same(ada, topic, billing, plan):
    """Business hours with nothing but one opening: no page saves them, and no ticket is lost by them."""
    never = cast.make_hours("Once")
    never.windows.all().delete()
    never.exceptions.create(day=MONDAY.date(), opens="09:00", closes="09:30")
    billing.hours = never
    billing.save()

    ticket = cast.make_ticket(ada, topic)

    clock = ticket.clocks.get(target="resolution")
    assert (clock.deadline_at, clock.due_at, clock.has_deadline) == (FAR_FUTURE, None, False)
    assert reread(ticket).next_due_at == FAR_FUTURE
    assert {told["deadline"] for told in ticket.events.get().data["clocks"]} == {None}


def test_a_calendar_is_made_once_and_again_when_its_rows_change(ada, topic, billing, berlin):
    billing.hours = berlin
    billing.save()
    opened(ada, topic)
    made = compiled.calendar_of(berlin.pk, berlin.version)
    assert compiled.calendar_of(berlin.pk, berlin.version) is made

    berlin.holidays.create(day=datetime(2026, 11, 9).date(), name="Closed")
    berlin.touch()

    assert due(opened(ada, topic)) == datetime(2026, 11, 10, 11, 0, tzinfo=UTC)


def test_business_hours_cost_opening_a_ticket_one_query(ada, topic, billing, berlin):
    # Where every hour counts it is the one that asks for those of the site.
    opened(ada, topic)
    with CaptureQueriesContext(connection) as without:
        opened(ada, topic)
    billing.hours = berlin
    billing.save()
    opened(ada, topic)

    with CaptureQueriesContext(connection) as asked:
        opened(ada, topic)

    assert len(asked) == len(without)
    assert sum("businesshours" in (one["sql"] or "") for one in asked) == 1


@pytest.mark.parametrize("alerts", [True, False])
def test_a_plan_may_keep_deadlines_to_itself(alerts, ticket, plan):
    SLAPlan.objects.update(alerts=alerts)
    clock = ticket.clocks.get(target="first_response")
    claim = "0" * 32
    ticket.clocks.filter(pk=clock.pk).update(claim=claim)

    actions.breach_or_warn(clock=clock, claim=claim, at=TUESDAY + DAY)

    assert ticket.events.get(kind=Kind.CLOCK_BREACHED).data.get("unalerted", False) is not alerts
