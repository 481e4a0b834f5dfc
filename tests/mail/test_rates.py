"""How much one sender may write, however many of their mails are taken in at the same moment: so many, and no more."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest
from django.utils.timezone import now

from accounts.models import User
from core.models import SiteSettings
from mail import intake, screening, signing
from mail.models import Door, IncomingMail, IncomingState, Mailbox, Reason
from mail.signing import Role
from tests.cast import address_for
from tests.mail.samples import SUPPORT, mail
from tests.tickets.test_concurrency import at_once
from tickets.models import Department, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 10


@pytest.fixture
def mailbox(billing: Department) -> Mailbox:
    SiteSettings.load()
    return Mailbox.objects.create(name="support", address=SUPPORT, department=billing)


def take_in(mailbox: Mailbox, raw: bytes) -> IncomingMail:
    return intake.take_in_held(intake.store_held([raw], door=Door.PIPE, at=now(), mailbox=mailbox))


def come(mailbox: Mailbox, mails: Sequence[bytes]) -> Counter[tuple[str, str]]:
    """Take all in at the same moment; return what became of how many."""
    at_once(*(partial(take_in, mailbox, raw) for raw in mails))
    return Counter((str(row.state), str(row.reason)) for row in IncomingMail.objects.all())


def test_of_what_one_sends_at_once_no_more_gets_through_than_one_may(mailbox: Mailbox) -> None:
    SiteSettings.objects.update(most_mails_an_hour=4)

    became = come(mailbox, [mail(message_id=f"<{number}@example.org>") for number in range(AT_ONCE)])

    assert became == {("ticket", "new"): 4, ("quarantined", "too_many"): AT_ONCE - 4}
    assert Ticket.objects.count() == 4
    assert not IncomingMail.objects.exclude(state=IncomingState.TICKET).filter(entry__isnull=False).exists()


@pytest.mark.parametrize("others", ["", "bob@example.net"])
def test_nor_into_one_ticket(mailbox: Mailbox, ada: User, ticket: Ticket, others: str, monkeypatch) -> None:
    monkeypatch.setattr(screening, "MOST_INTO_ONE_TICKET", 3)
    to = signing.reply_address(SUPPORT, ticket_id=ticket.pk, address=address_for(ada), role=Role.REQUESTER, at=now())
    headers = {"cc": others} if others else {}

    became = come(mailbox, [mail(to=to, message_id=f"<{number}@example.org>", **headers) for number in range(AT_ONCE)])

    assert became == {("message", "reply_address"): 3, ("quarantined", "too_many"): AT_ONCE - 3}
    assert ticket.entries.count() == 1 + 3


def test_nor_as_an_agent(mailbox: Mailbox, grace: User, ticket: Ticket) -> None:
    SiteSettings.objects.update(most_mails_an_hour=4)
    address = address_for(grace)
    to = signing.reply_address(SUPPORT, ticket_id=ticket.pk, address=address, role=Role.AGENT, at=now())
    words = ["#priority high" if number % 2 else "It was the server." for number in range(AT_ONCE)]

    became = come(
        mailbox,
        [
            mail(text, sender=address.email, to=to, message_id=f"<{number}@example.org>")
            for number, text in enumerate(words)
        ],
    )

    assert became.pop(("quarantined", Reason.TOO_MANY)) == AT_ONCE - 4
    assert sum(became.values()) == 4


def test_others_are_not_kept_out_by_it(mailbox: Mailbox) -> None:
    SiteSettings.objects.update(most_mails_an_hour=1)

    became = come(
        mailbox,
        [mail(sender=f"{name}@example.org", message_id=f"<{name}@example.org>") for name in ("a", "b", "c", "d")],
    )

    assert became == {("ticket", "new"): 4}


def test_what_an_administrator_lets_through_is_not_counted_again(mailbox: Mailbox) -> None:
    SiteSettings.objects.update(most_mails_an_hour=1)
    come(mailbox, [mail(message_id=f"<{number}@example.org>") for number in range(3)])

    for row in IncomingMail.objects.filter(state=IncomingState.QUARANTINED):
        IncomingMail.objects.filter(pk=row.pk).update(
            state=IncomingState.STORED, reason="", is_let_through=True, attempts=0
        )
        row.refresh_from_db()
        intake.take_in_at_once(row)

    assert Ticket.objects.count() == 3
