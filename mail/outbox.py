"""Writing into the outbox: what a new row's fate is, and how many automatic answers an address gets."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import bouncing
from accounts.models import Address
from accounts.principal import Face
from core import wakeups
from core.prepared import Prepared, Question, insert_missing
from mail import breaking, senders, signing
from mail.models import ANSWERS, AUTOMATIC_ANSWERS, Fault, MailState, OutgoingMail, Suppressed, Template
from tickets.models import Cause, ThreadEntry, TicketEvent

# Automatic answers go to whatever address was typed into a form. So many an hour to one address, and to all together
# (PARITY section 4, rule 9).
ANSWERS_TO_ONE = 10
ANSWERS_TO_ALL = 1000
# A robot that answers our answers, and does not say that it is one, gets so many of them in an hour.
ANSWERS_TO_MAILS = 4
FREE_ONCE_CONFIRMED = {Template.TICKET_OPENED, Template.TICKET_ANSWERED, Template.TICKET_MESSAGE}


def write(
    to: Iterable[Address],
    template: Template,
    *,
    deed: UUID,
    at: datetime,
    event: TicketEvent | None = None,
    ticket_id: int | None = None,
    entry: ThreadEntry | None = None,
    waits: Mapping[int, datetime] | None = None,
) -> None:
    """Write one mail per address. Who already gets one for this deed gets no second.

    It is due at once, or when `waits` says for the address's key.
    """
    to = list(to)
    is_demo = event is not None and event.cause.startswith(Cause.DEMO)
    about = ticket_id or (event.ticket_id if event else None)
    mails = [
        OutgoingMail(
            deed=deed,
            recipient=address.email,
            address_id=address.pk,
            user_id=address.user_id,
            template=template,
            ticket_id=about,
            event_id=event.pk if event else None,
            entry_id=entry.pk if entry else None,
            message_id=signing.message_id(about, address),
            created_at=at,
        )
        for address in to
    ]
    refused = Suppressed.DEMO if is_demo else why_none()
    for mail, address in zip(mails, to, strict=True):
        settle(mail, address, event, at=at, refused=refused)
        if waits and mail.due_at is not None:
            mail.due_at = max(mail.due_at, waits.get(mail.address_id or 0, mail.due_at))
    insert_missing(mails)
    if any(mail.due_at for mail in mails):
        wakeups.wake()


def why_none() -> Suppressed | None:
    """Say why no mail at all goes out; None where some can."""
    return None if senders.has_any_way() else Suppressed.NO_SERVER


def settle(
    mail: OutgoingMail,
    address: Address | None,
    event: TicketEvent | None,
    *,
    at: datetime,
    refused: Suppressed | None,
) -> None:
    """Make a new mail to this address about this event due, or say why it is not sent: `refused` is why none is."""
    if why := refused or _why_not(mail, address, event, at=at):
        mail.state, mail.why, mail.due_at = MailState.SUPPRESSED, why, None
    elif address is not None and bouncing.is_resting(address, at):
        # Its mailbox was full lately: this one waits with it, and is lost to nobody.
        mail.state, mail.why, mail.due_at = MailState.DEFERRED, "", address.resting_until
        mail.fault, mail.last_error = Fault.FULL, address.bounce_said
    else:
        mail.state, mail.why, mail.due_at = MailState.QUEUED, "", at


def is_bouncing(address: Address, at: datetime) -> bool:
    """Say whether mail to the address does not go now: it comes back, or its mailbox was full lately."""
    return address.bounces or bouncing.is_resting(address, at)


def is_left_out(mail: OutgoingMail, address: Address | None) -> bool:
    """Say whether the mail's address bounces for good. What its owner asked for to sign in goes nevertheless.

    By that they can show that it is right again.
    """
    return address is not None and address.bounces and mail.template != Template.ACCOUNT


def _why_not(
    mail: OutgoingMail, address: Address | None, event: TicketEvent | None, *, at: datetime
) -> Suppressed | None:
    if is_left_out(mail, address):
        return Suppressed.BOUNCING
    return _why_no_answer(mail, address, event, at) if mail.template in AUTOMATIC_ANSWERS else None


def _why_no_answer(
    mail: OutgoingMail, address: Address | None, event: TicketEvent | None, at: datetime
) -> Suppressed | None:
    """Say why this is one automatic answer too many, to its address or to all; the latter opens the breaker.

    What a confirmed address asked for itself in the portal is answered, and what others write in its tickets is told;
    the latter, of which there may be much, counts for nobody.
    """
    is_confirmed = address is not None and address.is_verified
    # What answers by itself is the system's deed: its event names the door by which the ticket came.
    came_by = event.data.get("came_by", event.face) if event is not None else ""
    answers_a_mail = mail.template in ANSWERS and came_by == Face.MAIL
    if is_confirmed and mail.template in FREE_ONCE_CONFIRMED and not answers_a_mail:
        return None
    if breaking.is_open(at):
        return Suppressed.BREAKER
    most = ANSWERS_TO_MAILS if answers_a_mail else ANSWERS_TO_ONE
    if _answers_to_one(most).all(**_hour(at), recipient=mail.recipient):
        return Suppressed.TOO_MANY
    if _answers(ANSWERS_TO_ALL).all(**_hour(at)):
        breaking.open_it(at)
        return Suppressed.BREAKER
    return None


def questions(recipient: str, at: datetime) -> list[Question]:
    """Return what is asked about answering a mail that opens a ticket; not that which takes some time to find out."""
    return [breaking.question(at), (_answers_to_one(ANSWERS_TO_MAILS), {**_hour(at), "recipient": recipient})]


def _hour(at: datetime) -> dict[str, datetime]:
    return {"since": at - timedelta(hours=1), "until": at}


@lru_cache(maxsize=8)
def _answers(count: int) -> "Prepared[int]":
    return Prepared(lambda since, until: _last_of(count, _lately(since, until)))


@lru_cache(maxsize=8)
def _answers_to_one(count: int) -> "Prepared[int]":
    return Prepared(lambda since, until, recipient: _last_of(count, _lately(since, until).filter(recipient=recipient)))


def _lately(since: Any, until: Any) -> "QuerySet[OutgoingMail]":
    # Asked of the few rows that are of this kind, where a join would be made for all.
    confirmed = Address.objects.filter(pk=OuterRef("address"), verified_at__isnull=False)
    return (
        OutgoingMail.objects.filter(template__in=AUTOMATIC_ANSWERS, created_at__gt=since, created_at__lte=until)
        .exclude(state=MailState.SUPPRESSED)
        .exclude(Q(template=Template.TICKET_MESSAGE) & Exists(confirmed))
    )


def _last_of(count: int, rows: "QuerySet[OutgoingMail]") -> "QuerySet[OutgoingMail, int]":
    """Return one row if there are so many, without counting further."""
    return rows.order_by().values_list("pk", flat=True)[count - 1 : count]
