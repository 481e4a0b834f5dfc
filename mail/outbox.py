"""Writing into the outbox: what a new row's fate is, and how many automatic answers an address gets."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import Address
from accounts.principal import Face
from core import wakeups
from mail import signing
from mail.models import AUTOMATIC_ANSWERS, MailState, OutgoingMail, Suppressed, Template
from tickets.models import Cause, ThreadEntry, TicketEvent

# How long an address that bounced is left alone.
BOUNCES_FOR = timedelta(days=3)
# Automatic answers go to whatever address was typed into a form. So many an hour to one address, and to all together
# (PARITY section 4, rule 9).
ANSWERS_TO_ONE = 10
ANSWERS_TO_ALL = 1000
# A robot that answers our answers, and does not say that it is one, gets so many of them in an hour.
ANSWERS_TO_MAILS = 4
FREE_ONCE_CONFIRMED = {Template.TICKET_OPENED, Template.TICKET_MESSAGE}


def write(
    to: Iterable[Address],
    template: Template,
    *,
    deed: UUID,
    at: datetime,
    event: TicketEvent | None = None,
    ticket_id: int | None = None,
    entry: ThreadEntry | None = None,
) -> None:
    """Write one mail per address, due at once. Who already gets one for this deed gets no second."""
    is_demo = event is not None and event.cause.startswith(Cause.DEMO)
    about = ticket_id or (event.ticket_id if event else None)
    mails = [
        OutgoingMail(
            deed=deed,
            recipient=address.email,
            address=address,
            user_id=address.user_id,
            template=template,
            ticket_id=about,
            event=event,
            entry=entry,
            message_id=signing.message_id(about, address),
            created_at=at,
        )
        for address in to
    ]
    for mail in mails:
        settle(mail, at=at, is_demo=is_demo)
    OutgoingMail.objects.bulk_create(mails, ignore_conflicts=True)
    if any(mail.due_at for mail in mails):
        wakeups.wake()


def settle(mail: OutgoingMail, *, at: datetime, is_demo: bool = False) -> None:
    """Make a new mail due, or say why it is not sent."""
    if why := _why_not(mail, at=at, is_demo=is_demo):
        mail.state, mail.why, mail.due_at = MailState.SUPPRESSED, why, None
    else:
        mail.state, mail.why, mail.due_at = MailState.QUEUED, "", at


def is_bouncing(address: Address, at: datetime) -> bool:
    return address.bouncing_at is not None and at < address.bouncing_at + BOUNCES_FOR


def _why_not(mail: OutgoingMail, *, at: datetime, is_demo: bool) -> Suppressed | None:
    if is_demo:
        return Suppressed.DEMO
    if not settings.MAIL_URL:
        return Suppressed.NO_SERVER
    if mail.address is not None and is_bouncing(mail.address, at):
        return Suppressed.BOUNCING
    if mail.template in AUTOMATIC_ANSWERS and _is_flood(mail, at):
        return Suppressed.TOO_MANY
    return None


def _is_flood(mail: OutgoingMail, at: datetime) -> bool:
    """Say whether this is one automatic answer too many.

    What a confirmed address asked for itself in the portal is answered, and what others write in its tickets is told;
    the latter, of which there may be much, counts for nobody.
    """
    is_confirmed = mail.address is not None and mail.address.is_verified
    answers_a_mail = mail.template == Template.TICKET_OPENED and mail.event is not None and mail.event.face == Face.MAIL
    if is_confirmed and mail.template in FREE_ONCE_CONFIRMED and not answers_a_mail:
        return False
    lately = (
        OutgoingMail.objects.filter(
            template__in=AUTOMATIC_ANSWERS, created_at__gt=at - timedelta(hours=1), created_at__lte=at
        )
        .exclude(state=MailState.SUPPRESSED)
        .exclude(template=Template.TICKET_MESSAGE, address__verified_at__isnull=False)
    )
    most = ANSWERS_TO_MAILS if answers_a_mail else ANSWERS_TO_ONE
    return _has(most, lately.filter(recipient=mail.recipient)) or _has(ANSWERS_TO_ALL, lately)


def _has(count: int, rows: "QuerySet[OutgoingMail]") -> bool:
    """Say whether there are so many rows, without counting further."""
    return bool(rows.order_by().values_list("pk")[count - 1 : count])
