"""The whole days of an iCalendar file (RFC 5545), as far as holidays need it: bounded whatever the file says.

Lines and values are read by icalendar, without its components: of a time zone that a file defines it would work out
every change there ever is, and keep it for all files to come. Recurrences are walked day by day within the window that
is asked for, so an endless one costs no more than another.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from icalendar import Parameters
from icalendar.parser import Contentline
from icalendar.prop import vDDDTypes, vText

from sla.recurrences import Budget, NotUnderstood, Recurrence, TooLong

MOST_BYTES = 10 * 1024 * 1024
MOST_EVENTS = 5_000
# Of those that matter, so many are read.
MOST_LINES = 100_000
MOST_DAYS = 120
LONGEST_EVENT = 62
MOST_REMARKS = 20
LONGEST_NAME = 120
# In so many letters of a line are its parameters; of what comes after them only dates are read.
LONGEST_BEGINNING = 5_000
# Of a text so much is read to find its name.
LONGEST_TEXT = 10 * LONGEST_NAME
# Days looked at for all recurrences of a file together: some two seconds.
MOST_STEPS = 2_000_000
# What reading a date costs, in steps.
STEPS_OF_A_DATE = 20
DAY = timedelta(days=1)

_READ = frozenset(
    {"SUMMARY", "DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "RDATE", "RECURRENCE-ID", "UID", "STATUS"}
)
_SAID = _READ | {"BEGIN", "END", "NAME", "X-WR-CALNAME"}
# Others are made no objects at all: ten megabytes can hold five million of them.
_LINE = re.compile(rf"^(?:{'|'.join(sorted(_SAID))})[;:][^\r\n]*", re.ASCII | re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]")

# A value as it is written, and what is said about it.
Value = tuple[str, Parameters]


class BadFile(ValueError):
    """No holidays can be read of it; the message is a sentence for who uploaded it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file has: its own name, the whole days by date, and what of it was left out, in sentences."""

    name: str
    days: dict[date, str]
    remarks: Sequence[str]


@dataclass
class _Event:
    properties: dict[str, list[Value]] = field(default_factory=dict)

    def first(self, name: str) -> Value | None:
        return self.properties[name][0] if name in self.properties else None

    @cached_property
    def summary(self) -> str:
        return _words(_text(self, "SUMMARY")) or _("Holiday")


def read(data: bytes, *, zone: ZoneInfo, since: date, until: date) -> Found:
    """Return the whole days between two dates, both included; times are those of `zone`. Raises BadFile."""
    name, events = _events(_decoded(data))
    budget = Budget(MOST_STEPS)
    days: dict[date, str] = {}
    remarks: list[str] = []
    replaced = _replaced(events, zone)
    for event in events:
        try:
            for day in _days(event, zone, since, until, budget, replaced):
                days.setdefault(day, event.summary)
                if len(days) > MOST_DAYS:
                    raise BadFile(
                        _("It has more than %(count)s days until %(date)s. That is no list of holidays.")
                        % {"count": MOST_DAYS, "date": date_format(until)}
                    )
        except _LeftOut as reason:
            remarks.append(_("“%(name)s” is left out: %(reason)s") % {"name": event.summary, "reason": reason})
        except TooLong:
            raise BadFile(_("Its recurrences take too long to work out.")) from None
    if len(remarks) > MOST_REMARKS:
        more = len(remarks) - MOST_REMARKS
        remarks = [*remarks[:MOST_REMARKS], _("%(count)s more are left out.") % {"count": more}]
    return Found(name, dict(sorted(days.items())), remarks)


class _LeftOut(ValueError):
    """Why an event is no holiday."""


# --- Lines ---------------------------------------------------------------------------------------


def _decoded(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise BadFile(_("The file is larger than 10 MB."))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile(_("This is no iCalendar file: it is not written in UTF-8.")) from None


def _events(text: str) -> tuple[str, list[_Event]]:
    """Return the calendar's own name, and its events."""
    inside: list[str] = []
    events: list[_Event] = []
    name, has_calendar = "", False
    for key, parameters, value in _lines(text):
        if key == "BEGIN":
            inside.append(value.strip().upper())
            has_calendar = has_calendar or inside == ["VCALENDAR"]
            if inside[-1] == "VEVENT":
                events.append(_Event())
            if len(inside) > 10 or len(events) > MOST_EVENTS:
                raise BadFile(_("It has more than %(count)s events.") % {"count": MOST_EVENTS})
        elif key == "END":
            inside = inside[:-1]
        elif inside[-1:] == ["VEVENT"] and key in _READ:
            events[-1].properties.setdefault(key, []).append((value, parameters))
        elif inside == ["VCALENDAR"] and key in {"X-WR-CALNAME", "NAME"}:
            name = name or _words(value)
    if not has_calendar:
        raise BadFile(_("This is no iCalendar file: it has no BEGIN:VCALENDAR."))
    return name, events


def _lines(text: str) -> Iterator[tuple[str, Parameters, str]]:
    """Yield name, parameters and value of the lines that matter, and that are some."""
    for number, line in enumerate(_LINE.finditer(_FOLD.sub("", text))):
        if number == MOST_LINES:
            raise BadFile(_("It has more than %(count)s lines that matter.") % {"count": MOST_LINES})
        with suppress(ValueError):
            begins, rest = line[0][:LONGEST_BEGINNING], line[0][LONGEST_BEGINNING:]
            name, parameters, value = Contentline(begins).parts()  # type: ignore[no-untyped-call]
            yield name.upper(), parameters, value + rest


def _words(value: str) -> str:
    text = str(vText.from_ical(value[:LONGEST_TEXT]))
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:LONGEST_NAME]


# --- Days ----------------------------------------------------------------------------------------


def _days(
    event: _Event, zone: ZoneInfo, since: date, until: date, budget: Budget, replaced: Mapping[str, set[date]]
) -> Iterator[date]:
    """Yield the event's days within the window. Raises _LeftOut."""
    if _text(event, "STATUS").upper() == "CANCELLED":
        return
    start, length = _whole_days(event, zone)
    uid = _text(event, "UID")
    without = {day for pair in event.properties.get("EXDATE", ()) for day in _dates(pair, zone, budget)}
    if "RECURRENCE-ID" not in event.properties:
        without |= replaced.get(uid, set())
    for first in _beginnings(event, start, zone, since - (length - 1) * DAY, until, budget):
        if first in without:
            continue
        for n in range(max((since - first).days, 0), min(length, (until - first).days + 1)):
            budget.spend()
            yield first + n * DAY


def _beginnings(event: _Event, start: date, zone: ZoneInfo, since: date, until: date, budget: Budget) -> Iterator[date]:
    rule = event.first("RRULE")
    if rule is None:
        yield start
    else:
        try:
            yield from Recurrence.read(rule[0], start, lambda text: _date((text, Parameters()), zone)).between(
                since, until, budget
            )
        except NotUnderstood as error:
            raise _LeftOut(_("its recurrence (%(rule)s) is not understood.") % {"rule": error}) from None
    for pair in event.properties.get("RDATE", ()):
        yield from _dates(pair, zone, budget)


def _whole_days(event: _Event, zone: ZoneInfo) -> tuple[date, int]:
    """Return the first day and how many there are. Raises _LeftOut for what does not fill whole days."""
    begins = event.first("DTSTART")
    if begins is None:
        raise _LeftOut(_("it has no start."))
    start, is_midnight = _read(begins, zone)
    is_date = not isinstance(_moment(begins[0]), datetime)
    length, ends_whole = _length(event, start, zone, is_date=is_date)
    if is_date and ends_whole and length == 0:
        # An event of a date may end on that date, as some programs write it.
        length = 1
    if not is_midnight or not ends_whole or length < 1:
        raise _LeftOut(_("it does not last whole days."))
    if length > LONGEST_EVENT:
        raise _LeftOut(_("it lasts %(count)s days.") % {"count": length})
    return start, length


def _length(event: _Event, start: date, zone: ZoneInfo, *, is_date: bool) -> tuple[int, bool]:
    """Return how many days it lasts, and whether these are all."""
    if ends := event.first("DTEND"):
        end, ends_whole = _read(ends, zone)
        return (end - start).days, ends_whole
    if lasts := event.first("DURATION"):
        span = _moment(lasts[0])
        return (span.days, not span % DAY) if isinstance(span, timedelta) else (0, False)
    return (1, True) if is_date else (0, True)


def _text(event: _Event, name: str) -> str:
    found = event.first(name)
    return found[0].strip() if found else ""


def _replaced(events: Sequence[_Event], zone: ZoneInfo) -> dict[str, set[date]]:
    """Return which dates of which series have events of their own."""
    found: dict[str, set[date]] = {}
    for event in events:
        if (own := event.first("RECURRENCE-ID")) and (uid := _text(event, "UID")):
            with suppress(_LeftOut):
                found.setdefault(uid, set()).add(_date(own, zone))
    return found


def _dates(value: Value, zone: ZoneInfo, budget: Budget) -> Iterator[date]:
    """Yield the dates that a property lists; of a period its beginning. Raises _LeftOut, TooLong."""
    for text in value[0].split(","):
        budget.spend(STEPS_OF_A_DATE)
        yield _date((text.partition("/")[0], value[1]), zone)


def _date(value: Value, zone: ZoneInfo) -> date:
    return _read(value, zone)[0]


def _read(value: Value, zone: ZoneInfo) -> tuple[date, bool]:
    """Return the date by the clocks of `zone`, and whether it is its very beginning. Raises _LeftOut.

    A time without a zone, or with one that nobody knows, is one of `zone`.
    """
    text, parameters = value
    found = _moment(text)
    if isinstance(found, datetime):
        try:
            there = (found if found.tzinfo else found.replace(tzinfo=_zone(parameters, zone))).astimezone(zone)
        except OverflowError:
            raise _no_date(text) from None
        return there.date(), (there.hour, there.minute, there.second) == (0, 0, 0)
    if not isinstance(found, date):
        raise _no_date(text)
    return found, True


def _moment(text: str) -> Any:
    """Return the date, time or duration that a value says. Raises _LeftOut."""
    try:
        return vDDDTypes.from_ical(text.strip())  # type: ignore[no-untyped-call]
    except ValueError:
        raise _no_date(text) from None


def _no_date(text: str) -> _LeftOut:
    return _LeftOut(_("“%(text)s” is no date.") % {"text": _words(text)[:40]})


def _zone(parameters: Parameters, zone: ZoneInfo) -> ZoneInfo:
    """Return the zone that a time names, if we know it, else the one of the business hours."""
    named = parameters.get("TZID")
    return ZoneInfo(named) if isinstance(named, str) and named in _known_zones() else zone


@cache
def _known_zones() -> frozenset[str]:
    """Return the names of all zones: asked for one that is none, the disk is searched each time."""
    return frozenset(available_timezones())
