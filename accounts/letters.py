"""Mails about accounts: a link, and what it is for.

They repeat nothing that anybody typed: the address may be somebody else's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import User
from core import mailhtml
from core.languages import mailed
from core.models import SiteSettings

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def send(letter: str, to: str, **context: Any) -> None:
    """Put templates/account/mail/<letter>.{subject.txt,txt,html} into the outbox, in the caller's transaction."""
    site = SiteSettings.load()
    context |= {"site": site}
    # Who has no account yet has chosen nothing: they read the site's language.
    with translation.override(mailed(getattr(context.get("person"), "language", ""), site.language)):
        _put(letter, to, context)


def _put(letter: str, to: str, context: dict[str, Any]) -> None:
    subject = " ".join(render_to_string(f"account/mail/{letter}.subject.txt", context).split())
    mail = EmailMultiAlternatives(subject, render_to_string(f"account/mail/{letter}.txt", context), to=[to])
    mail.attach_alternative(mailhtml.rendered(f"account/mail/{letter}.html", context), "text/html")
    mail.send()


@contextmanager
def in_the_words_of(user: User, language: str = "", *, only: str = "") -> Iterator[None]:
    """Speak the person's language, else the one given, else the site's, and tell times in the person's zone.

    With `only` that one is spoken, whatever the person reads.
    """
    site = SiteSettings.load()
    zone = ZoneInfo(user.time_zone or site.time_zone)
    with timezone.override(zone), translation.override(mailed(only, user.language, language, site.language)):
        yield
