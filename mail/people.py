"""The outbox, when people or tickets go: what waits is not sent, and what was sent does not say to whom."""

from datetime import datetime

from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.models import Address, User
from mail.models import MailState, OutgoingMail

WAITING = (MailState.QUEUED, MailState.DEFERRED)


def address_gone(address: Address) -> None:
    rows = OutgoingMail.objects.filter(address=address)
    _cancel(rows)
    rows.update(address=None)


def address_moved(address: Address, before: User, to: User, at: datetime) -> None:
    """Let what was and will be sent there be to whose it is. What waits is written later, for who takes part then."""
    OutgoingMail.objects.filter(address=address).update(user=to)


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


def person_gone(person: User) -> None:
    OutgoingMail.objects.filter(Q(user=person) | Q(address__user=person)).delete()


def _cancel(rows: "QuerySet[OutgoingMail]") -> None:
    rows.filter(state__in=WAITING).update(state=MailState.CANCELLED, due_at=None, claim=None)
