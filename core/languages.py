"""Which language somebody reads: of pages, and of mails."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

# As much of what a browser says is read; the rest is no browser's.
LONGEST_WISH = 500


def offered(code: str) -> str:
    """Return the language if the pages speak it, else ""."""
    return code if code in dict(settings.LANGUAGES) else ""


def mailed(*codes: str) -> str:
    """Return the first of the languages in which mails are written; "en" if none is."""
    known = dict(settings.MAIL_LANGUAGES)
    return next((code for code in codes if code in known), "en")


def asked_for(chosen: str, accepted: str) -> str:
    """Return the language in which administrators' texts are looked for: the chosen one, else the first of those that
    the browser accepts (RFC 9110 section 12.5.4) in which anything is written here; "" if it accepts none."""
    known = dict(settings.MAIL_LANGUAGES)
    if chosen in known:
        return chosen
    for code, _quality in parse_accept_lang_header(accepted[:LONGEST_WISH]):
        if (language := code.partition("-")[0]) in known:
            return language
    return ""


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
