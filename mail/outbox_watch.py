"""How mail that goes out does: figures of the outbox, and each way out in sentences. It only reads, and no table whole.

Counts end at MOST_COUNTED: they are made of the latest mails of each state, which an index gives.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from mail import outages
from mail.models import Health, MailState, Outage, OutgoingMail, OwnAddress, SendingAccount, Suppressed
from mail.trouble import Trouble
from mail.watchdog import WORSE

MOST_COUNTED = 1_000
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
# A way out that fails is tried anew by itself; after so long somebody has to know.
FAILING_TOO_LONG = timedelta(minutes=30)
LATE, TOO_LATE = timedelta(minutes=5), timedelta(minutes=30)
# Of so many mails in a day such a share that bounces is no accident.
FEW, MANY_BOUNCE, MOST_BOUNCE = 20, 0.05, 0.1
DEAD = (MailState.FAILED, MailState.BOUNCED, MailState.PERHAPS_SENT)


@dataclass(slots=True)
class WayReport:
    """How one way out does; `account` is None for what MAIL_URL names. `sentences` are worst first; one at least."""

    account: SendingAccount | None
    outage: Outage | None = None
    health: Health = Health.GREEN
    told: list[tuple[Health, str]] = field(default_factory=list)

    def say(self, health: Health, sentence: str) -> None:
        self.told.append((health, sentence))
        self.health = max(self.health, health, key=WORSE.index)

    @property
    def name(self) -> str:
        return self.account.name if self.account is not None else "MAIL_URL"

    @property
    def sentences(self) -> list[str]:
        return [sentence for _health, sentence in sorted(self.told, key=lambda one: -WORSE.index(one[0]))]


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a day, but for `oldest`, since when the mail that is due longest waits, and `sent_in_hour`.

    Of one account `oldest` is when the oldest mail was written that waits for it.
    """

    oldest: datetime | None
    waiting: int
    sent_in_hour: int
    ended: Counter[str]
    suppressed: Counter[str]
    # Of as long a time as the sent ones could be counted.
    bounced_meanwhile: int

    @property
    def bounce_share(self) -> float:
        """Return which part of what was handed over came back, or was refused for its recipient."""
        return self.bounced_meanwhile / max(1, self.bounced_meanwhile + self.ended[MailState.SENT])

    @property
    def bounce_percent(self) -> float:
        return round(100 * self.bounce_share, 1)

    @property
    def are_many(self) -> bool:
        return self.bounced_meanwhile + self.ended[MailState.SENT] >= FEW

    def health_of_age(self, at: datetime) -> Health:
        """Say how bad it is for how long the oldest mail is due by now."""
        late = at - self.oldest if self.oldest is not None else timedelta()
        if late < LATE:
            return Health.GREEN
        return Health.RED if late > TOO_LATE else Health.AMBER

    @property
    def health_of_bounces(self) -> Health:
        if not self.are_many or self.bounce_share <= MANY_BOUNCE:
            return Health.GREEN
        return Health.RED if self.bounce_share > MOST_BOUNCE else Health.AMBER


class _Ended(NamedTuple):
    written: datetime
    sent: datetime | None
    account: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What figures are made of: the latest mails of each state, and what waits, as far as it is counted."""

    at: datetime
    oldest: datetime | None
    # Account, and when it was written. What was not tried yet has no account.
    waiting: Sequence[tuple[int | None, datetime]]
    ended: Mapping[MailState, Sequence[_Ended]]
    suppressed: Counter[str]

    @property
    def of_all(self) -> Figures:
        return self._made(self.ended, len(self.waiting), self.oldest, self.suppressed)

    def of(self, account: SendingAccount | None) -> Figures:
        """Return the figures of one way out; None is MAIL_URL."""
        pk = account.pk if account is not None else None
        written = [at for by, at in self.waiting if by == pk]
        ended = {state: [one for one in found if one.account == pk] for state, found in self.ended.items()}
        return self._made(ended, len(written), min(written, default=None), Counter())

    def _made(
        self,
        ended: Mapping[MailState, Sequence[_Ended]],
        waiting: int,
        oldest: datetime | None,
        suppressed: Counter[str],
    ) -> Figures:
        all_sent, sent = self.ended[MailState.SENT], ended[MailState.SENT]
        is_capped = len(all_sent) == MOST_COUNTED
        since = min((one.written for one in all_sent), default=self.at) if is_capped else self.at - A_DAY
        return Figures(
            oldest=oldest,
            waiting=waiting,
            sent_in_hour=sum(one.sent is not None and one.sent > self.at - AN_HOUR for one in sent),
            ended=Counter({state.value: len(found) for state, found in ended.items()}),
            suppressed=suppressed,
            bounced_meanwhile=sum(one.written >= since for one in ended[MailState.BOUNCED]),
        )


def read(at: datetime) -> Reading:
    """Return what there is to count; as many queries as there are states, however many mails."""
    due = OutgoingMail.objects.filter(due_at__lte=at, state=MailState.QUEUED).order_by("due_at")
    waiting = OutgoingMail.objects.filter(due_at__isnull=False).order_by()
    suppressed = OutgoingMail.objects.filter(state=MailState.SUPPRESSED).order_by("-pk")
    reasons = suppressed.values_list("why", "created_at")[:MOST_COUNTED]
    return Reading(
        at=at,
        oldest=due.values_list("due_at", flat=True).first(),
        waiting=list(waiting.values_list("account", "created_at")[:MOST_COUNTED]),
        ended={state: _latest(state, at) for state in (MailState.SENT, *DEAD)},
        suppressed=Counter(why for why, created_at in reasons if created_at > at - A_DAY),
    )


def figures(at: datetime) -> Figures:
    """Return the figures of all ways out together."""
    return read(at).of_all


def _latest(state: MailState, at: datetime) -> list[_Ended]:
    """Return the latest mails in this state, of the last day."""
    rows = OutgoingMail.objects.filter(state=state).order_by("-pk").values_list("created_at", "sent_at", "account")
    return [one for one in map(_Ended._make, rows[:MOST_COUNTED]) if one.written > at - A_DAY]


def reasons(counted: Counter[str]) -> list[tuple[str, int]]:
    """Return why mails were suppressed, in words, the most frequent first."""
    labels = dict(Suppressed.choices)
    return [(str(labels.get(why, why)), count) for why, count in counted.most_common()]


def reports(at: datetime) -> list[WayReport]:
    """Return a report of every way out, MAIL_URL first. One query each for accounts, addresses, outages, what waits."""
    accounts = list(SendingAccount.objects.order_by("name"))
    found = {one.account: one for one in Outage.objects.all()[:MOST_COUNTED]}
    waits = _accounts_that_wait()
    used = _accounts_of_addresses()
    ways: Sequence[SendingAccount | None] = [*([None] if settings.MAIL_URL or not used else []), *accounts]
    return [_report(account, found, waits, used, at) for account in ways]


def worst(found: Iterable[WayReport]) -> Health:
    return max((one.health for one in found), key=WORSE.index, default=Health.GREEN)


def _accounts_that_wait() -> set[int | None]:
    """Return by which accounts mails wait; of those that were tried at least once."""
    tried = OutgoingMail.objects.filter(~Q(account=None), due_at__isnull=False).order_by()
    return set(tried.values_list("account", flat=True)[:MOST_COUNTED])


def _accounts_of_addresses() -> set[int | None]:
    rows = OwnAddress.objects.filter(account__isnull=False).order_by()
    return set(rows.values_list("account", flat=True).distinct()[:MOST_COUNTED])


def _report(
    account: SendingAccount | None,
    found: dict[str, Outage],
    waits: set[int | None],
    used: set[int | None],
    at: datetime,
) -> WayReport:
    report = WayReport(account)
    if account is None and not settings.MAIL_URL:
        report.say(Health.AMBER, _("No mail server is set (MAIL_URL), so nobody gets mail."))
        return report
    if account is not None and not account.is_active:
        if account.pk in waits:
            report.say(Health.AMBER, _("It is switched off, and mails wait for it."))
        else:
            report.say(Health.GREEN, _("It is switched off."))
        return report
    if account is not None and account.pk not in used:
        report.say(Health.AMBER, _("No mail goes out by it until an own address names it."))
    try:
        outage = found.get(outages.Way(account).account)
    except Trouble as trouble:
        report.say(Health.RED, str(trouble))
        return report
    if outage is None or outage.until is None:
        report.say(Health.GREEN, _("It takes our mails, as far as was tried."))
        return report
    report.outage = outage
    health = Health.RED if at - outage.since > FAILING_TOO_LONG else Health.AMBER
    text = _("It has not worked for %(time)s, and mails wait for it: %(why)s")
    lasts = timesince(outage.since, at) if at - outage.since >= timedelta(minutes=1) else _("less than a minute")
    report.say(health, text % {"time": lasts, "why": outage.said})
    return report
