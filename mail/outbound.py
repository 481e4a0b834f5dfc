"""Sending what is in the outbox: a worker's way with one row, and trying it again.

Every write of a worker counts only while its claim holds. `handed_over_at` is committed right before the message
leaves; a claim that ends with it set leaves the mail perhaps_sent, one that ends without it comes back.
"""

import logging
import random
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import Address
from accounts.principal import Face, Principal
from core import wakeups
from core.models.work import holding
from mail import composing, rendering, transport
from mail.models import MailState, OutgoingMail, Suppressed
from mail.transport import Answer
from mail.url import parse
from tickets.errors import DeedRefused

logger = logging.getLogger(__name__)

# With a first wait of 10 s: 10 s, 30 s, 2 min, 10 min, then hourly for two days.
WAITS = (1, 3, 12, 60)
LATER_WAITS = 360
GIVE_UP = 17_280
SPREAD = 0.2
# Far above what two days of waits make: only a mail that kills its worker gets here.
MOST_ATTEMPTS = 100

WAITING = (MailState.QUEUED, MailState.DEFERRED, MailState.SENDING)
AGAIN = (MailState.BOUNCED, MailState.FAILED, MailState.PERHAPS_SENT)


def send(pk: int, claim: UUID) -> MailState | None:
    """Send one mail that is held under `claim`; return what became of it, None if somebody else has it.

    The claim is exchanged for one that nobody else was told, so that the same message from the broker, come
    twice, finds nothing to do.
    """
    mine = uuid4()
    at = now()
    taken = holding(OutgoingMail.objects.filter(state__in=WAITING), pk, claim).update(claim=mine)
    if not taken:
        return None
    mail = OutgoingMail.objects.select_related("ticket", "address__user", "entry").get(pk=pk)
    if mail.handed_over_at is not None:
        # The worker that had it before handed it over, and did not live to hear the answer.
        return _finish(mail, mine, Answer(MailState.PERHAPS_SENT, "Nobody knows whether the mail server took it."))
    if not settings.MAIL_URL:
        holding(OutgoingMail.objects.all(), pk, mine).update(
            state=MailState.SUPPRESSED, why=Suppressed.NO_SERVER, due_at=None, claim=None
        )
        return MailState.SUPPRESSED
    if mail.attempts >= MOST_ATTEMPTS:
        return _finish(mail, mine, Answer(MailState.FAILED, "Its worker died over and over while sending it."))
    mail.first_tried_at = mail.first_tried_at or at
    mail.attempts += 1
    begun = holding(OutgoingMail.objects.all(), pk, mine).update(
        state=MailState.SENDING, attempts=F("attempts") + 1, first_tried_at=mail.first_tried_at
    )
    if not begun:
        return None
    return _finish(mail, mine, _attempt(mail, mine))


def send_again(mail: OutgoingMail, *, by: Principal, at: datetime) -> None:
    """Make a mail that bounced, failed or was perhaps sent due again: an administrator's decision.

    It may reach its recipient twice then. Raises DeedRefused for mails in another state, or without a mail server.
    """
    if by.face != Face.ADMIN or by.user is None or not by.user.is_staff:
        raise DeedRefused(_("Only administrators can send a mail again."))
    if not settings.MAIL_URL:
        raise DeedRefused(_("No mail server is set, so nothing can be sent."))
    due = OutgoingMail.objects.filter(pk=mail.pk, state__in=AGAIN).update(
        state=MailState.QUEUED, due_at=at, claim=None, attempts=0, first_tried_at=None, handed_over_at=None
    )
    if not due:
        raise DeedRefused(_("Only mails that bounced, failed or were perhaps sent can be sent again."))
    logger.info("mail %s is sent again, asked for by person %s", mail.pk, by.user.pk)
    wakeups.wake()


def next_try(attempts: int, first_tried_at: datetime, at: datetime) -> datetime | None:
    """Return when to try again after that many attempts; None when it is time to give up."""
    factor = WAITS[attempts - 1] if attempts <= len(WAITS) else LATER_WAITS
    wait: timedelta = settings.RETRY_FIRST * factor * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311  # spreads load, hides nothing
    give_up_at = first_tried_at + settings.RETRY_FIRST * GIVE_UP
    return at + wait if at + wait <= give_up_at else None


def _attempt(mail: OutgoingMail, claim: UUID) -> Answer:
    """Render and hand over. Whatever goes wrong before the handing over is tried again."""

    def hand_over() -> bool:
        at = now()
        # The answer may take a while: the claim starts anew.
        held = holding(OutgoingMail.objects.filter(handed_over_at=None), mail.pk, claim)
        if held.update(handed_over_at=at, due_at=at + settings.CLAIM_TIME) != 1:
            return False
        mail.handed_over_at = at
        return True

    try:
        message = composing.compose(mail)
        return transport.deliver(parse(settings.MAIL_URL), message, hand_over=hand_over)
    except rendering.NoLongerWanted as reason:
        return Answer(MailState.CANCELLED, str(reason))
    except Exception as error:
        logger.exception("mail %s could not be sent", mail.pk)
        state = MailState.DEFERRED if mail.handed_over_at is None else MailState.PERHAPS_SENT
        return Answer(state, f"{type(error).__name__}: {error}"[:500])


def _finish(mail: OutgoingMail, claim: UUID, answer: Answer) -> MailState | None:
    """Write down how it ended, if that is still ours to say; return the state written.

    An answer that comes after the claim was lost is late, not wrong: it ends the doubt of perhaps_sent.
    """
    if answer.state is None:
        return None
    at = now()
    state = answer.state
    changes: dict[str, object] = {"claim": None, "due_at": None, "last_error": answer.text}
    if state == MailState.SENT:
        changes |= {"sent_at": at, "last_error": "", "body": None}
        if answer.service_id:
            changes["service_id"] = answer.service_id
    elif state == MailState.DEFERRED:
        assert mail.first_tried_at is not None
        changes["due_at"] = next_try(mail.attempts, mail.first_tried_at, at)
        if changes["due_at"] is None:
            state = MailState.FAILED
    if state not in {MailState.SENT, MailState.PERHAPS_SENT}:
        changes["handed_over_at"] = None
    ours = Q(claim=claim)
    if mail.handed_over_at is not None:
        ours |= Q(state=MailState.PERHAPS_SENT, handed_over_at=mail.handed_over_at)
    if OutgoingMail.objects.filter(ours, pk=mail.pk).update(state=state, **changes) != 1:
        return None
    if mail.address_id is not None:
        _note_bounce(mail.address_id, answer, at)
    return state


def _note_bounce(address_id: int, answer: Answer, at: datetime) -> None:
    """Remember that nobody has this address; forget it once a mail to it was taken."""
    address = Address.objects.filter(pk=address_id)
    if answer.no_such_address:
        address.update(bouncing_at=at)
    elif answer.state == MailState.SENT:
        address.exclude(bouncing_at=None).update(bouncing_at=None)
