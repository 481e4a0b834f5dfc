"""Priorities and SLA plans."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core.fields import DurationField
from sla.hours import Calendar, Window, used_up
from sla.models import Glyph, PlanTarget, Priority, SLAPlan, Target
from tests import cast
from tests.cast import HOUR

pytestmark = pytest.mark.django_db


def test_a_plan_says_what_it_promises():
    plan = cast.make_plan("Sev-A", first_response=HOUR, resolution=4 * HOUR)

    assert plan.promises() == {Target.FIRST_RESPONSE: HOUR, Target.RESOLUTION: 4 * HOUR}


def test_a_plan_promises_each_target_once():
    plan = cast.make_plan("Sev-A", first_response=HOUR)

    with pytest.raises(IntegrityError), transaction.atomic():
        PlanTarget.objects.create(plan=plan, target=Target.FIRST_RESPONSE, within=2 * HOUR)


@pytest.mark.parametrize("within", [timedelta(0), timedelta(seconds=59), timedelta(days=731), -HOUR])
def test_a_promise_lies_between_a_minute_and_two_years(within):
    promise = PlanTarget(plan=SLAPlan.objects.get(), target=Target.NEXT_RESPONSE, within=within)

    with pytest.raises(ValidationError, match="between one minute and two years"):
        promise.full_clean()


def test_there_are_four_priorities_by_urgency_each_with_its_own_sign():
    stock = Priority.objects.order_by("level")

    assert [priority.name for priority in stock] == ["Emergency", "High", "Normal", "Low"]
    assert [priority.glyph for priority in stock] == list(Glyph)
    assert Priority.objects.get(is_default=True).name == "Normal"


def test_the_stock_plan_is_the_default_and_promises_something():
    assert SLAPlan.objects.get(is_default=True).promises() == {
        Target.FIRST_RESPONSE: 8 * HOUR,
        Target.RESOLUTION: timedelta(days=3),
    }


def test_the_examples_beside_a_promise_are_ones_that_the_form_reads():
    examples = str(PlanTarget._meta.get_field("within").help_text).rpartition("example ")[2].rstrip(".")

    spans = [DurationField().clean(text) for text in examples.replace(" or ", ", ").split(", ")]

    assert spans == [timedelta(minutes=30), timedelta(hours=4), timedelta(days=3, hours=12)]


# --- What was used up ---------------------------------------------------------------------------------


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


# Mondays to Fridays, 9 to 17; 2 November 2026 is a Monday.
OFFICE = Calendar(ZoneInfo("UTC"), [[Window(9 * 60, 17 * 60)]] * 5 + [[]] * 2)


@pytest.mark.parametrize(
    ("runs", "hours", "due"),
    [
        ([(at(2, 9), None)], 4, at(2, 13)),
        ([(at(2, 9), None)], 12, at(3, 13)),
        ([(at(2, 9), at(2, 11)), (at(3, 9), None)], 4, at(3, 11)),
        # The weekend counts for nothing, running or not.
        ([(at(6, 16), at(7, 12)), (at(8, 12), None)], 2, at(9, 10)),
        # Used up before it stopped running, to the hour, and not before that.
        ([(at(2, 9), at(2, 14)), (at(3, 9), None)], 4, at(2, 13)),
        ([(at(2, 9), at(2, 13)), (at(3, 9), None)], 4, at(2, 13)),
        ([(at(2, 9), at(2, 12))], 4, None),
        ([], 4, None),
    ],
)
def test_only_working_time_while_it_runs_is_used_up(runs, hours, due):
    assert used_up(runs, hours * HOUR, OFFICE) == due
