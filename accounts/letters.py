"""Mails about accounts: a link, and what it is for.

They repeat nothing that anybody typed: the address may be somebody else's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import User
from core.languages import offered
from core.models import SiteSettings

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def send(letter: str, to: str, **context: Any) -> None:
    """Put templates/account/mail/<letter>.{subject.txt,txt,html} into the outbox, in the caller's transaction."""
    context |= {"site": SiteSettings.load()}
    subject = " ".join(render_to_string(f"account/mail/{letter}.subject.txt", context).split())
    mail = EmailMultiAlternatives(subject, render_to_string(f"account/mail/{letter}.txt", context), to=[to])
    mail.attach_alternative(render_to_string(f"account/mail/{letter}.html", context), "text/html")
    mail.send()


@contextmanager
def in_the_words_of(user: User) -> Iterator[None]:
    """Speak the person's language, and tell times in their zone."""
    zone = ZoneInfo(user.time_zone or SiteSettings.load().time_zone)
    with timezone.override(zone), translation.override(offered(user.language) or settings.LANGUAGE_CODE):
        yield
