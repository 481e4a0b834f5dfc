"""A calendar out of a file of JSON that anybody may have written: what is wrong with it is said in one sentence."""

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sla.hours.calendar import DAY_MINUTES, BadCalendar, Calendar, Window

# Holidays of hundreds of years fit in.
MOST_BYTES = 1_000_000
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ZONE = re.compile(r"(?!posix/|right/)[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,2}")
# The machine's own zone, which is another one elsewhere, and none.
_NO_ZONES = {"localtime", "posixrules", "Factory"}


def parse(raw: bytes) -> Calendar:
    """Return the calendar of a file. Raises BadCalendar."""
    if len(raw) > MOST_BYTES:
        raise BadCalendar(f"The file is larger than {MOST_BYTES:,} bytes.")
    try:
        data = json.loads(raw, object_pairs_hook=_once, parse_constant=_refuse)
    except BadCalendar:
        raise
    except RecursionError:
        raise BadCalendar("The file is nested too deeply.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadCalendar(f"The file is no JSON: {error}.") from None
    except ValueError:
        raise BadCalendar("The file has a number of thousands of digits.") from None
    return calendar_of(data)


def calendar_of(data: Any) -> Calendar:
    """Return the calendar that JSON describes: zone, and if there are any weekly, holidays, exceptions."""
    fields = _object(data, "A calendar")
    if unknown := fields.keys() - {"zone", "weekly", "holidays", "exceptions"}:
        raise BadCalendar(f"A calendar has zone, weekly, holidays and exceptions, not {_shown(min(unknown))}.")
    if "zone" not in fields:
        raise BadCalendar("A calendar needs a zone, such as Europe/Berlin.")
    weekly = _object(fields.get("weekly", {}), "weekly")
    if unknown := weekly.keys() - set(WEEK):
        raise BadCalendar(f"The weekdays are {', '.join(WEEK)}, not {_shown(min(unknown))}.")
    return Calendar(
        zone=zone_of(fields["zone"]),
        weekly=[_windows(weekly.get(day, []), day) for day in WEEK],
        holidays=frozenset(_date(day) for day in _list(fields.get("holidays", []), "holidays")),
        exceptions={
            _date(day): _windows(windows, day)
            for day, windows in _object(fields.get("exceptions", {}), "exceptions").items()
        },
    )


def zone_of(name: Any) -> ZoneInfo:
    """Return the zone of this name. Raises BadCalendar if there is none."""
    if isinstance(name, str) and _ZONE.fullmatch(name) and name not in _NO_ZONES:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise BadCalendar(f"There is no time zone {_shown(name)}.")


def minutes_of(text: Any) -> int:
    """Return the minutes since midnight of a time such as 09:30. Raises BadCalendar."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise BadCalendar(f"{_shown(text)} is no time such as 09:30.")
    hours, minutes = found[1] or found[3], found[2] or found[4]
    return int(hours) * 60 + int(minutes)


def window_of(opens: int, closes: int) -> Window:
    """Return the window between two times of a day, which runs past midnight if it closes before it opens."""
    return Window(opens, closes + DAY_MINUTES if closes < opens else closes)


def _windows(value: Any, day: str) -> Sequence[Window]:
    found = []
    for pair in _list(value, day):
        if not isinstance(pair, list) or len(pair) != 2:
            raise BadCalendar(f'A window of {day} is a pair such as ["09:00", "12:30"], not {_shown(pair)}.')
        found.append(window_of(minutes_of(pair[0]), minutes_of(pair[1])))
    return found


def _date(text: Any) -> date:
    if isinstance(text, str) and _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise BadCalendar(f"{_shown(text)} is no date such as 2026-12-25.")


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadCalendar(f"{name} is an object in braces, not {_shown(value)}.")
    return value


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadCalendar(f"{name} is a list in brackets, not {_shown(value)}.")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadCalendar(f"{_shown(name)} stands there twice.")
        found[name] = value
    return found


def _refuse(name: str) -> None:
    raise BadCalendar(f"The file is no JSON: {name} is no number.")


def _shown(value: Any) -> str:
    """Return what stands there on one line, however long or odd it is."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except ValueError:
        return "that number"
    text = ascii(text)[1:-1]
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”"
