"""The whole days of an iCalendar file (RFC 5545), as far as holidays need it: bounded whatever the file says.

Recurrences are walked day by day within the window that is asked for, so an endless one costs no more than another.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from sla.recurrences import Budget, NotUnderstood, Recurrence, TooLong

MOST_BYTES = 10 * 1024 * 1024
MOST_EVENTS = 5_000
MOST_DAYS = 120
LONGEST_EVENT = 62
MOST_REMARKS = 20
LONGEST_NAME = 120
# Days looked at for all recurrences of a file together: some two seconds.
MOST_STEPS = 2_000_000
# What reading a date costs, in steps.
STEPS_OF_A_DATE = 20
DAY = timedelta(days=1)

_LINE = re.compile(r"""([A-Za-z0-9-]+)((?:;[^:;"]*(?:"[^"]*"[^:;"]*)*)*):(.*)""", re.DOTALL)
_FOLD = re.compile(r"\r?\n[ \t]")
_ESCAPED = re.compile(r"\\([nN,;\\])")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_DURATION = re.compile(r"\+?P(?:(\d{1,3})W|(\d{1,4})D)")
_READ = frozenset(
    {"SUMMARY", "DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "RDATE", "RECURRENCE-ID", "UID", "STATUS"}
)


class BadFile(ValueError):
    """No holidays can be read of it; the message is a sentence for who uploaded it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file has: its own name, the whole days by date, and what of it was left out, in sentences."""

    name: str
    days: dict[date, str]
    remarks: Sequence[str]


@dataclass(slots=True)
class _Event:
    properties: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def first(self, name: str) -> tuple[str, str] | None:
        """Return parameters and value."""
        return self.properties[name][0] if name in self.properties else None

    @property
    def summary(self) -> str:
        return _words((self.first("SUMMARY") or ("", ""))[1]) or _("Holiday")


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
                        % {"count": MOST_DAYS, "date": until.isoformat()}
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
    for line in _FOLD.sub("", text).splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        key, parameters, value = match[1].upper(), match[2], match[3]
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
            events[-1].properties.setdefault(key, []).append((parameters, value))
        elif inside == ["VCALENDAR"] and key in {"X-WR-CALNAME", "NAME"}:
            name = name or _words(value)
    if not has_calendar:
        raise BadFile(_("This is no iCalendar file: it has no BEGIN:VCALENDAR."))
    return name, events


def _words(value: str) -> str:
    text = _ESCAPED.sub(lambda match: " " if match[1] in "nN" else match[1], value)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:LONGEST_NAME]


# --- Days ----------------------------------------------------------------------------------------


def _days(
    event: _Event, zone: ZoneInfo, since: date, until: date, budget: Budget, replaced: Mapping[str, set[date]]
) -> Iterator[date]:
    """Yield the event's days within the window. Raises _LeftOut."""
    if _value(event, "STATUS").upper() == "CANCELLED":
        return
    start, length = _whole_days(event, zone)
    uid = _value(event, "UID")
    without = {day for pair in event.properties.get("EXDATE", ()) for day in _dates(pair, zone, budget)}
    if "RECURRENCE-ID" not in event.properties:
        without |= replaced.get(uid, set())
    for first in _beginnings(event, start, zone, since - (length - 1) * DAY, until, budget):
        if first not in without:
            yield from (day for n in range(length) if since <= (day := first + n * DAY) <= until)


def _beginnings(event: _Event, start: date, zone: ZoneInfo, since: date, until: date, budget: Budget) -> Iterator[date]:
    rule = event.first("RRULE")
    if rule is None:
        yield start
    else:
        try:
            yield from Recurrence.read(rule[1], start, lambda text: _date(("", text), zone)).between(
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
    ends = event.first("DTEND")
    if ends is not None:
        end, ends_whole = _read(ends, zone)
        length = (end - start).days
    else:
        duration = _DURATION.fullmatch(_value(event, "DURATION"))
        is_date = len(begins[1].strip()) == 8
        length = int(duration[1] or 0) * 7 + int(duration[2] or 0) if duration else 1 if is_date else 0
        ends_whole = True
    if not is_midnight or not ends_whole or length < 1:
        # An event of a date may end on that date, as some programs write it.
        if is_midnight and ends_whole and length == 0 and len(begins[1].strip()) == 8:
            return start, 1
        raise _LeftOut(_("it does not last whole days."))
    if length > LONGEST_EVENT:
        raise _LeftOut(_("it lasts %(count)s days.") % {"count": length})
    return start, length


def _value(event: _Event, name: str) -> str:
    return (event.first(name) or ("", ""))[1].strip()


def _replaced(events: Sequence[_Event], zone: ZoneInfo) -> dict[str, set[date]]:
    """Return which dates of which series have events of their own."""
    found: dict[str, set[date]] = {}
    for event in events:
        if (own := event.first("RECURRENCE-ID")) and (uid := _value(event, "UID")):
            with suppress(_LeftOut):
                found.setdefault(uid, set()).add(_date(own, zone))
    return found


def _dates(pair: tuple[str, str], zone: ZoneInfo, budget: Budget) -> Iterator[date]:
    for text in pair[1].split(","):
        budget.spend(STEPS_OF_A_DATE)
        yield _date((pair[0], text.partition("/")[0]), zone)


def _date(pair: tuple[str, str], zone: ZoneInfo) -> date:
    return _read(pair, zone)[0]


def _read(pair: tuple[str, str], zone: ZoneInfo) -> tuple[date, bool]:
    """Return the date by the clocks of `zone`, and whether it is its very beginning. Raises _LeftOut."""
    parameters, text = pair
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise _LeftOut(_("“%(text)s” is no date.") % {"text": text[:40]})
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=_zone(parameters, match[7], zone))
        there = local.astimezone(zone) if match[4] else local
    except (ValueError, OverflowError):
        raise _LeftOut(_("“%(text)s” is no date.") % {"text": text[:40]}) from None
    return there.date(), (there.hour, there.minute, there.second) == (0, 0, 0)


def _zone(parameters: str, utc: str | None, zone: ZoneInfo) -> tzinfo:
    """Return the zone of a time: its own, if we know it, else the one of the business hours."""
    if utc:
        return UTC
    named = re.search(r'TZID="?([^;:"]+)', parameters, re.IGNORECASE)
    try:
        return ZoneInfo(named[1]) if named else zone
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return zone
