"""Priorities, what the plans promise, and business hours."""

from sla.models.business_hours import BusinessHours, ExceptionWindow, Holiday, HolidaySource, WeeklyWindow
from sla.models.plans import Glyph, PlanTarget, Priority, SLAPlan, Target, Wait, pause_code, validate_promise

__all__ = [
    "BusinessHours",
    "ExceptionWindow",
    "Glyph",
    "Holiday",
    "HolidaySource",
    "PlanTarget",
    "Priority",
    "SLAPlan",
    "Target",
    "Wait",
    "WeeklyWindow",
    "pause_code",
    "validate_promise",
]
