"""What became of the mails that carry an entry: to whom it went, and what stands in the way, in plain words."""

import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from mail.models import Fault, MailState, OutgoingMail, Suppressed, Template
from tickets.models import EntryKind, ThreadEntry

# To the requester's side; alerts to agents are nobody's business here.
SHOWN = (
    Template.TICKET_OPENED,
    Template.TICKET_ANSWERED,
    Template.TICKET_OPENED_FOR,
    Template.TICKET_REPLY,
    Template.MESSAGE_RECEIVED,
    Template.TICKET_MESSAGE,
)
# Fifty entries, each to all who can take part, and some once more.
MOST_MAILS = 4_000
MOST_LOUD = 3
# A page of fifty entries would list fifty people fifty times: of more they are asked for.
MOST_LISTED = 5
SAID = 200
# How often the page asks again while mails are under way: at first, and once it takes long.
SOON, LATER = 3, 30
YOUNG = timedelta(minutes=1)

QUIET, BUSY, WARNING, DANGER = "quiet", "busy", "warning", "danger"
ICONS = {QUIET: "check", BUSY: "clock", WARNING: "clock-alert", DANGER: "triangle-alert"}

NOT_MAILED: Mapping[str, "str | Promise"] = {
    Suppressed.NO_SERVER: gettext_lazy("Not mailed: no mail server is set"),
    Suppressed.DEMO: gettext_lazy("Not mailed: this is a demo"),
    Suppressed.BOUNCING: gettext_lazy("Not mailed: mail to this address comes back"),
    Suppressed.TOO_MANY: gettext_lazy("Not mailed: too many automatic answers went there within an hour"),
    Suppressed.BREAKER: gettext_lazy("Not mailed: automatic answers are held back"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one mail. `said` are its server's own words; `until` is when it is tried again."""

    level: str
    words: str
    said: str = ""
    until: datetime | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One who was told, or should have been; `pk` is the mail's."""

    pk: int
    name: str
    email: str
    told: Told
    # Where it is tried at once; "" for what waits for nothing, or nobody may.
    retry_url: str = ""

    @property
    def icon(self) -> str:
        return ICONS[self.told.level]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of all mails of one entry: `loud` stands open, the rest behind `summary`."""

    number: int
    summary: str
    icon: str
    # Of the last that was sent.
    at: datetime | None
    loud: Sequence[Recipient]
    # Of those that are not told of for themselves.
    more_trouble: int
    recipients: Sequence[Recipient]
    # How many there are that are not listed, and where they are.
    unlisted: int
    all_url: str
    # In so many seconds the page asks again; None when all has come to its end.
    asks_in: int | None
    # Changes when anything of it does.
    state: int
    live_url: str = ""
    resend_url: str = ""
    # Whether somebody asked for all of it.
    is_open: bool = False

    @property
    def is_loud(self) -> bool:
        return bool(self.loud)


@dataclass(frozen=True, slots=True)
class Ways:
    """By which addresses a delivery is followed and mended; None for what the agent may not do."""

    live: Callable[[int], str]
    resend: Callable[[int], str] | None = None
    retry: Callable[[int], str] | None = None


def deliveries_of(
    entries: Collection[ThreadEntry], ways: Ways, at: datetime, *, all_of: int | None = None
) -> dict[int, Delivery]:
    """Return by the entry's key what became of its mails. One query for all of them.

    Of the entry with the number `all_of` all recipients are listed, however many there are.
    """
    by_key = {entry.pk: entry for entry in entries}
    rows = (
        OutgoingMail.objects.filter(entry__in=by_key, template__in=SHOWN)
        .select_related("user")
        .defer("body")
        .order_by("-pk")[:MOST_MAILS]
    )
    newest: dict[int, dict[str, OutgoingMail]] = {}
    for mail in rows:
        assert mail.entry_id is not None
        # Mailed again, the newest counts.
        newest.setdefault(mail.entry_id, {}).setdefault(mail.recipient, mail)
    most = {key: None if entry.number == all_of else MOST_LISTED for key, entry in by_key.items()}
    return {
        key: _delivery(by_key[key], list(mails.values())[::-1], ways, at, most[key]) for key, mails in newest.items()
    }


def _delivery(
    entry: ThreadEntry, mails: Sequence[OutgoingMail], ways: Ways, at: datetime, most: int | None
) -> Delivery:
    is_reply = entry.kind == EntryKind.REPLY
    recipients = [_recipient(mail, ways, is_reply=is_reply) for mail in mails]
    loud = [one for one in recipients if one.told.level in {WARNING, DANGER}]
    busy = [one for one in recipients if one.told.level == BUSY]
    rest = [one for one in recipients if one not in loud]
    under_way = [mail for mail in mails if mail.state in {MailState.QUEUED, MailState.SENDING, MailState.DEFERRED}]
    asks_in = None
    if under_way:
        is_young = any(mail.state != MailState.DEFERRED and at - mail.created_at < YOUNG for mail in under_way)
        asks_in = SOON if is_young else LATER
    is_long = most is not None and len(recipients) > most
    parts = [(mail.pk, mail.state, mail.why, mail.due_at and int(mail.due_at.timestamp())) for mail in mails]
    sent = [one.told.at for one in rest if one.told.at]
    return Delivery(
        number=entry.number,
        summary=_summary(entry, rest, busy, len(recipients)),
        icon=ICONS[BUSY] if busy else "check" if sent else "mail",
        at=None if busy else max(sent, default=None),
        loud=loud[:MOST_LOUD],
        more_trouble=max(0, len(loud) - MOST_LOUD),
        recipients=[] if is_long else recipients,
        unlisted=len(recipients) if is_long else 0,
        all_url=ways.live(entry.number),
        asks_in=asks_in,
        state=zlib.crc32(repr((parts, asks_in)).encode()),
        live_url=ways.live(entry.number) if asks_in else "",
        resend_url=ways.resend(entry.number) if ways.resend and is_reply else "",
        is_open=most is None,
    )


def _recipient(mail: OutgoingMail, ways: Ways, *, is_reply: bool) -> Recipient:
    told = told_of(mail)
    if told.level == DANGER and mail.state == MailState.SUPPRESSED and not is_reply:
        # What goes by itself is missed by nobody; why it did not go is told where one looks for it.
        told = Told(QUIET, told.words)
    can_retry = ways.retry is not None and mail.state == MailState.DEFERRED
    return Recipient(
        pk=mail.pk,
        name=_name(mail.user),
        email=mail.recipient,
        told=told,
        retry_url=ways.retry(mail.pk) if can_retry and ways.retry else "",
    )


def _name(user: User | None) -> str:
    return user.name.strip() if user is not None else ""


def _summary(entry: ThreadEntry, rest: Sequence[Recipient], busy: Sequence[Recipient], count: int) -> str:
    """Return who got it, in a line."""
    if not rest:
        return ngettext("%(count)s recipient", "%(count)s recipients", count) % {"count": count}
    sent = [one for one in rest if one.told.at]
    if busy:
        return _("On its way to %(names)s") % {"names": _names(busy)}
    if not sent:
        return rest[0].told.words
    is_receipt = entry.kind == EntryKind.MESSAGE and entry.number == 1
    words = _("Receipt sent to %(names)s") if is_receipt else _("Sent to %(names)s")
    return words % {"names": _names(sent)}


def _names(people: Sequence[Recipient]) -> str:
    first = people[0].name or people[0].email
    if len(people) == 1:
        return first
    others = ngettext("%(name)s and %(count)s other", "%(name)s and %(count)s others", len(people) - 1)
    return others % {"name": first, "count": len(people) - 1}


# --- In words ---------------------------------------------------------------------------------------


def told_of(mail: OutgoingMail) -> Told:
    """Return what became of one mail, as an agent is told."""
    said = mail.last_error[:SAID]
    match mail.state:
        case MailState.QUEUED:
            return Told(BUSY, _("Waits to be sent"))
        case MailState.SENDING:
            return Told(BUSY, _("Is being sent"))
        case MailState.SENT if mail.fault == Fault.UNPROVEN:
            return Told(WARNING, _("Perhaps came back: somebody says so, and nothing proves it"), said, at=mail.sent_at)
        case MailState.SENT if mail.last_error:
            # A server on the way said that it keeps the mail for now, or the recipient called it spam.
            return Told(WARNING, _("Sent, and this was said of it"), said, at=mail.sent_at)
        case MailState.SENT:
            return Told(QUIET, _("Sent"), at=mail.sent_at)
        case MailState.DEFERRED:
            return Told(WARNING, _deferred(mail), said, until=mail.due_at)
        case MailState.BOUNCED:
            return Told(DANGER, _bounced(mail), said)
        case MailState.FAILED:
            return Told(DANGER, _failed(mail), said)
        case MailState.PERHAPS_SENT:
            return Told(WARNING, _("Perhaps sent: the connection broke off while it was handed over"), said)
        case MailState.CANCELLED:
            return Told(QUIET, said or _("Not sent: it was cancelled"))
        case MailState.SUPPRESSED:
            words = str(NOT_MAILED.get(mail.why, MailState.SUPPRESSED.label))
            return Told(QUIET if mail.why == Suppressed.DEMO else DANGER, words)
    return Told(QUIET, mail.get_state_display())


def _deferred(mail: OutgoingMail) -> str:
    match mail.fault:
        case Fault.ACCOUNT:
            return _("Not sent yet: the help desk's own mail account does not work. Nothing is wrong with the address")
        case Fault.FULL:
            return _("Not sent yet: the mailbox was full")
    return _("Not sent yet: the mail server puts it off")


def _bounced(mail: OutgoingMail) -> str:
    match mail.fault:
        case Fault.NOBODY:
            return _("Came back: this address does not exist")
        case Fault.FULL:
            return _("Came back: the mailbox is full or out of order")
    return _("Came back: the recipient's server refused it")


def _failed(mail: OutgoingMail) -> str:
    match mail.fault:
        case Fault.SIZE:
            return _("Not sent: the mail is too large for the mail server")
        case Fault.ACCOUNT:
            return _("Not sent: the help desk's own mail account did not work for days")
        case Fault.SENDER:
            return _("Not sent: the address that was chosen for it is gone. Change and send it again from another one")
    return _("Not sent: the mail server refused it")
