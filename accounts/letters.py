"""Mails about accounts: a link, and what it is for.

They repeat nothing that anybody typed: the address may be somebody else's.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Own:
    """A letter in words of an administrator: `html` stands in the frame of all mails, and is escaped or safe."""

    subject: str
    html: str
    text: str


# Says a letter in an administrator's words, by its name and context; None for those that are delivered.
Wording = Callable[[str, Mapping[str, Any]], Own | None]
_wordings: list[Wording] = []

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def send(letter: str, to: str, **context: Any) -> None:
    """Put templates/account/mail/<letter>.{subject.txt,txt,html} into the outbox, in the caller's transaction."""
    site = SiteSettings.load()
    context |= {"site": site}
    # Who has no account yet has chosen nothing: they read the site's language.
    with translation.override(mailed(getattr(context.get("person"), "language", ""), site.language)):
        _put(letter, to, context)


def hand_over(wording: Wording) -> None:
    """Name the function that knows administrators' words. Called once, when the apps are ready."""
    _wordings[:] = [wording]


def framed(own: Own, context: Mapping[str, Any]) -> str:
    """Return the HTML of a letter in an administrator's words."""
    return mailhtml.rendered("account/mail/own.html", {"site": SiteSettings.load(), **context, "own_html": own.html})


def _put(letter: str, to: str, context: dict[str, Any]) -> None:
    own = next((said for wording in _wordings if (said := wording(letter, context))), None)
    if own is not None:
        mail = EmailMultiAlternatives(own.subject, own.text, to=[to])
        mail.attach_alternative(framed(own, context), "text/html")
        mail.send()
        return
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
