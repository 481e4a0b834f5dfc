"""Telling administrators of a mailbox that became red, and that it is so no more: once each, by another route.

And of a way out that does not work, by another way out, if there is one that does; of the breaker; of who was locked
out after failing to sign in too often; and of pages that could not be shown (PARITY N07).
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string

from accounts import locks
from accounts.letters import in_the_words_of
from accounts.models import Address, User
from core import failures, mailhtml, throttle
from core.absolute import absolute_url
from core.models import SiteSettings
from mail import addresses, breaking, outbox_watch, watchdog
from mail.addresses import OwnAddresses
from mail.models import Health, Mailbox, Outage
from mail.outbox_watch import WayReport
from mail.watchdog import Report

logger = logging.getLogger(__name__)

MOST_TOLD = 50
AN_HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)
# Of those who were locked out so many are named; the page has all of them.
MOST_NAMED = 10
_LAST_LOCK = "alarm:last-lock"


@transaction.atomic
def watch_answers(at: datetime) -> bool:
    """Tell administrators once that automatic answers are held back; say whether they were told."""
    breaker = breaking.take_untold(at)
    if breaker is not None:
        context = {"breaker": breaker, "url": absolute_url("admin:mail_breaker_changelist")}
        _mail_administrators("mail/breaker", context, but=())
    return breaker is not None


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


def watch_sending(at: datetime) -> int:
    """Tell of each way out that became red, once for each time that it fails; return how many."""
    found = outbox_watch.reports(at)
    return sum(_watch_way(report, found, at) for report in found if report.health == Health.RED and report.outage)


@transaction.atomic
def _watch_way(report: WayReport, found: Sequence[WayReport], at: datetime) -> int:
    assert report.outage is not None
    if not Outage.objects.filter(pk=report.outage.pk, told_at=None).update(told_at=at):
        return 0
    logger.error("mail does not go out by %s: %s", report.name, " ".join(report.sentences))
    other = _other_way(report, found)
    if other is None:
        # Nobody can be told by mail; doctor, metrics and the page of the outbox say it.
        return 1
    context = {"report": report, "url": absolute_url("admin:mail_outgoingmail_outbox")}
    _mail_administrators("mail/way_out", context, by=other)
    return 1


def watch_bounces(at: datetime) -> int:
    """Tell, once in a day for each, of ways out of whose mails so many come back; return how many.

    Whoever sees that refuses the rest sooner or later.
    """
    reading, told = outbox_watch.read(at), 0
    for report in outbox_watch.reports(at):
        found = reading.of(report.account)
        if found.health_of_bounces != Health.RED or not throttle.claim("mail.bounces", report.name, 1, A_DAY):
            continue
        logger.error("of the mails by %s %s %% come back", report.name, found.bounce_percent)
        url = absolute_url("admin:mail_outgoingmail_outbox")
        context = {"report": report, "figures": found, "percent": f"{round(100 * found.bounce_share)} %", "url": url}
        _mail_administrators("mail/bounces", context)
        told += 1
    return told


def watch_locks(at: datetime) -> bool:
    """Tell, once an hour at most, who was locked out since it was told before; say whether it was told."""
    if not SiteSettings.load().tells_locks:
        return False
    # What the hour's mail could not tell yet is told by the next one.
    lines = locks.began(cache.get(_LAST_LOCK, 0), since=at - 2 * AN_HOUR)
    if not lines or not throttle.claim("alarm.locks", "", 1, AN_HOUR):
        return False
    who = list(dict.fromkeys((email, "" if email else client) for _line, email, client in lines))
    context = {
        "named": who[:MOST_NAMED],
        "more": len(who[MOST_NAMED:]),
        "url": absolute_url("admin:accounts_lock_changelist"),
    }
    _mail_administrators("mail/locks", context)
    cache.set(_LAST_LOCK, max(line for line, _email, _client in lines), None)
    return True


def watch_failures(at: datetime) -> bool:
    """Tell, once an hour at most, how many pages could not be shown; say whether it was told."""
    count = failures.count()
    if not count or not throttle.claim("alarm.failures", "", 1, AN_HOUR):
        return False
    _mail_administrators("mail/failures", {"count": count, "url": absolute_url("admin:index")})
    failures.forget(count)
    return True


def _other_way(report: WayReport, found: Sequence[WayReport]) -> WayReport | None:
    """Return a way out that is well, and has an address to write from."""
    for one in found:
        is_off = one.account is not None and not (one.account.is_active and one.account.addresses.exists())
        if one is not report and one.health == Health.GREEN and not is_off:
            return one
    return None


def _tell(report: Report) -> None:
    # To an address of ours it would lie in the very mailbox that is broken.
    context = {"report": report, "is_red": report.health == Health.RED, "url": absolute_url("admin:mail_mailbox_watch")}
    _mail_administrators("mail/watchdog", context, but=addresses.own_addresses())


def _mail_administrators(
    template: str, told: dict[str, Any], *, but: OwnAddresses | tuple[str, ...] = (), by: WayReport | None = None
) -> None:
    """Mail administrators at their own confirmed addresses, in their words; `by` a certain way out, if one is named."""
    people = User.objects.filter(is_administrator=True, is_active=True)
    proved = Address.objects.filter(user__in=people, is_primary=True, verified_at__isnull=False).select_related("user")
    for address in proved.order_by("pk")[:MOST_TOLD]:
        if address.email in but:
            continue
        with in_the_words_of(address.user):
            context = {**told, "person": address.user, "site": SiteSettings.load()}
            subject = " ".join(render_to_string(f"{template}.subject.txt", context).split())
            mail = EmailMultiAlternatives(subject, render_to_string(f"{template}.txt", context), to=[address.email])
            mail.attach_alternative(mailhtml.rendered(f"{template}.html", context), "text/html")
            if by is not None:
                mail.by_account = by.account  # type: ignore[attr-defined]
            mail.send()
