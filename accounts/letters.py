"""Mails about accounts: a link, and what it is for.

They repeat nothing that anybody typed: the address may be somebody else's.
"""

from datetime import timedelta
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from core.models import SiteSettings

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def send(letter: str, to: str, **context: Any) -> None:
    """Put templates/account/mail/<letter>.{subject.txt,txt,html} into the outbox, in the caller's transaction."""
    context |= {"site": SiteSettings.load()}
    subject = " ".join(render_to_string(f"account/mail/{letter}.subject.txt", context).split())
    mail = EmailMultiAlternatives(subject, render_to_string(f"account/mail/{letter}.txt", context), to=[to])
    mail.attach_alternative(render_to_string(f"account/mail/{letter}.html", context), "text/html")
    mail.send()
