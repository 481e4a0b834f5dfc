"""Telling administrators of a mailbox that became red, and that it is so no more: once each, by another route."""

from datetime import datetime

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string

from accounts.letters import in_the_words_of
from accounts.models import Address, User
from core.absolute import absolute_url
from core.models import SiteSettings
from mail import addresses, watchdog
from mail.models import Health, Mailbox
from mail.watchdog import Report

MOST_TOLD = 50


def watch(at: datetime) -> int:
    """Compare what the watchdog says with what it said before, and tell of what changed; return how many mailboxes."""
    return sum(_watch(report) for report in watchdog.reports(at))


@transaction.atomic
def _watch(report: Report) -> int:
    before = report.mailbox.health
    if before == report.health:
        return 0
    # Of two at once one hits.
    if not Mailbox.objects.filter(pk=report.mailbox.pk, health=before).update(health=report.health):
        return 0
    if Health.RED in {before, report.health}:
        _tell(report)
    return 1


def _tell(report: Report) -> None:
    own = addresses.own_addresses()
    people = User.objects.filter(is_administrator=True, is_active=True)
    proved = Address.objects.filter(user__in=people, is_primary=True, verified_at__isnull=False).select_related("user")
    for address in proved.order_by("pk")[:MOST_TOLD]:
        if address.email in own:
            # It would lie in the very mailbox that is broken.
            continue
        with in_the_words_of(address.user):
            context = {
                "person": address.user,
                "report": report,
                "is_red": report.health == Health.RED,
                "url": absolute_url("admin:mail_mailbox_watch"),
                "site": SiteSettings.load(),
            }
            subject = " ".join(render_to_string("mail/watchdog.subject.txt", context).split())
            mail = EmailMultiAlternatives(subject, render_to_string("mail/watchdog.txt", context), to=[address.email])
            mail.attach_alternative(render_to_string("mail/watchdog.html", context), "text/html")
            mail.send()
