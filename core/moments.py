"""Times in words, as each language writes them."""

from datetime import datetime

from django.utils.dateformat import format as format_date
from django.utils.timezone import localtime
from django.utils.translation import get_language

# How each language writes a time, short or long; `day` and `spoken` leave out the year. Django's formats are for pages:
# a mail is read later and elsewhere, so the zone belongs to it.
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
    """Return the time in the reader's zone and language (`timezone.override`, `translation.override`)."""
    formats = FORMATS.get((get_language() or "en").partition("-")[0], FORMATS["en"])
    return format_date(localtime(at), formats[style])
