"""What a forged mail gets nobody: into a ticket, or taken for somebody whose server did not speak for them."""

from io import BytesIO
from typing import Any

import pytest
from django.utils.timezone import now

from accounts.models import Address, User
from accounts.people import address_of
from mail import intake, signing
from mail.management.commands.receive_mail import receive
from mail.models import Door, IncomingMail, Mailbox
from mail.signing import Role
from tests.cast import MONDAY, address_for
from tests.mail.samples import SUPPORT, mail
from tickets.models import Department, Participant, Ticket

pytestmark = pytest.mark.django_db

EVE = "eve@example.net"


@pytest.fixture
def mailbox(billing: Department) -> Mailbox:
    return Mailbox.objects.create(name="support", address=SUPPORT, department=billing, authserv_id="mx.example.com")


def come(raw: bytes) -> IncomingMail:
    return receive(BytesIO(raw), mailbox_name="support")


def believed(dmarc: str, domain: str = "example.org") -> dict[str, Any]:
    return {"Authentication_Results": f"mx.example.com; dmarc={dmarc} header.from={domain}"} if dmarc else {}


# --- Whom a mail lets take part -------------------------------------------------------------------


@pytest.mark.parametrize("checks", ["-", "", "none"])
def test_who_knows_a_number_lets_nobody_take_part(mailbox: Mailbox, ada: User, ticket: Ticket, checks: str) -> None:
    """From and number are known to whoever once saw a mail about the ticket."""
    if checks == "-":
        Mailbox.objects.update(authserv_id="")

    got = come(mail(subject=f"Re: [#{ticket.number}]", cc=EVE, **believed(checks.strip("-"))))

    assert got.ticket == ticket
    assert list(Participant.objects.filter(ticket=ticket).values_list("user__name", flat=True)) == ["Ada"]
    assert not User.objects.filter(addresses__email=EVE).exists()
    assert "recipients_left_out" in [code for code, _params in got.remarks]


def test_who_answers_our_mail_lets_others_take_part(mailbox: Mailbox, ada: User, ticket: Ticket) -> None:
    to = signing.reply_address(SUPPORT, ticket_id=ticket.pk, address=address_for(ada), role=Role.REQUESTER, at=MONDAY)

    got = come(mail(to=to, cc=EVE))

    assert got.ticket == ticket
    assert Participant.objects.filter(ticket=ticket, address__email=EVE).exists()


def test_who_is_proved_lets_others_take_part(mailbox: Mailbox, ada: User, ticket: Ticket) -> None:
    come(mail(subject=f"Re: [#{ticket.number}]", cc=EVE, **believed("pass")))

    assert Participant.objects.filter(ticket=ticket, address__email=EVE).exists()


# --- Who is proved --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        # DMARC is about From. Here that has no address which we can use, and Sender names somebody else.
        'From: "a b"@attacker.example\nSender: ada@example.org\n',
        # Two of From: the server may have looked at the other one.
        "From: ada@example.org\nFrom: eve@attacker.example\n",
        "From: ada@example.org, eve@attacker.example\n",
    ],
)
@pytest.mark.parametrize("said", ["dmarc=pass", "dmarc=pass header.from=attacker.example"])
def test_only_who_the_server_checked_is_proved(mailbox: Mailbox, ada: User, headers: str, said: str) -> None:
    Address.objects.update(verified_at=None)

    got = come(f"Authentication-Results: mx.example.com; {said}\n{headers}".encode() + mail(sender=""))

    assert (got.sender, got.authentication) == ("ada@example.org", {"dmarc": "pass-of-another"})
    assert not address_of("ada@example.org").is_verified


@pytest.mark.parametrize("said", ["", " header.from=example.org", " header.from=EXAMPLE.org."])
def test_whom_the_server_checked_is_proved(mailbox: Mailbox, said: str) -> None:
    """Some servers name the domain whose policy counts, which may be above."""
    come(mail(sender="Ada <Ada@Mail.Example.org>", Authentication_Results=f"mx.example.com; dmarc=pass{said}"))

    assert address_of("ada@mail.example.org").is_verified


def test_a_domain_in_other_letters_is_the_same(mailbox: Mailbox) -> None:
    raw = mail(sender="", Authentication_Results="mx.example.com; dmarc=pass header.from=xn--mnchen-3ya.example")

    come("From: ada@münchen.example\n".encode() + raw)

    assert address_of("ada@münchen.example").is_verified


@pytest.mark.parametrize(("protocol", "is_proved"), [("imap", False), ("pop3", False), ("pushed", True)])
def test_a_mail_handed_over_did_not_pass_the_server_that_it_names(
    mailbox: Mailbox, protocol: str, is_proved: bool
) -> None:
    """A pipe of another server, and the API, name no mailbox: To does, which the sender writes."""
    Mailbox.objects.update(protocol=protocol)

    receive(BytesIO(mail(**believed("pass"))))

    assert address_of("ada@example.org").is_verified is is_proved


@pytest.mark.parametrize(("protocol", "is_proved"), [("imap", False), ("pushed", True)])
def test_nor_did_what_a_web_hook_brought(mailbox: Mailbox, protocol: str, is_proved: bool) -> None:
    """Its envelope names a mailbox of ours, and the sender chose that too."""
    Mailbox.objects.update(protocol=protocol)
    row = intake.store([mail(**believed("pass"))], door=Door.WEBHOOK, at=now(), mailbox=Mailbox.objects.get())

    intake.take_in_at_once(row)

    assert address_of("ada@example.org").is_verified is is_proved
