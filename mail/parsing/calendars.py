"""An invitation (RFC 5545) in a few lines, for a mail that says nothing else."""

import re

from mail.parsing import remarks
from mail.parsing.remarks import Remarks

_SHOWN = ("SUMMARY", "DTSTART", "DTEND", "LOCATION", "DESCRIPTION")
_ESCAPED = re.compile(r"\\([nN,;\\])")


def event_text(calendar: str, notes: Remarks) -> str:
    """Return summary, times, place and description of the first event, a line each; "" if there is none."""
    lines = re.sub(r"\r?\n[ \t]", "", calendar[:200_000]).splitlines()
    values: dict[str, str] = {}
    is_event = False
    for line in lines:
        name, colon, value = line.partition(":")
        key, _, parameters = name.partition(";")
        if line.strip().upper() in {"BEGIN:VEVENT", "BEGIN:VTODO"}:
            is_event = True
        elif line.strip().upper() in {"END:VEVENT", "END:VTODO"}:
            break
        elif is_event and colon and key.upper() in _SHOWN:
            values.setdefault(key.upper(), _value(value, parameters))
    if not is_event:
        notes.add(remarks.CALENDAR_BROKEN)
        return ""
    times = " - ".join(_time(values[key]) for key in ("DTSTART", "DTEND") if key in values)
    found = [values.get("SUMMARY", ""), times, values.get("LOCATION", ""), values.get("DESCRIPTION", "")]
    return "\n".join(line for line in found if line)


def _value(text: str, parameters: str) -> str:
    zone = re.search(r"TZID=\"?([^;:\"]+)", parameters)
    plain = _ESCAPED.sub(lambda match: "\n" if match.group(1) in "nN" else match.group(1), text).strip()
    return f"{plain} {zone.group(1)}" if zone else plain


def _time(text: str) -> str:
    match = re.match(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?(.*)$", text)
    if not match:
        return text
    year, month, day, hour, minute, utc, zone = match.groups()
    clock = f" {hour}:{minute}" if hour else ""
    return f"{year}-{month}-{day}{clock}{' UTC' if utc else ''}{zone}"
