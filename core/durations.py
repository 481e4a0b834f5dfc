"""Times as people write them: 30m, 4h, 3d 12h."""

import re
from datetime import timedelta

UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
# What we write; weeks are only read, since "2w" and "14d" are the same and days are counted more easily.
WRITTEN = ("d", "h", "m", "s")

_PART = re.compile(r"(\d{1,6})\s*([a-z]+)")
_WHOLE = re.compile(rf"(?:{_PART.pattern}[\s,]*)+")
_NAMES = {
    "w": ("w", "week", "weeks"),
    "d": ("d", "day", "days"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "s": ("s", "sec", "secs", "second", "seconds"),
}
_UNIT_OF = {name: unit for unit, names in _NAMES.items() for name in names}


def parse(text: str) -> timedelta:
    """Return the time that `text` says, such as "3d 12h" or "90 minutes". Raises ValueError."""
    text = text.strip().lower()
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"not a time: {text!r}")
    total, seen = timedelta(), set()
    for number, name in _PART.findall(text):
        unit = _UNIT_OF.get(name)
        if unit is None or unit in seen:
            raise ValueError(f"not a time: {text!r}")
        seen.add(unit)
        total += int(number) * UNITS[unit]
    return total


def spell(span: timedelta) -> str:
    """Return the time exactly, in the largest units that fit: "3d 12h"; "0m" for none. Fractions of seconds are cut."""
    seconds = int(span.total_seconds())
    if seconds < 0:
        raise ValueError("times are not negative")
    parts = []
    for unit in WRITTEN:
        size = int(UNITS[unit].total_seconds())
        if seconds >= size:
            parts.append(f"{seconds // size}{unit}")
            seconds %= size
    return " ".join(parts) or "0m"
