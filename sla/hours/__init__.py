"""Working time: pure arithmetic, no Django.

`Calendar` says when it is open; these functions count by it. Without a calendar every hour counts.
"""

from sla.hours.arithmetic import Run, add_working_time, is_open, next_opening, segments, used_up, working_time
from sla.hours.calendar import (
    ALWAYS,
    BadCalendar,
    Calendar,
    NeverOpens,
    NeverUsedUp,
    OverlappingWindows,
    Window,
    validate,
)

__all__ = [
    "ALWAYS",
    "BadCalendar",
    "Calendar",
    "NeverOpens",
    "NeverUsedUp",
    "OverlappingWindows",
    "Run",
    "Window",
    "add_working_time",
    "is_open",
    "next_opening",
    "segments",
    "used_up",
    "validate",
    "working_time",
]
