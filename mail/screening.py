"""What is not let through to a ticket, and why; every decision is a Reason in the ledger.

Looked at in this order: our own mails, bounces, banned senders, automatic answers, then how much a sender writes.
What may be a person's is never thrown away: it waits for an administrator.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Exists, Q, QuerySet, Subquery

from accounts.models import Address
from accounts.organizations import has_domain_of
from core.models import SiteSettings
from core.models.work import holding
from core.prepared import Prepared, Question
from mail import addresses, signing
from mail.addresses import OwnAddresses
from mail.models import Door, IncomingMail, IncomingState, Reason
from mail.parsing import ParsedMail
from tickets.models import Ticket

# A person rarely writes ten mails into one ticket within ten minutes; two robots that answer each other do.
MOST_INTO_ONE_TICKET = 10
INTO_ONE_TICKET_WITHIN = timedelta(minutes=10)
HOUR = timedelta(hours=1)


def nobody_wrote_this(
    parsed: ParsedMail, sender: str, own: OwnAddresses, *, takes_generated: bool = False
) -> Reason | None:
    """Return why the mail is ignored, whoever sent it: ours, a bounce, banned, or an automatic answer.

    With `takes_generated` a program's own mail, such as a monitoring's, is let through; its answers are not.
    """
    if any(signing.is_own_mark(mark) for mark in parsed.all_headers(signing.LOOP_HEADER)[:10]):
        return Reason.OWN_LOOP
    if parsed.bounce is not None:
        return Reason.BOUNCE
    if sender and sender in own:
        return Reason.OWN_ADDRESS
    if sender and addresses.is_banned(sender):
        return Reason.BANNED
    if parsed.auto_reply and not (takes_generated and _is_generated(parsed)):
        return Reason.AUTO_REPLY
    return None


def _is_generated(parsed: ParsedMail) -> bool:
    """Say whether a program wrote this of its own accord (RFC 3834 section 5.1), not to answer somebody."""
    says = (parsed.auto_submitted or "").strip().lower()
    return says.startswith("auto-generated") and parsed.in_reply_to is None and not parsed.references


def writes_too_much(mail: IncomingMail, sender: str, *, site: SiteSettings, at: datetime) -> bool:
    """Say whether this sender's mails of the last hour, this one among them, are more than one sender may write.

    Those that are being taken in at this moment are not seen: `within_limits` sees them.
    """
    return _is_newer(_later_of_sender(site.most_mails_an_hour).all(sender=sender, mail=mail), at - HOUR)


def question(mail: IncomingMail, sender: str) -> Question:
    """Return what `writes_too_much` asks where the site says nothing else."""
    most = SiteSettings._meta.get_field("most_mails_an_hour").default
    return _later_of_sender(most), {"sender": sender, "mail": mail}


def writes_too_much_into(ticket: Ticket, sender: str, at: datetime) -> bool:
    """Say whether two robots seem to answer each other in this ticket."""
    return _is_newer(_LATER_INTO_TICKET.all(ticket=ticket, sender=sender), at - INTO_ONE_TICKET_WITHIN)


def within_limits(
    held: "tuple[IncomingMail, UUID]", sender: str, *, site: SiteSettings, at: datetime, ticket: Ticket | None = None
) -> Question:
    """Return the row of a mail that is held, unless it is one too many by now: for the write that takes it in.

    In the transaction that locked the sender's address, after which no other mail of theirs becomes anything until it
    ends. With `ticket`, what goes into that ticket counts as well.
    """
    mail, claim = held
    values = {"pk": mail.pk, "claim": claim, "sender": sender, "hour": at - HOUR}
    if ticket is None:
        return _held_within(site.most_mails_an_hour), values
    into = {"ticket": ticket, "minutes": at - INTO_ONE_TICKET_WITHIN}
    return _held_within(site.most_mails_an_hour, is_into_ticket=True), values | into


def is_stranger(email: str) -> bool:
    """Say whether nobody here knows this address, and no organisation has its domain (PARITY I15)."""
    return not Address.objects.filter(email=email).exists() and not has_domain_of(email)


def _is_newer(stored_at: Sequence[datetime], since: datetime) -> bool:
    """Say whether the mail that is one too many, if there is such a mail, was stored after that."""
    return any(one > since for one in stored_at)


def _nth(rows: "QuerySet[IncomingMail]", most: int) -> "QuerySet[IncomingMail]":
    """Return the mail after which there are `most` more, if there are so many.

    That one mail is asked when it was stored: by a condition on the time databases look through all that a busy sender
    ever wrote.
    """
    return rows.order_by("-id")[most : most + 1]


def _of_sender(sender: Any, mail: Any) -> "QuerySet[IncomingMail]":
    # What this mail says of its sender may be written or not. Of others it may be, before they are decided upon.
    is_decided = ~Q(state=IncomingState.STORED) | Q(ticket__isnull=False)
    # Forms are counted where they are sent (portal.views.new): anybody can fill one in with this address.
    return IncomingMail.objects.filter(is_decided, sender=sender).exclude(door=Door.PORTAL).exclude(pk=mail)


def _into_ticket(ticket: Any, sender: Any) -> "QuerySet[IncomingMail]":
    # One that names others is a message before they take part, and finished then.
    is_message = Q(state=IncomingState.MESSAGE) | Q(state=IncomingState.STORED, entry__isnull=False)
    return IncomingMail.objects.filter(is_message, ticket=ticket, sender=sender)


@lru_cache(maxsize=4)
def _later_of_sender(most: int) -> "Prepared[datetime]":
    return Prepared(
        lambda sender, mail: _nth(_of_sender(sender, mail), most - 1).values_list("stored_at", flat=True),
    )


_LATER_INTO_TICKET: "Prepared[datetime]" = Prepared(
    lambda ticket, sender: _nth(_into_ticket(ticket, sender), MOST_INTO_ONE_TICKET - 1).values_list(
        "stored_at", flat=True
    )
)


@lru_cache(maxsize=8)
def _held_within(most: int, *, is_into_ticket: bool = False) -> "Prepared[IncomingMail]":
    def rows(pk: Any, claim: Any, sender: Any, hour: Any, **into: Any) -> "QuerySet[IncomingMail]":
        held = holding(IncomingMail.objects.all(), pk, claim)
        held = held.filter(~_is_any_newer(_nth(_of_sender(sender, pk), most - 1), hour))
        if not is_into_ticket:
            return held
        nth = _nth(_into_ticket(into["ticket"], sender), MOST_INTO_ONE_TICKET - 1)
        return held.filter(~_is_any_newer(nth, into["minutes"]))

    return Prepared(rows)


def _is_any_newer(rows: "QuerySet[IncomingMail]", since: Any) -> Exists:
    return Exists(IncomingMail.objects.filter(pk=Subquery(rows.values("pk")), stored_at__gt=since))
