"""Sending what is in the outbox: a worker's way with one row, and trying it again.

Every write of a worker counts only while its claim holds. `handed_over_at` is committed right before the message
leaves; a claim that ends with it set leaves the mail perhaps_sent, one that ends without it comes back.
"""

import logging
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import DateTimeField, F, Q, Value, prefetch_related_objects
from django.db.models.functions import Coalesce
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts import bouncing
from accounts.models import Address
from accounts.principal import Face, Principal
from core import wakeups
from core.models import SiteSettings
from core.models.work import holding
from core.prepared import Prepared
from mail import composing, kept_alerts, outages, outbox, rendering, senders, transport
from mail.common import Common
from mail.models import Fault, MailState, OutgoingMail, SendingAccount, Suppressed, Template
from mail.rendering import TO_AGENTS
from mail.transport import Answer
from mail.trouble import Trouble, answer_of
from tickets.errors import DeedRefused

logger = logging.getLogger(__name__)

# With a first wait of 10 s: 10 s, 30 s, 2 min, 10 min, then hourly for two days.
WAITS = (1, 3, 12, 60)
LATER_WAITS = 360
GIVE_UP = 17_280
# For the account itself mails wait longer, five days (RFC 5321 section 4.5.4.1), and not at the cost of their own time.
GIVE_UP_ACCOUNT = 43_200
SPREAD = 0.2
# Far above what two days of waits make: only a mail that kills its worker gets here.
MOST_ATTEMPTS = 100
# Seconds after which a bundle's other mails are let go of: others get them, and nobody is told what was true long ago.
PATIENCE = 10.0
# How long mails wait before they look whether their account, which is switched off, is on again.
WHILE_OFF = timedelta(minutes=5)

WAITING = (MailState.QUEUED, MailState.DEFERRED, MailState.SENDING)
_DONE = [state for state in MailState if state not in WAITING]
AGAIN = (MailState.BOUNCED, MailState.FAILED, MailState.PERHAPS_SENT)

# What every mail writes. When what became of it is still ours to say: under our claim, or as long as nobody knows it.
_BEFORE_HAND_OVER = Prepared(
    lambda pk, claim: OutgoingMail.objects.filter(handed_over_at__isnull=True, pk=pk, claim=claim)
)
_HELD = Prepared(lambda pk, claim: holding(OutgoingMail.objects.all(), pk, claim))
_HELD_OR_UNKNOWN = Prepared(
    lambda pk, claim, handed_over_at: OutgoingMail.objects.filter(
        Q(claim=claim) | Q(state=MailState.PERHAPS_SENT, handed_over_at=handed_over_at), pk=pk
    )
)


def send(pk: int, claim: UUID) -> MailState | None:
    """Send one mail that is held under `claim`; return what became of it, None if somebody else has it."""
    return send_all([pk], claim).get(pk)


def send_all(pks: Sequence[int], claim: UUID) -> dict[int, MailState]:
    """Send mails that are held under `claim`, one after another; return what became of those that were still ours.

    The claim is exchanged for one that nobody else was told, so that the same message from the broker, come twice,
    finds nothing to do. Whoever does not get a turn in time is let go of.
    """
    mine = uuid4()
    mails = _take(pks, claim, mine)
    became: dict[int, MailState] = {}
    stop_at = monotonic() + PATIENCE
    with transport.kept_connections(), SiteSettings.read_once():
        common, ways = Common(mails), _Ways()
        for place, mail in enumerate(mails):
            if place and monotonic() > stop_at:
                _let_go(mails[place:], mine)
                break
            if (state := _send(mail, mine, common, ways)) is not None:
                became[mail.pk] = state
    return became


def _take(pks: Sequence[int], claim: UUID, mine: UUID) -> list[OutgoingMail]:
    """Return those of the mails that are ours now and begun, as they were before that."""
    at = now()
    # Said by what they are not: else PostgreSQL may look through all that waits, instead of these few keys.
    rows = OutgoingMail.objects.filter(pk__in=pks, claim=claim).exclude(state__in=_DONE)
    read_along = ["ticket__department__parent__parent", "ticket__topic", "address__user", "entry"]
    mails = list(rows.prefetch_related(*read_along).order_by("pk"))
    told_agents = [mail for mail in mails if mail.template in TO_AGENTS]
    prefetch_related_objects(told_agents, "ticket__requester", "ticket__priority", "ticket__assignee", "ticket__team")
    begun = rows.update(
        claim=mine,
        due_at=at + settings.CLAIM_TIME,
        state=MailState.SENDING,
        attempts=F("attempts") + 1,
        first_tried_at=Coalesce("first_tried_at", Value(at, DateTimeField())),
    )
    if begun < len(mails):
        ours = set(OutgoingMail.objects.filter(pk__in=pks, claim=mine).values_list("pk", flat=True))
        mails = [mail for mail in mails if mail.pk in ours]
    for mail in mails:
        mail.first_tried_at = mail.first_tried_at or at
    # Those whose worker died come last, and in no order: the one that kills workers must not keep the others back.
    random.shuffle(mails)
    return sorted(mails, key=lambda mail: mail.state == MailState.SENDING)


class _Ways(dict[int | None, outages.Way]):
    """The ways out that mails of a bundle go, by the key of their account."""

    def of(self, account: SendingAccount | None) -> outages.Way:
        return self.setdefault(account.pk if account else None, outages.Way(account))


def _let_go(mails: Sequence[OutgoingMail], mine: UUID, *, due_at: datetime | None = None) -> None:
    """Make mails due again, at once or then, as if they had not been begun."""
    for attempts, state in ((0, MailState.QUEUED), (1, MailState.DEFERRED)):
        pks = [mail.pk for mail in mails if min(mail.attempts, 1) == attempts]
        held = OutgoingMail.objects.filter(pk__in=pks, claim=mine, handed_over_at=None)
        fresh = {} if attempts else {"first_tried_at": None}
        held.update(state=state, attempts=F("attempts") - 1, due_at=due_at or now(), claim=None, **fresh)


def _send(mail: OutgoingMail, mine: UUID, common: Common, ways: _Ways) -> MailState | None:
    if mail.handed_over_at is not None:
        # The worker that had it before handed it over, and did not live to hear the answer.
        return _finish(mail, mine, Answer(MailState.PERHAPS_SENT, "Nobody knows whether the mail server took it."))
    own = common.sender(mail)
    if own is None and common.chosen_sender(mail) is not None:
        # From another address it would not be what its author wrote.
        return _finish(mail, mine, Answer(MailState.FAILED, "The chosen sender address is gone.", Fault.SENDER))
    mail.account = own.account if own is not None else None
    if why := _why_not(mail):
        holding(OutgoingMail.objects.all(), mail.pk, mine).update(
            # It may hold a link that signs in, and is never sent.
            state=MailState.SUPPRESSED,
            why=why,
            due_at=None,
            claim=None,
            body=None,
        )
        return MailState.SUPPRESSED
    if mail.attempts >= MOST_ATTEMPTS:
        return _finish(mail, mine, Answer(MailState.FAILED, "Its worker died over and over while sending it."))
    at, way = now(), ways.of(mail.account)
    waits_since = mail.first_tried_at if mail.fault == Fault.ACCOUNT else None
    if not way.may_try(at):
        return _defer_for_account(mail, mine, way.said, way.until or at + WHILE_OFF, waits_since or at)
    if mail.account is not None and (free_at := senders.may_go(mail.account, at)) is not None:
        _let_go([mail], mine, due_at=free_at)
        return None
    if (quiet_until := kept_alerts.still_quiet_until(mail, common, at)) is not None:
        _let_go([mail], mine, due_at=quiet_until)
        return None
    if waits_since is not None:
        # What it waited for the account is not taken from its own time.
        mail.first_tried_at, mail.attempts = at, 0
    mail.attempts += 1
    answer = _attempt(mail, mine, common, way)
    if answer.fault == Fault.ACCOUNT:
        until = way.failed(answer, now())
        return _defer_for_account(mail, mine, answer.text, until, waits_since or at)
    if _got_through(mail, answer):
        way.works()
    return _finish(mail, mine, answer)


def _got_through(mail: OutgoingMail, answer: Answer) -> bool:
    """Whether the account did its part, whatever it said of the mail; of what was perhaps sent nobody knows."""
    is_handed_over = mail.handed_over_at is not None
    return answer.state == MailState.BOUNCED or (is_handed_over and answer.state != MailState.PERHAPS_SENT)


def send_again(mail: OutgoingMail, *, by: Principal, at: datetime) -> None:
    """Make a mail that bounced, failed or was perhaps sent due again: an administrator's decision.

    It may reach its recipient twice then. Raises DeedRefused for mails in another state, or without a mail server.
    """
    if by.face != Face.ADMIN or by.user is None or not by.user.is_staff:
        raise DeedRefused(_("Only administrators can send a mail again."))
    if not senders.has_any_way():
        raise DeedRefused(_("No mail server is set, so nothing can be sent."))
    if OutgoingMail.objects.filter(pk=mail.pk, template=Template.ACCOUNT, body=None).exists():
        raise DeedRefused(_("What this mail said is not kept, so that nobody can use its link. Have a new one sent."))
    due = OutgoingMail.objects.filter(pk=mail.pk, state__in=AGAIN).update(
        state=MailState.QUEUED, due_at=at, claim=None, attempts=0, first_tried_at=None, handed_over_at=None, fault=""
    )
    if not due:
        raise DeedRefused(_("Only mails that bounced, failed or were perhaps sent can be sent again."))
    logger.info("mail %s is sent again, asked for by person %s", mail.pk, by.user.pk)
    wakeups.wake()


def cancel(mail: OutgoingMail, *, by: Principal, at: datetime) -> None:
    """Never send a waiting mail: an administrator's decision. Raises DeedRefused for one on its way, or at its end."""
    if by.face != Face.ADMIN or by.user is None or not by.user.is_staff:
        raise DeedRefused(_("Only administrators keep a mail from being sent."))
    waiting = OutgoingMail.objects.filter(
        pk=mail.pk, state__in=[MailState.QUEUED, MailState.DEFERRED], handed_over_at=None
    )
    if not waiting.update(state=MailState.CANCELLED, due_at=None, claim=None, body=None):
        raise DeedRefused(_("Only mails that wait can be kept from being sent."))
    logger.info("mail %s is not sent, asked for by person %s", mail.pk, by.user.pk)


def next_try(attempts: int, first_tried_at: datetime, at: datetime) -> datetime | None:
    """Return when to try again after that many attempts; None when it is time to give up."""
    wait = _wait(attempts) * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311  # spreads load, hides nothing
    give_up_at = first_tried_at + settings.RETRY_FIRST * GIVE_UP
    return at + wait if at + wait <= give_up_at else None


def longest_wait(attempts: int) -> timedelta:
    """Return how long a mail waits at most after that many attempts."""
    return _wait(attempts) * (1 + SPREAD)


def longest_wait_for_account() -> timedelta:
    """Return how long mails wait at most before they look again whether their account works."""
    return max(outages.longest_wait(), WHILE_OFF) * (1 + SPREAD)


def _wait(attempts: int) -> timedelta:
    wait: timedelta = settings.RETRY_FIRST * (WAITS[attempts - 1] if attempts <= len(WAITS) else LATER_WAITS)
    return wait


def _why_not(mail: OutgoingMail) -> Suppressed | None:
    """Return why a mail does not go after all: what was so when it was written may not be so any more."""
    if not senders.has_way(mail.account):
        return Suppressed.NO_SERVER
    return Suppressed.BOUNCING if outbox.is_left_out(mail, mail.address) else None


def _attempt(mail: OutgoingMail, claim: UUID, common: Common, way: outages.Way) -> Answer:
    """Render and hand over. Whatever goes wrong before the handing over is tried again."""

    def hand_over() -> bool:
        at = now()
        # The answer may take a while: the claim starts anew.
        changes = {"handed_over_at": at, "due_at": at + settings.CLAIM_TIME, "account": mail.account}
        if _BEFORE_HAND_OVER.update(changes, pk=mail.pk, claim=claim) != 1:
            return False
        mail.handed_over_at = at
        return True

    try:
        kept_alerts.require_wanted(mail, common, now())
        message = composing.compose(mail, common)
        return transport.deliver(way.to, message, hand_over=hand_over)
    except Trouble as trouble:
        return Answer(MailState.DEFERRED, str(trouble), fault=Fault.ACCOUNT, is_certain=True)
    except rendering.NoLongerWanted as reason:
        return Answer(MailState.CANCELLED, str(reason))
    except Exception as error:
        logger.exception("mail %s could not be sent", mail.pk)
        state = MailState.DEFERRED if mail.handed_over_at is None else MailState.PERHAPS_SENT
        return Answer(state, f"{type(error).__name__}: {answer_of(error)}")


def _defer_for_account(
    mail: OutgoingMail, claim: UUID, said: str, until: datetime, since: datetime
) -> MailState | None:
    """Let the mail wait until then for the account, as it does since `since`; return the state written."""
    until += (until - now()) * random.uniform(0, SPREAD)  # noqa: S311  # spreads load, hides nothing
    is_over = until > since + settings.RETRY_FIRST * GIVE_UP_ACCOUNT
    state = MailState.FAILED if is_over else MailState.DEFERRED
    written = _write(
        mail,
        claim,
        {
            "state": state,
            "fault": Fault.ACCOUNT,
            "account": mail.account,
            "last_error": said,
            "first_tried_at": since,
            # Its own tries begin anew once the account works.
            "attempts": 1,
            "handed_over_at": None,
            "due_at": None if is_over else until,
            "claim": None,
        },
    )
    return state if written else None


def _finish(mail: OutgoingMail, claim: UUID, answer: Answer) -> MailState | None:
    """Write down how it ended, if that is still ours to say; return the state written.

    An answer that comes after the claim was lost is late, not wrong: it ends the doubt of perhaps_sent.
    """
    if answer.state is None:
        return None
    at = now()
    state = answer.state
    changes: dict[str, object] = {"claim": None, "due_at": None, "last_error": answer.text, "fault": answer.fault or ""}
    changes |= {"attempts": mail.attempts, "first_tried_at": mail.first_tried_at}
    if state == MailState.SENT:
        changes |= {"sent_at": at, "last_error": "", "body": None}
        if answer.service_id:
            changes["service_id"] = answer.service_id
    elif state == MailState.CANCELLED:
        changes["body"] = None
    elif state == MailState.DEFERRED:
        assert mail.first_tried_at is not None
        changes["due_at"] = next_try(mail.attempts, mail.first_tried_at, at)
        if changes["due_at"] is None:
            state = MailState.FAILED
    if state not in {MailState.SENT, MailState.PERHAPS_SENT}:
        changes["handed_over_at"] = None
    if not _write(mail, claim, {"state": state, **changes}):
        return None
    if mail.address is not None:
        _note_bounce(mail.address, answer, at)
    return state


def _write(mail: OutgoingMail, claim: UUID, changes: dict[str, object]) -> bool:
    """Write what became of the mail, if that is still ours to say."""
    if mail.handed_over_at is None:
        return _HELD.update(changes, pk=mail.pk, claim=claim) == 1
    return _HELD_OR_UNKNOWN.update(changes, pk=mail.pk, claim=claim, handed_over_at=mail.handed_over_at) == 1


def _note_bounce(address: Address, answer: Answer, at: datetime) -> None:
    """Remember that nobody has this address, or that its mailbox is full.

    That a server took a mail says nothing for the address: it may be one that takes all, and asks later.
    """
    if answer.fault == Fault.NOBODY:
        bouncing.mark(address.pk, answer.text, at=at)
    elif answer.fault == Fault.FULL:
        bouncing.rest(address.pk, answer.text, at=at)
