"""manage.py working_time: what working time makes of a calendar in a file, as one line of JSON."""

import json
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from django.core.management.base import BaseCommand

from sla.hours import (
    BadCalendar,
    Calendar,
    NeverUsedUp,
    add_working_time,
    segments,
    validate,
    working_time,
)
from sla.hours.reading import MOST_BYTES, parse

BAD_FILE = 65
# Ends every count that nothing else ends.
LAST = datetime.max.replace(tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Command(BaseCommand):
    help = "Print when working time is used up by the calendar in a file, or how much lies between, as a line of JSON."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("calendar", metavar="CALENDAR.json", help="zone, weekly, holidays and exceptions")
        parser.add_argument("--from", dest="start", type=_moment, required=True, metavar="ISO", help="with an offset")
        counted = parser.add_mutually_exclusive_group(required=True)
        counted.add_argument("--add", type=_minutes, metavar="MINUTES", help="of working time, such as 90")
        counted.add_argument("--until", type=_moment, metavar="ISO", help="with an offset")

    def handle(
        self, *, calendar: str, start: datetime, add: timedelta | None, until: datetime | None, **options: object
    ) -> None:
        try:
            found = _read(calendar)
            validate(found, start)
        except BadCalendar as error:
            self.stderr.write(str(error))
            sys.exit(BAD_FILE)
        for piece in _described(found, start, add=add, until=until):
            self.stdout.write(piece, ending="")
        self.stdout.write("")


def _read(name: str) -> Calendar:
    try:
        with Path(name).open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        raise BadCalendar("The file cannot be read.") from None
    return parse(raw)


def _described(calendar: Calendar, start: datetime, *, add: timedelta | None, until: datetime | None) -> Iterator[str]:
    """Yield the line in pieces, so that segments of thousands of years need no memory."""
    due = None
    if add is not None:
        try:
            due = until = add_working_time(start, add, calendar)
        except NeverUsedUp:
            until = LAST
    assert until is not None
    yield f'{{"due": {json.dumps(due and _shown(due, calendar))}, '
    yield f'"minutes": {json.dumps(_in_minutes(working_time(start, until, calendar)))}, "segments": ['
    comma = ""
    for opens, closes in segments(start, until, calendar):
        yield f"{comma}{json.dumps([_shown(opens, calendar), _shown(closes, calendar)])}"
        comma = ", "
    yield "]}"


def _shown(moment: datetime, calendar: Calendar) -> str:
    try:
        return moment.astimezone(calendar.zone).isoformat()
    except OverflowError:
        # At the end of all dates the zone may be past it.
        return moment.isoformat()


def _in_minutes(span: timedelta) -> int | float:
    whole, rest = divmod(span, MINUTE)
    return whole if not rest else span / MINUTE


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ArgumentTypeError(f"{text[:40]!a} is no moment with an offset, such as 2026-12-24T09:00+01:00")


def _minutes(text: str) -> timedelta:
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,8})?", text):
        raise ArgumentTypeError(f"{text[:40]!a} is no number of minutes such as 90")
    return timedelta(microseconds=round(Decimal(text) * 60_000_000))
