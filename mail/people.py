"""Outbox and ledger, when people or tickets go.

What waits is not sent, and what was sent does not say to whom. Of mails that came the raw bytes go and what they said
of their sender; the rows stay, or a server that still has them would have them taken in anew.
"""

from datetime import datetime
from typing import Any

from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils.timezone import now

from accounts.models import Address, User
from core import sweeping
from mail.models import IncomingMail, MailState, OutgoingMail
from tickets.actions.parts import give_entries
from tickets.models import Attachment, EntryKind, Participant, ThreadEntry, Ticket

WAITING = (MailState.QUEUED, MailState.DEFERRED)


def address_gone(address: Address) -> None:
    rows = OutgoingMail.objects.filter(address=address)
    _cancel(rows)
    rows.update(address=None)


def redacted(row: Any) -> None:
    """Let go of the raw mail behind what words were taken out of: it still has them."""
    if isinstance(row, ThreadEntry):
        _forget_raw(Q(entry=row))
    elif isinstance(row, Attachment):
        _forget_raw(Q(entry=row.entry_id))
    elif isinstance(row, Ticket):
        # Its subject stands in every mail about it.
        _forget_raw(Q(ticket=row))
        IncomingMail.objects.filter(ticket=row).update(subject="")


def address_moved(address: Address, before: User, to: User, at: datetime) -> None:
    """Let what was and will be sent there be to whose it is, and what came from there theirs.

    What waits is written later, for who takes part then.
    """
    OutgoingMail.objects.filter(address=address).update(user=to)
    written = IncomingMail.objects.filter(sender=address.email, entry__isnull=False).values("entry")
    give_entries(ThreadEntry.objects.filter(pk__in=written, author=before, kind=EntryKind.MESSAGE), to)


def anonymise(person: User, at: datetime) -> None:
    """Blank what mails to the person say of them; each keeps its times, and gets a recipient of its own."""
    emails = list(person.addresses.values_list("email", flat=True))
    for rows in (OutgoingMail.objects.filter(user=person), OutgoingMail.objects.filter(recipient__in=emails)):
        _cancel(rows)
        rows.update(
            recipient=Concat(Value("erased-"), Cast("pk", CharField()), Value("@invalid")),
            body=None,
            last_error="",
        )
    took_part = Participant.objects.filter(user=person).values("ticket")
    # One after the other: with an OR PostgreSQL looks at every mail that ever came.
    _forget_raw(Q(ticket__in=took_part))
    _forget_raw(Q(sender__in=emails))
    wrote = IncomingMail.objects.filter(sender__in=emails)
    wrote.update(**IncomingMail.WHEN_LET_GO)


def person_gone(person: User) -> None:
    emails = person.addresses.values_list("email", flat=True)
    IncomingMail.objects.filter(sender__in=list(emails)).update(**IncomingMail.WHEN_LET_GO)
    OutgoingMail.objects.filter(Q(user=person) | Q(address__user=person)).delete()


def _cancel(rows: "QuerySet[OutgoingMail]") -> None:
    rows.filter(state__in=WAITING).update(state=MailState.CANCELLED, due_at=None, claim=None, body=None)


def _forget_raw(which: Q) -> None:
    rows = IncomingMail.objects.filter(which, raw__isnull=False)
    blobs = list(rows.values_list("raw", flat=True))
    rows.update(raw=None)
    if blobs:
        sweeping.let_go(blobs, now())
