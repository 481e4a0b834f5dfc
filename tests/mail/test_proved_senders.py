"""A mail whose sender is proved shows who reads the address; what came from a claimed one goes along when it moves."""

from io import BytesIO

import pytest

from accounts import addresses, joining
from accounts.models import User
from accounts.people import address_of
from mail.management.commands.receive_mail import receive
from mail.models import IncomingMail, Mailbox
from tests import cast
from tests.cast import TUESDAY
from tests.mail.samples import SUPPORT, mail
from tickets.models import Kind, Ticket

pytestmark = pytest.mark.django_db

X = "shared@example.net"


@pytest.fixture
def mailbox(billing) -> Mailbox:
    return Mailbox.objects.create(name="support", address=SUPPORT, department=billing, authserv_id="mx.example.com")


@pytest.fixture
def mallory(db: None) -> User:
    """Has an account, and X noted as an address that nobody confirmed."""
    mallory = cast.make_person("mallory@example.org", "Mallory")
    addresses.claim(mallory, X)
    return mallory


def come(dmarc: str, **given: str) -> IncomingMail:
    found = f"mx.example.com; dmarc={dmarc} header.from=example.net"
    raw = mail(sender=f"Bert <{X}>", Authentication_Results=found, **given)
    return receive(BytesIO(raw), mailbox_name="support")


def test_a_proved_mail_takes_the_address_from_who_claimed_it(mailbox: Mailbox, mallory: User, topic) -> None:
    earlier = cast.make_ticket(mallory, topic, address=address_of(X))

    came = come("pass")

    person = address_of(X).user
    assert person != mallory
    assert address_of(X).is_verified
    assert came.ticket is not None
    assert came.ticket.requester == came.entry.author == person
    assert set(Ticket.objects.visible_to(cast.principal(person))) == {earlier, came.ticket}
    assert not Ticket.objects.visible_to(cast.principal(mallory)).exists()


@pytest.mark.parametrize("dmarc", ["none", "fail"])
def test_one_that_is_not_takes_nothing(mailbox: Mailbox, mallory: User, dmarc: str) -> None:
    come(dmarc)

    assert address_of(X).user == mallory
    assert not address_of(X).is_verified


def test_what_was_mailed_from_there_is_theirs_who_prove_it_later(mailbox: Mailbox, mallory: User) -> None:
    first = come("none")
    assert first.ticket is not None
    second = come("none", message_id="<second@example.net>", subject=f"Re: [#{first.ticket.number}]", text="And more.")
    assert second.ticket == first.ticket

    person = joining.take_over(X, at=TUESDAY)

    assert [entry.author for entry in first.ticket.entries.in_order()] == [person, person]
    assert first.ticket.events.filter(kind=Kind.REQUESTER_CHANGED).count() == 1


def test_a_guest_who_mails_is_confirmed_as_before(mailbox: Mailbox) -> None:
    guest = cast.make_person(X, "Bert", confirmed=False)

    come("pass")

    assert address_of(X).user == guest
    assert address_of(X).is_verified
