"""Mailing a reply again, and trying a mail that waits at once: what an agent decides, told by the ticket's history."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principal import Principal
from core import wakeups
from mail import outages, outbox, senders
from mail.models import Fault, MailState, OutgoingMail, Template
from tickets import actions
from tickets.actions.locking import lock
from tickets.errors import DeedRefused
from tickets.models import Participant, ThreadEntry, Ticket, TicketEvent

UNDER_WAY = (MailState.QUEUED, MailState.SENDING, MailState.DEFERRED)
# Handed over, and nobody knows or contradicted what became of it: sent again, it may be there twice.
MAYBE_THERE = (MailState.SENT, MailState.PERHAPS_SENT)


@transaction.atomic
def resend(
    *, ticket: Ticket, entry: ThreadEntry, addresses: Collection[int], by: Principal, at: datetime, seen: int | None
) -> None:
    """Mail a reply once more to those at these addresses who take part; those to whom it is under way are left out.

    Raises NotAllowed, ChangedMeanwhile, DeedRefused if nobody is left.
    """
    # Before it is known to whom: who presses twice is told of the first.
    ticket = lock(ticket)
    if not senders.has_any_way():
        raise DeedRefused(_("No mail server is set, so nothing can be sent."))
    under_way = OutgoingMail.objects.filter(entry=entry, state__in=UNDER_WAY).values_list("address", flat=True)
    to = sorted(set(addresses) - set(under_way))
    if not to:
        raise DeedRefused(_("It is on its way to them already."))
    maybe_there = OutgoingMail.objects.filter(entry=entry, address__in=to, state__in=MAYBE_THERE).exists()
    actions.resend(ticket=ticket, entry=entry, addresses=to, by=by, at=at, seen=seen, maybe_twice=maybe_there)


def tell_again(event: TicketEvent) -> None:
    """Write the mails of a reply that is mailed again (helpdesk/subscriptions.py)."""
    if event.data.get("retried"):
        return
    parts = Participant.objects.reached(event.ticket).filter(address__in=event.data["addresses"])
    to = [part.address for part in parts]
    outbox.write(to, Template.TICKET_REPLY, deed=event.deed, at=event.at, event=event, entry=event.entry)


@transaction.atomic
def retry(mail: OutgoingMail, *, by: Principal, at: datetime) -> None:
    """Try a mail that waits for its next try at once. Raises NotAllowed, DeedRefused."""
    assert mail.ticket is not None
    waits = OutgoingMail.objects.filter(pk=mail.pk, state=MailState.DEFERRED, claim=None)
    if mail.entry is None or not waits.update(due_at=at):
        raise DeedRefused(_("This mail waits for nothing any more. Look at what became of it."))
    if mail.fault == Fault.ACCOUNT and senders.has_way(mail.account):
        outages.forget_wait(outages.Way(mail.account).account, at)
    addresses = [mail.address_id] if mail.address_id else []
    actions.resend(ticket=mail.ticket, entry=mail.entry, addresses=addresses, by=by, at=at, retried=True)
    wakeups.wake()
