"""Calendars made of business hours, kept in the process for as long as their rows stay as they are."""

from sla.hours import Calendar
from sla.models import BusinessHours

# More business hours than a help desk has; all of them together take a few megabytes.
MOST_KEPT = 200

_kept: dict[int, tuple[int, Calendar]] = {}


def calendar_of(pk: int, version: int) -> Calendar:
    """Return the calendar of business hours as of this version (BusinessHours.touch).

    Whoever saw the version sees its rows, which are read after it: of a process with another version nothing is
    believed. Raises BadCalendar.
    """
    kept = _kept.get(pk)
    if kept and kept[0] == version:
        return kept[1]
    calendar = BusinessHours.objects.get(pk=pk).calendar()
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[pk] = version, calendar
    return calendar
