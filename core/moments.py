"""Times in words, as each language writes them: at length in mails, short on pages."""

from datetime import datetime

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils.dateformat import format as format_date
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language

# How each language writes a time, short or long; `day` and `spoken` leave out the year. A mail is read later and
# elsewhere, so the zone belongs to it. Pages have `short`, and the time of day behind it (core.formats).
FORMATS = {
    "en": {
        "short": "j M Y",
        "long": "j F Y, H:i T",
        "full": "l j F Y, H:i T",
        "day": "l j F, H:i T",
        "spoken": "l j F, H:i",
    },
    "de": {
        "short": "d.m.Y",
        "long": "j. F Y, H:i T",
        "full": "l, j. F Y, H:i T",
        "day": "l, j. F, H:i T",
        "spoken": "l, j. F, H:i",
    },
    "es": {
        "short": "d/m/Y",
        "long": r"j \d\e F \d\e Y, H:i T",
        "full": r"l, j \d\e F \d\e Y, H:i T",
        "day": r"l, j \d\e F, H:i T",
        "spoken": r"l, j \d\e F, H:i",
    },
    "fr": {
        "short": "d/m/Y",
        "long": "j F Y, H:i T",
        "full": "l j F Y, H:i T",
        "day": "l j F, H:i T",
        "spoken": "l j F, H:i",
    },
}


def told(at: datetime, style: str = "long") -> str:
    """Return the time in the reader's zone and language (`timezone.override`, `translation.override`).

    "relative" is how long ago it was, or how long it is until then, as it is now.
    """
    if style == "relative":
        return str(naturaltime(at)).replace("\xa0", " ")
    formats = FORMATS.get((get_language() or "en").partition("-")[0], FORMATS["en"])
    return format_date(localtime(at), formats[style])


def full_moment(at: datetime) -> str:
    """Return date and time as pages write them (core.formats), in the reader's zone: 18 Nov 2025, 09:02."""
    return date_format(localtime(at), "DATETIME_FORMAT")
