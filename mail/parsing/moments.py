"""Dates of headers: RFC 5322 section 3.3, its obsolete forms, and what mailers make of it."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_ISO = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)[T ](\d\d?):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?")
_SLASHES = re.compile(r"(\d{4})/(\d\d?)/(\d\d?) (\d\d?):(\d\d)(?::(\d\d))?")
_FOREIGN_MONTHS = {
    "mär": "Mar", "mrz": "Mar", "mai": "May", "okt": "Oct", "dez": "Dec", "janv": "Jan", "févr": "Feb", "fevr": "Feb",
    "mars": "Mar", "avr": "Apr", "juin": "Jun", "juil": "Jul", "août": "Aug", "aout": "Aug", "déc": "Dec", "ene": "Jan",
    "abr": "Apr", "ago": "Aug", "dic": "Dec", "fev": "Feb", "set": "Sep", "out": "Oct", "gen": "Jan", "mag": "May",
    "giu": "Jun", "lug": "Jul", "ott": "Oct", "mei": "May", "maj": "May", "sept": "Sep",
}  # fmt: skip
_MONTH_WORD = re.compile(r"\b(" + "|".join(_FOREIGN_MONTHS) + r")\w*\.?(?=\W)", re.IGNORECASE)


def parse_date(text: str) -> datetime | None:
    """Return the moment in UTC, to the second, or None if it can't be told. "-0000" and no zone count as UTC."""
    text = text.strip()[:200]
    for read in (_rfc, _iso, _translated):
        moment = read(text)
        if moment is not None:
            return moment
    return None


def _rfc(text: str) -> datetime | None:
    try:
        found = parsedate_tz(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if not found:
        return None
    year, month, day, hour, minute, second, *_, offset = found
    return _moment(year, month, day, hour, minute, second, offset or 0)


def _iso(text: str) -> datetime | None:
    match = _ISO.search(text) or _SLASHES.search(text)
    if not match:
        return None
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    zone = match.group(7) if match.re is _ISO else None
    offset = 0
    if zone and zone != "Z":
        digits = zone[1:].replace(":", "")
        offset = (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if zone[0] == "-" else 1)
    return _moment(year, month, day, hour, minute, int(match.group(6) or 0), offset)


def _translated(text: str) -> datetime | None:
    english = _MONTH_WORD.sub(lambda match: _FOREIGN_MONTHS[match.group(1).lower()], text)
    english = re.sub(r"^[^\W\d]{2,12}\.?,?\s+(?=\d)", "", english)
    return _rfc(english) if english != text else None


def _moment(year: int, month: int, day: int, hour: int, minute: int, second: int, offset: int) -> datetime | None:
    if abs(offset) >= 86_400:
        offset = 0
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone(timedelta(seconds=offset)))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
