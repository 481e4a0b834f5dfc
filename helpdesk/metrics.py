"""/metrics: how the help desk does, in numbers, for whoever monitors it (the text format of Prometheus, 0.0.4).

Open to who knows METRICS_TOKEN, as `Authorization: Bearer …`; without that setting there is no such page. It says
nothing of people: names of mailboxes and sending accounts are all the words it has.
"""

import hmac
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.machines import is_in_clear, plain
from helpdesk import doctor
from mail import outbox_watch
from mail.models import Breaker, IncomingMail, IncomingState, Mailbox, MailState, OutgoingMail, Suppressed
from mail.watchdog import WORSE
from tickets.models import Escalation, SetAside, TicketClock

MOST_COUNTED = 1_000
FORMAT = "text/plain; version=0.0.4; charset=utf-8"


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the numbers; 401 without the token, 404 where none is set."""
    if not settings.METRICS_TOKEN:
        return plain(404, "Not found")
    if is_in_clear(request):
        return plain(403, "Come by https: the token just travelled in the clear.")
    told = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not hmac.compare_digest(told.encode(), settings.METRICS_TOKEN.encode()):
        return plain(401, "The token is missing or wrong.", {"WWW-Authenticate": "Bearer"})
    return HttpResponse("".join(f"{line}\n" for line in lines(now())), content_type=FORMAT)


def lines(at: datetime) -> Iterator[str]:
    """Yield the lines: for each number what it is, then its values."""
    yield from _told("helpdesk_health", "0 well, 1 look at it, 2 broken: what manage.py doctor says.")
    for one in doctor.examine(at):
        yield f"helpdesk_health{_labels(part=one.name)} {WORSE.index(one.health)}"
    boxes = list(Mailbox.objects.filter(is_active=True).order_by("name"))
    fetched = [box for box in boxes if box.is_fetched]
    yield from _told("helpdesk_mailbox_last_look_seconds", "Since somebody looked into the mailbox.")
    for box in fetched:
        if box.connected_at is not None:
            yield f"helpdesk_mailbox_last_look_seconds{_labels(mailbox=box.name)} {_seconds(box.connected_at, at)}"
    yield from _told("helpdesk_mailbox_on_server", "Mails that lay on the server then.")
    for box in fetched:
        yield f"helpdesk_mailbox_on_server{_labels(mailbox=box.name)} {box.on_server or 0}"
    yield from _told("helpdesk_mailbox_not_stored", "Of these, mails that are still to be stored here.")
    for box in fetched:
        yield f"helpdesk_mailbox_not_stored{_labels(mailbox=box.name)} {box.not_stored or 0}"
    stored = IncomingMail.objects.filter(due_at__lte=at, state=IncomingState.STORED)
    yield from _oldest("helpdesk_intake_oldest_seconds", "How long the oldest mail waits to be taken in.", stored, at)
    queued = OutgoingMail.objects.filter(due_at__lte=at, state=MailState.QUEUED)
    yield from _oldest("helpdesk_outbox_oldest_seconds", "How long the oldest mail waits to be sent.", queued, at)
    clocks = TicketClock.objects.filter(due_at__lte=at)
    yield from _oldest(
        "helpdesk_clocks_oldest_seconds", "How long the oldest clock waits to warn or breach.", clocks, at
    )
    unhandled = SetAside.objects.filter(clock__stopped_at=None).values_list("pk")
    yield from _told("helpdesk_clocks_set_aside", f"Clocks that wait for an administrator, counted to {MOST_COUNTED}.")
    yield f"helpdesk_clocks_set_aside {len(unhandled[:MOST_COUNTED])}"
    failing = Escalation.objects.filter(failed_at__isnull=False).values_list("pk")
    yield from _told("helpdesk_escalations_failing", f"Steps of escalation that failed, counted to {MOST_COUNTED}.")
    yield f"helpdesk_escalations_failing {len(failing[:MOST_COUNTED])}"
    yield from _outbox(at)
    yield from _told("helpdesk_answers_held_back", "1 while automatic answers are held back.")
    yield f"helpdesk_answers_held_back {int(Breaker.objects.open_at(at).exists())}"
    aside = IncomingMail.objects.filter(state=IncomingState.QUARANTINED).order_by("-pk").values_list("pk")
    yield from _told("helpdesk_quarantine", f"Mails that wait for an administrator, counted to {MOST_COUNTED}.")
    yield f"helpdesk_quarantine {len(aside[:MOST_COUNTED])}"


def _outbox(at: datetime) -> Iterator[str]:
    reading = outbox_watch.read(at)
    found = reading.of_all
    many = f"counted to {outbox_watch.MOST_COUNTED}"
    yield from _told("helpdesk_outbox_waiting", f"Mails that wait to be sent or tried again, {many}.")
    yield f"helpdesk_outbox_waiting {found.waiting}"
    yield from _told("helpdesk_outbox_sent_in_hour", f"Mails sent in the last hour, {many}.")
    yield f"helpdesk_outbox_sent_in_hour {found.sent_in_hour}"
    yield from _told("helpdesk_outbox_ended", f"Mails of the last day by how they ended, each {many}.")
    for state in (MailState.SENT, *outbox_watch.DEAD):
        yield f"helpdesk_outbox_ended{_labels(state=state.value)} {found.ended[state]}"
    yield from _told("helpdesk_outbox_suppressed", f"Mails of the last day that were not sent, by reason, {many}.")
    for why in Suppressed:
        yield f"helpdesk_outbox_suppressed{_labels(why=why.value)} {found.suppressed[why]}"
    yield from _told("helpdesk_outbox_bounce_share", "Which part of the last day's mails bounced, from 0 to 1.")
    yield f"helpdesk_outbox_bounce_share {found.bounce_share:.4f}"
    yield from _ways_out(reading, many, at)


def _ways_out(reading: outbox_watch.Reading, many: str, at: datetime) -> Iterator[str]:
    """Yield the same for each way out; what was not tried yet counts as MAIL_URL's."""
    reports = outbox_watch.reports(at)
    figures = {report.name: reading.of(report.account) for report in reports}
    yield from _told("helpdesk_sending_health", "0 well, 1 look at it, 2 broken: each way out.")
    for report in reports:
        yield f"helpdesk_sending_health{_labels(account=report.name)} {WORSE.index(report.health)}"
    yield from _told("helpdesk_sending_waiting", f"Mails that wait for it, {many} in all.")
    for name, found in figures.items():
        yield f"helpdesk_sending_waiting{_labels(account=name)} {found.waiting}"
    yield from _told("helpdesk_sending_oldest_seconds", "Since the oldest mail was written that waits for it.")
    for name, found in figures.items():
        yield f"helpdesk_sending_oldest_seconds{_labels(account=name)} {_seconds(found.oldest or at, at)}"
    yield from _told("helpdesk_sending_sent_in_hour", f"Mails that it sent in the last hour, {many} in all.")
    for name, found in figures.items():
        yield f"helpdesk_sending_sent_in_hour{_labels(account=name)} {found.sent_in_hour}"
    yield from _told("helpdesk_sending_ended", f"Its mails of the last day by how they ended, each {many} in all.")
    for name, found in figures.items():
        for state in (MailState.SENT, *outbox_watch.DEAD):
            yield f"helpdesk_sending_ended{_labels(account=name, state=state.value)} {found.ended[state]}"
    yield from _told("helpdesk_sending_bounce_share", "Which part of its mails of the last day bounced, from 0 to 1.")
    for name, found in figures.items():
        yield f"helpdesk_sending_bounce_share{_labels(account=name)} {found.bounce_share:.4f}"


def _told(name: str, what: str) -> Iterator[str]:
    yield f"# HELP {name} {what}"
    yield f"# TYPE {name} gauge"


def _oldest(name: str, what: str, rows: "QuerySet[Any]", at: datetime) -> Iterator[str]:
    yield from _told(name, what)
    due = rows.order_by("due_at").values_list("due_at", flat=True).first()
    yield f"{name} {_seconds(due, at) if due else 0}"


def _labels(**labels: str) -> str:
    """Return labels as the format quotes them."""
    quoted = (
        '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"))
        for name, value in labels.items()
    )
    return "{" + ",".join(quoted) + "}"


def _seconds(since: datetime, at: datetime) -> int:
    return max(0, int((at - since).total_seconds()))
