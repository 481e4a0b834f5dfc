"""What is not let through to a ticket, and why; every decision is a Reason in the ledger.

Looked at in this order: our own mails, bounces, banned senders, automatic answers, then how much a sender writes.
What may be a person's is never thrown away: it waits for an administrator.
"""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.models import Address
from accounts.organizations import has_domain_of
from core.models import SiteSettings
from mail import addresses, signing
from mail.addresses import OwnAddresses
from mail.models import IncomingMail, IncomingState, Reason
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


def writes_too_much(sender: str, *, site: SiteSettings, at: datetime) -> bool:
    """Say whether this sender's mails of the last hour, this one among them, are more than one sender may write."""
    return _is_newer(IncomingMail.objects.filter(sender=sender), site.most_mails_an_hour, at - HOUR)


def writes_too_much_into(ticket: Ticket, sender: str, at: datetime) -> bool:
    """Say whether two robots seem to answer each other in this ticket."""
    rows = IncomingMail.objects.filter(ticket=ticket, sender=sender, state=IncomingState.MESSAGE)
    return _is_newer(rows, MOST_INTO_ONE_TICKET - 1, at - INTO_ONE_TICKET_WITHIN)


def has_too_many_open(address: Address, site: SiteSettings) -> bool:
    """Say whether the person has as many open tickets as one may have (PARITY I29)."""
    if not site.most_open_tickets:
        return False
    rows = Ticket.objects.live().working().filter(requester=address.user_id)
    return len(rows.order_by().values_list("pk", flat=True)[: site.most_open_tickets]) == site.most_open_tickets


def is_stranger(email: str) -> bool:
    """Say whether nobody here knows this address, and no organisation has its domain (PARITY I15)."""
    return not Address.objects.filter(email=email).exists() and not has_domain_of(email)


def _is_newer(rows: "QuerySet[IncomingMail]", most: int, since: datetime) -> bool:
    """Say whether more than `most` of these mails were stored after that.

    Asked of one mail, the oldest that would be too many: by a condition on the time databases look through all that a
    busy sender ever wrote.
    """
    times = rows.order_by("-id").values_list("stored_at", flat=True)[most : most + 1]
    return any(stored_at > since for stored_at in times)
