"""Which language somebody reads."""

from django.conf import settings


def offered(code: str) -> str:
    """Return the language if the help desk speaks it, else ""."""
    return code if code in dict(settings.LANGUAGES) else ""


def has_choice() -> bool:
    return len(settings.LANGUAGES) > 1
