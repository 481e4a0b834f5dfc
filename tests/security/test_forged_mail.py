"""What a forged mail gets nobody: into a ticket, taken for somebody whose server did not speak for them, or believed
when it says that a mail of ours came back.
"""

from io import BytesIO
from typing import Any

import pytest
from django.utils.timezone import now

from accounts.models import Address, User
from accounts.people import address_of
from desk.deliveries import told_of
from mail import intake, signing
from mail.composing import compose
from mail.management.commands.receive_mail import receive
from mail.models import Door, Fault, IncomingMail, IncomingState, Mailbox, MailState, OutgoingMail, Template
from mail.signing import Role
from tests.cast import MONDAY, address_for
from tests.mail.samples import SUPPORT, dsn, mail
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


# --- What came back -------------------------------------------------------------------------------


@pytest.fixture
def sent(ada: User, ticket: Ticket) -> OutgoingMail:
    OutgoingMail.objects.update(state=MailState.SENT)
    return OutgoingMail.objects.get(template=Template.TICKET_OPENED)


def test_who_was_answered_together_with_her_cannot_have_her_mail_stopped(
    mailbox: Mailbox, ada: User, sent: OutgoingMail
) -> None:
    """Who is in Cc of Ada's answer reads in its References which mail of ours it answers."""
    got = come(dsn(original_message_id=sent.message_id, mark=""))

    sent.refresh_from_db()
    assert (got.state, got.bounced, got.ticket) == (IncomingState.IGNORED, sent, sent.ticket)
    assert [code for code, _params in got.remarks] == ["bounce_unproven"]
    assert not address_for(ada).bounces
    # Shown beside the entry all the same.
    assert (sent.state, sent.fault) == (MailState.SENT, Fault.UNPROVEN)
    assert told_of(sent).words.startswith("Perhaps came back")
    assert told_of(sent).said == "5.1.1 smtp; 550 no such user"


@pytest.mark.parametrize("status", ["4.2.2", "5.2.2", "5.7.1", "4.4.1"])
def test_nor_make_it_wait(mailbox: Mailbox, ada: User, sent: OutgoingMail, status: str) -> None:
    come(dsn(original_message_id=sent.message_id, mark="", status=status))

    sent.refresh_from_db()
    address = address_for(ada)
    assert (sent.state, address.bounces, address.resting_until) == (MailState.SENT, False, None)


def test_the_mark_of_another_mail_proves_nothing(mailbox: Mailbox, ada: User, sent: OutgoingMail) -> None:
    for mark in (signing.return_mark("<another@example.com>"), signing.loop_mark(), "x" * 26, "\u00e4"):
        come(dsn(original_message_id=sent.message_id, mark=mark).replace(b"<dsn@", f"<{mark[:3]}@".encode()))

    assert IncomingMail.objects.filter(bounced=sent).count() == 4
    assert not address_for(ada).bounces


def test_what_our_mail_carried_proves_it(mailbox: Mailbox, ada: User, sent: OutgoingMail) -> None:
    """From the mail as it is sent to what a server returns of it, in other letters and folded."""
    headers = compose(sent).message()
    mark = headers["X-Helpdesk-Return"]

    got = come(dsn(original_message_id=headers["Message-ID"], mark=f"\r\n {mark.upper()}"))

    sent.refresh_from_db()
    assert (got.remarks, sent.state, sent.fault) == ([], MailState.BOUNCED, Fault.NOBODY)
    assert address_for(ada).bounces


def test_a_proof_that_comes_later_counts(mailbox: Mailbox, ada: User, sent: OutgoingMail) -> None:
    come(dsn(original_message_id=sent.message_id, mark=""))
    come(dsn(original_message_id=sent.message_id, mark="", status="4.4.1").replace(b"<dsn@", b"<delay@"))
    sent.refresh_from_db()
    assert (sent.fault, sent.last_error) == (Fault.UNPROVEN, "5.1.1 smtp; 550 no such user")

    come(dsn(original_message_id=sent.message_id).replace(b"<dsn@", b"<later@"))

    sent.refresh_from_db()
    assert (sent.state, address_for(ada).bounces) == (MailState.BOUNCED, True)


BOUNCED_BY = """
  MAILER-DAEMON@mx.example.org | mx.example.org | pass | yes
  postmaster@example.org       | example.org    | pass | yes
  Mailer-Daemon@Example.ORG    | example.org    | pass | yes
  MAILER-DAEMON@mx.example.org | mx.example.org | fail | no
  MAILER-DAEMON@mx.example.org | mx.example.org | none | no
  MAILER-DAEMON@mx.example.org | example.net    | pass | no
  bob@example.org              | example.org    | pass | no
  MAILER-DAEMON@example.net    | example.net    | pass | no
  MAILER-DAEMON@anexample.org  | anexample.org  | pass | no
  MAILER-DAEMON@org            | org            | pass | no
"""


@pytest.mark.parametrize("row", [line.strip() for line in BOUNCED_BY.strip().splitlines()])
def test_the_recipient_s_own_server_is_believed_without_it(
    mailbox: Mailbox, ada: User, sent: OutgoingMail, row: str
) -> None:
    sender, domain, dmarc, is_believed = (cell.strip() for cell in row.split("|"))
    checked = f"Authentication-Results: mx.example.com; dmarc={dmarc} header.from={domain}\r\n"

    come(dsn(original_message_id=sent.message_id, mark="", sender=sender, more=checked))

    assert address_for(ada).bounces is (is_believed == "yes")


def test_but_only_as_our_own_server_checked_it(mailbox: Mailbox, ada: User, sent: OutgoingMail) -> None:
    for authserv_id, said in (("mx.example.com", "mx.evil.example"), ("", "mx.example.com")):
        Mailbox.objects.update(authserv_id=authserv_id)
        checked = f"Authentication-Results: {said}; dmarc=pass header.from=mx.example.org\r\n"
        raw = dsn(original_message_id=sent.message_id, mark="", more=checked)
        come(raw.replace(b"<dsn@", f"<{said}@".encode()))

    assert IncomingMail.objects.filter(bounced=sent).count() == 2
    assert not address_for(ada).bounces
