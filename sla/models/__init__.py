"""Priorities, what the plans promise, and business hours."""

from sla.models.business_hours import BusinessHours, ExceptionWindow, Holiday, HolidaySource, WeeklyWindow
from sla.models.plans import (
    MOST_WARNINGS,
    Glyph,
    OrganizationPlan,
    PlanTarget,
    Priority,
    SLAPlan,
    Target,
    Wait,
    pause_code,
    usual_warnings,
    validate_promise,
)
from sla.models.reckoning import Reckoning, Scope

__all__ = [
    "MOST_WARNINGS",
    "BusinessHours",
    "ExceptionWindow",
    "Glyph",
    "Holiday",
    "HolidaySource",
    "OrganizationPlan",
    "PlanTarget",
    "Priority",
    "Reckoning",
    "SLAPlan",
    "Scope",
    "Target",
    "Wait",
    "WeeklyWindow",
    "pause_code",
    "usual_warnings",
    "validate_promise",
]
