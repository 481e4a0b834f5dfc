"""The watchdog: how mail that comes in goes, mailbox by mailbox, in sentences (PARITY V3). It only reads.

`mail.alarm` tells administrators what it says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Min
from django.utils.timesince import timesince
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mail.models import Authentication, Health, IncomingMail, IncomingState, Mailbox

# A mailbox that fails is looked at anew by itself; after so long somebody has to know.
FAILING_TOO_LONG = timedelta(minutes=30)
# Nobody looked into it, which is no fault of its server.
SILENT_FOR = timedelta(minutes=15)
# Mails that are stored and not taken in.
WAITING_LONG, WAITING_TOO_LONG = timedelta(minutes=5), timedelta(minutes=30)
TOKEN_ENDS_SOON, TOKEN_ENDS_NOW = timedelta(days=14), timedelta(days=3)
# So many in quarantine within a day are no accident.
MANY_ASIDE = 20
A_DAY = timedelta(days=1)
MOST_COUNTED = 1_000

WORSE = (Health.GREEN, Health.AMBER, Health.RED)


@dataclass(slots=True)
class Report:
    """How one mailbox does. `sentences` are worst first; one at least."""

    mailbox: Mailbox
    health: Health = Health.GREEN
    told: list[tuple[Health, str]] = field(default_factory=list)

    def say(self, health: Health, sentence: str) -> None:
        self.told.append((health, sentence))
        self.health = max(self.health, health, key=WORSE.index)

    @property
    def sentences(self) -> list[str]:
        return [sentence for _health, sentence in sorted(self.told, key=lambda one: -WORSE.index(one[0]))]


def reports(at: datetime | None = None) -> list[Report]:
    """Return a report of every mailbox, by name. A handful of queries, however many mails there are."""
    at = at or now()
    boxes = list(Mailbox.objects.order_by("name"))
    waiting = _waiting_since()
    aside = _put_aside_lately(at)
    return [_report(box, at, waiting.get(box.pk), aside.count(box.pk)) for box in boxes]


def worst(found: Iterable[Report]) -> Health:
    return max((one.health for one in found), key=WORSE.index, default=Health.GREEN)


def _report(box: Mailbox, at: datetime, waiting: datetime | None, aside: int) -> Report:
    report = Report(box)
    if not box.is_active:
        report.say(Health.GREEN, _("It is switched off."))
        return report
    if box.is_fetched:
        _fetching(report, at)
        _authorisation(report, at)
    _taking_in(report, at, waiting, aside)
    if not report.told:
        report.say(Health.GREEN, _("Its mail is handed to us, and none waits."))
    return report


def _fetching(report: Report, at: datetime) -> None:
    box = report.mailbox
    if box.failing_since is not None:
        health = Health.RED if at - box.failing_since > FAILING_TOO_LONG else Health.AMBER
        text = _("It has failed for %(time)s: %(why)s")
        report.say(health, text % {"time": timesince(box.failing_since, at), "why": box.last_error})
    elif _is_forgotten(box, at):
        report.say(Health.RED, _("Nobody looked into it in time. Is a worker running?"))
    elif box.last_error:
        report.say(Health.AMBER, box.last_error)
    if box.stumbled_over:
        text = ngettext(
            "The server does not hand out %(count)s mail. Others are fetched meanwhile.",
            "The server does not hand out %(count)s mails. Others are fetched meanwhile.",
            len(box.stumbled_over),
        )
        report.say(Health.AMBER, text % {"count": len(box.stumbled_over)})
    if box.connected_at is None:
        report.say(Health.GREEN, _("It was not fetched from yet."))
    elif box.not_stored:
        text = ngettext(
            "%(count)s mail on the server is still to be stored.",
            "%(count)s mails on the server are still to be stored.",
            box.not_stored,
        )
        report.say(Health.AMBER, text % {"count": box.not_stored})
    elif box.failing_since is None:
        text = _("Looked into %(time)s ago: %(count)s on the server, and all that are ours are in the ledger.")
        report.say(Health.GREEN, text % {"time": timesince(box.connected_at, at), "count": box.on_server or 0})


def _is_forgotten(box: Mailbox, at: datetime) -> bool:
    """Say whether it is due for long, and nobody came."""
    return box.due_at is None or at - box.due_at > SILENT_FOR


def _authorisation(report: Report, at: datetime) -> None:
    box = report.mailbox
    if box.authentication in {Authentication.PASSWORD, Authentication.MICROSOFT_APP}:
        return
    if not box.refresh_token:
        report.say(Health.RED, _("Nobody has authorised it yet."))
        return
    if box.refresh_expires_at is None:
        return
    left = box.refresh_expires_at - at
    if left <= timedelta(0):
        report.say(Health.RED, _("Its authorisation is over. Authorise it again."))
    elif left < TOKEN_ENDS_SOON:
        health = Health.RED if left < TOKEN_ENDS_NOW else Health.AMBER
        text = _("Its authorisation ends in %(time)s. Authorise it again before that.")
        report.say(health, text % {"time": timesince(at, box.refresh_expires_at)})


def _taking_in(report: Report, at: datetime, waiting: datetime | None, aside: int) -> None:
    if waiting is not None and at - waiting > WAITING_LONG:
        health = Health.RED if at - waiting > WAITING_TOO_LONG else Health.AMBER
        text = _("A mail waits for %(time)s to be taken in. Is a worker running?")
        report.say(health, text % {"time": timesince(waiting, at)})
    if aside >= MANY_ASIDE:
        text = _("%(count)s mails went into quarantine within a day.")
        report.say(Health.AMBER, text % {"count": f"{aside}+" if aside == MOST_COUNTED else aside})


def _waiting_since() -> dict[int | None, datetime]:
    """Return by mailbox when the oldest mail came that is not taken in; what waits is few and has an index."""
    rows = IncomingMail.objects.filter(state=IncomingState.STORED, due_at__isnull=False)
    return dict(rows.values_list("mailbox").annotate(Min("stored_at")))


def _put_aside_lately(at: datetime) -> Sequence[int | None]:
    """Return the mailbox of each of the latest mails in quarantine, of a day."""
    rows = IncomingMail.objects.filter(state=IncomingState.QUARANTINED).order_by("-pk")
    latest = rows.values_list("mailbox", "stored_at")[:MOST_COUNTED]
    return [mailbox for mailbox, stored_at in latest if stored_at > at - A_DAY]
