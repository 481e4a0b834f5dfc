"""Which language somebody reads: of pages, and of mails."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _


def offered(code: str) -> str:
    """Return the language if the pages speak it, else ""."""
    return code if code in dict(settings.LANGUAGES) else ""


def mailed(*codes: str) -> str:
    """Return the first of the languages in which mails are written; "en" if none is."""
    known = dict(settings.MAIL_LANGUAGES)
    return next((code for code in codes if code in known), "en")


def mail_languages() -> list[tuple[str, str]]:
    return list(settings.MAIL_LANGUAGES)


def offer(field: Any) -> None:
    """Let people choose in this field which language they read."""
    if has_choice():
        field.choices = [("", _("What the browser asks for")), *settings.LANGUAGES]
        return
    field.label = _("Language of mails")
    field.choices = [("", _("The help desk's own")), *settings.MAIL_LANGUAGES]


def has_choice() -> bool:
    """Say whether the pages speak more than one language."""
    return len(settings.LANGUAGES) > 1
