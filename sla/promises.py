"""What a plan promises at some priority, and by which business hours that is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.prepared import Prepared, Question
from sla.compiled import calendar_of
from sla.hours import ALWAYS, BadCalendar, Calendar
from sla.models import BusinessHours, SLAPlan

_VERSION = Prepared(lambda pk: BusinessHours.objects.filter(pk=pk).values_list("pk", "version"))
_DEFAULT = Prepared(lambda: BusinessHours.objects.filter(is_default=True).values_list("pk", "version"))


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for the clocks of a ticket: target → working time, and what counts as that.

    `hours` is the key of the business hours, None where every hour counts. `calendar` is None where they make none.
    `warnings` are shares of the time, in percent and in order, at which a clock warns.
    """

    within: Mapping[str, timedelta]
    hours: int | None
    calendar: Calendar | None
    warnings: Sequence[int] = ()


def terms(plan: SLAPlan, priority: int | None, department_hours: int | None) -> Terms:
    """Return what holds under a plan at a priority, in a department with these business hours. Two queries."""
    found = hours_for(plan, department_hours)
    if found is None:
        return Terms(plan.promises(priority), None, ALWAYS, plan.warnings)
    return Terms(plan.promises(priority), found[0], calendar_or_none(*found), plan.warnings)


def calendar_of_hours(hours: int | None) -> Calendar | None:
    """Return by what a clock counts that counts by these business hours already; None where they make no calendar."""
    if hours is None:
        return ALWAYS
    found = _VERSION.first(pk=hours)
    return calendar_or_none(*found) if found else None


def hours_for(plan: SLAPlan, department_hours: int | None) -> tuple[int, int] | None:
    """Return key and version of the business hours that hold; None where every hour counts.

    Those of the department, else of the plan, else of the site (PARITY S05); a plan can put its own before all.
    """
    own = plan.hours_id
    pk = own if own and plan.hours_everywhere else department_hours or own
    return _VERSION.first(pk=pk) if pk else _DEFAULT.first()


def question() -> Question:
    """Return what `hours_for` asks where neither department nor plan has business hours."""
    return _DEFAULT, {}


def calendar_or_none(pk: int, version: int) -> Calendar | None:
    """Return the calendar; None where the rows contradict each other, which no page lets them."""
    try:
        return calendar_of(pk, version)
    except BadCalendar:
        return None
