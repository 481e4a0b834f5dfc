"""Who may write into which ticket by mail: from which address, to which address, as believed of whom.

A hand-written table. The ticket is Ada's, in Billing, where Grace works; Bob is its collaborator. Mallory is nobody of
theirs, Ken an agent elsewhere, Rosa an administrator. `to` is the address that the mail goes to: ours as everybody
knows it, or signed for somebody; `names` is what else leads to the ticket; `checks` is what our own mail server found
out about the sender ("-": it checks nothing, "none": it checks and found nothing).
"""

from io import BytesIO

import pytest

from accounts.models import User
from mail import signing
from mail.management.commands.receive_mail import receive
from mail.models import IncomingMail, IncomingState, Mailbox, OutgoingMail, Template
from mail.signing import Role
from tests import cast
from tests.cast import MONDAY, address_for, make_person
from tests.mail.samples import SUPPORT, mail
from tickets import actions
from tickets.models import Department, EntryKind, Participant, Status, Ticket

pytestmark = pytest.mark.django_db

# from      | to           | names      | checks | becomes  | where | remarks
TABLE = """
  ada       | plain        | nothing    | -      | ticket   | new   |
  ada       | plain        | number     | -      | message  | here  |
  ada       | plain        | references | -      | message  | here  |
  ada       | plain        | signed id  | -      | message  | here  |
  ada       | for ada      | nothing    | -      | message  | here  |
  ada       | for ada      | nothing    | pass   | message  | here  |
  ada       | for ada      | nothing    | none   | message  | here  |
  ada       | for ada      | nothing    | fail   | message  | here  | unproven
  ada       | plain        | signed id  | fail   | message  | here  | unproven
  ada       | plain        | number     | fail   | ticket   | new   | unproven
  ada       | plain        | references | fail   | ticket   | new   | unproven
  ada       | plain        | nothing    | fail   | ticket   | new   | unproven
  ada       | plain        | number     | pass   | message  | here  |
  ada       | for bob      | nothing    | -      | message  | here  |
  ada       | for bob      | nothing    | fail   | ticket   | new   | unproven
  ada       | for grace    | nothing    | -      | message  | here  |
  ada       | forged sign  | nothing    | -      | ticket   | new   |
  ada       | revoked      | nothing    | -      | ticket   | new   |

  bob       | plain        | number     | -      | message  | here  |
  bob       | for bob      | nothing    | -      | message  | here  |
  bob       | for ada      | nothing    | -      | message  | here  |

  mallory   | plain        | number     | -      | ticket   | new   | stranger_quoted
  mallory   | plain        | references | -      | ticket   | new   | stranger_quoted
  mallory   | plain        | signed id  | -      | ticket   | new   | stranger_quoted
  mallory   | for ada      | nothing    | -      | ticket   | new   | stranger_quoted
  mallory   | for ada      | number     | pass   | ticket   | new   | stranger_quoted
  mallory   | for grace    | nothing    | -      | ticket   | new   | stranger_quoted
  mallory   | for grace    | nothing    | pass   | ticket   | new   | stranger_quoted

  grace     | for grace    | nothing    | -      | reply    | here  |
  grace     | for grace    | nothing    | pass   | reply    | here  |
  grace     | for grace    | nothing    | none   | ticket   | new   | unsigned_agent
  grace     | for grace    | nothing    | fail   | ticket   | new   | unsigned_agent unproven
  grace     | plain        | number     | -      | ticket   | new   | unsigned_agent
  grace     | plain        | number     | pass   | ticket   | new   | unsigned_agent
  grace     | plain        | references | pass   | ticket   | new   | unsigned_agent
  grace     | plain        | signed id  | pass   | ticket   | new   | unsigned_agent
  grace     | for ada      | nothing    | pass   | ticket   | new   | unsigned_agent
  grace     | for ken      | nothing    | pass   | ticket   | new   | unsigned_agent
  grace     | too old      | nothing    | pass   | ticket   | new   |
  grace     | other ticket | number     | pass   | ticket   | new   | unsigned_agent

  ken       | for ken      | nothing    | pass   | ticket   | new   | unsigned_agent
  ken       | for grace    | nothing    | pass   | ticket   | new   | unsigned_agent
  rosa      | for rosa     | nothing    | pass   | ticket   | new   | stranger_quoted
  rosa      | plain        | number     | pass   | ticket   | new   | stranger_quoted
"""
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip().splitlines() if line.strip()]


@pytest.fixture
def mailbox(billing: Department) -> Mailbox:
    return Mailbox.objects.create(name="support", address=SUPPORT, department=billing, authserv_id="mx.example.com")


@pytest.fixture
def people(ada: User, grace: User, ken: User, admin_user: User, ticket: Ticket) -> dict[str, User]:
    bob = make_person("bob@example.net", "Bob")
    actions.add_collaborator(ticket=ticket, address=address_for(bob), by=cast.principal(ada), at=MONDAY)
    mallory = make_person("mallory@example.net", "Mallory", confirmed=False)
    return {"ada": ada, "bob": bob, "mallory": mallory, "grace": grace, "ken": ken, "rosa": admin_user}


@pytest.mark.parametrize("row", [" | ".join(row) for row in ROWS])
def test_who_may_write_where(row: str, mailbox: Mailbox, people: dict[str, User], ticket: Ticket) -> None:
    sender, to, names, checks, becomes, where, remarks = (cell.strip() for cell in row.split("|"))
    mailbox.authserv_id = "" if checks == "-" else mailbox.authserv_id
    mailbox.save()
    before = ticket.entries.count()

    got = receive(BytesIO(_written(sender, to, names, checks, people, ticket)), mailbox_name="support")

    assert (str(got.state), got.ticket == ticket) == (becomes, where == "here")
    assert [code for code, _params in got.remarks] == remarks.split()
    assert ticket.entries.count() == before + (where == "here")
    # Nobody came to take part by it, and what is written as an agent's is an agent's.
    assert set(Participant.objects.filter(ticket=ticket).values_list("user__name", flat=True)) == {"Ada", "Bob"}
    assert got.entry is not None
    assert got.entry.kind == (EntryKind.REPLY if becomes == "reply" else EntryKind.MESSAGE)
    assert got.entry.author == people[sender]


def _written(
    sender: str,
    to: str,
    names: str,
    checks: str,
    people: dict[str, User],
    ticket: Ticket,
    text: str = "We were billed twice.",
) -> bytes:
    headers = {}
    if names == "references":
        opened = OutgoingMail.objects.get(template=Template.TICKET_OPENED, ticket=ticket)
        OutgoingMail.objects.filter(pk=opened.pk).update(message_id="<from-before-we-signed@example.com>")
        headers["References"] = "<other@example.org> <from-before-we-signed@example.com>"
    if names == "signed id":
        headers["In-Reply-To"] = signing.message_id(ticket.pk, address_for(people["ada"]))
    if checks != "-":
        domain = address_for(people[sender]).email.rpartition("@")[2]
        headers["Authentication-Results"] = f"mx.example.com; dmarc={checks} header.from={domain}"
    return mail(
        text,
        sender=f"{sender.title()} <{address_for(people[sender]).email}>",
        to=_address(to, people, ticket),
        subject=f"Re: [#{ticket.number}] The invoice" if names == "number" else "Re: The invoice",
        **headers,
    )


def _address(to: str, people: dict[str, User], ticket: Ticket) -> str:
    """Return the address as the table calls it."""
    ada, grace = address_for(people["ada"]), address_for(people["grace"])
    if to == "plain":
        return SUPPORT
    if to == "forged sign":
        signed = signing.reply_address(SUPPORT, ticket_id=ticket.pk, address=ada, role=Role.REQUESTER, at=MONDAY)
        return signed.replace("@", "x@").replace("+r", "+r1", 1)
    if to == "revoked":
        signed = signing.reply_address(SUPPORT, ticket_id=ticket.pk, address=ada, role=Role.REQUESTER, at=MONDAY)
        type(ada).objects.filter(pk=ada.pk).update(link_epoch=7)
        return signed
    if to == "forged agent":
        own = signing.reply_address(SUPPORT, ticket_id=ticket.pk, address=grace, role=Role.REQUESTER, at=MONDAY)
        return own.replace("+r", "+a", 1)
    if to == "too old":
        long_ago = MONDAY - 200 * cast.DAY
        return signing.reply_address(SUPPORT, ticket_id=ticket.pk, address=grace, role=Role.AGENT, at=long_ago)
    if to == "other ticket":
        other = cast.make_ticket(people["mallory"])
        return signing.reply_address(SUPPORT, ticket_id=other.pk, address=grace, role=Role.AGENT, at=MONDAY)
    whose = people[to.removeprefix("for ")]
    role = Role.AGENT if whose.is_agent or whose.is_administrator else Role.REQUESTER
    return signing.reply_address(SUPPORT, ticket_id=ticket.pk, address=address_for(whose), role=role, at=MONDAY)


# Who is obeyed: only the agent for whom the address was signed, if nothing speaks against it. Above the words of each
# mail stands "#note", "#assign me", "#close"; where nobody is obeyed these are words like others.
# from      | to           | names      | checks | obeyed
COMMANDS = """
  grace     | for grace    | nothing    | -      | yes
  grace     | for grace    | nothing    | pass   | yes
  grace     | for grace    | nothing    | none   | no
  grace     | for grace    | nothing    | fail   | no
  grace     | plain        | number     | pass   | no
  grace     | plain        | signed id  | pass   | no
  grace     | for ada      | nothing    | pass   | no
  grace     | for ken      | nothing    | pass   | no
  grace     | too old      | nothing    | pass   | no
  grace     | revoked      | nothing    | pass   | no
  grace     | forged sign  | nothing    | pass   | no
  grace     | forged agent | nothing    | pass   | no
  grace     | other ticket | number     | pass   | no
  ken       | for ken      | nothing    | pass   | no
  ken       | for grace    | nothing    | pass   | no
  ada       | for ada      | nothing    | pass   | no
  ada       | for grace    | nothing    | pass   | no
  bob       | for bob      | nothing    | pass   | no
  bob       | for grace    | number     | pass   | no
  mallory   | for grace    | nothing    | pass   | no
  mallory   | for ada      | nothing    | pass   | no
  rosa      | for rosa     | nothing    | pass   | no
"""


@pytest.mark.parametrize("row", [line.strip() for line in COMMANDS.strip().splitlines()])
def test_whose_commands_are_obeyed(row: str, mailbox: Mailbox, people: dict[str, User], ticket: Ticket) -> None:
    sender, to, names, checks, obeyed = (cell.strip() for cell in row.split("|"))
    mailbox.authserv_id = "" if checks == "-" else mailbox.authserv_id
    mailbox.save()
    before = ticket.events.count()
    text = "#note\n#assign me\n#close\nToken-words."

    got = receive(BytesIO(_written(sender, to, names, checks, people, ticket, text)), mailbox_name="support")

    ticket.refresh_from_db()
    if obeyed == "yes":
        assert (got.state, ticket.status, ticket.assignee) == (IncomingState.NOTE, Status.CLOSED, people[sender])
        return
    assert (ticket.status, ticket.assignee) == (Status.OPEN, None)
    assert not OutgoingMail.objects.filter(template=Template.AGENT_COMMANDS).exists()
    assert got.entry is not None
    assert (got.entry.kind, got.entry.text) == (EntryKind.MESSAGE, text)
    if got.ticket != ticket:
        assert ticket.events.count() == before


@pytest.mark.parametrize(
    "header",
    [
        "mx.attacker.example; dmarc=pass",
        "mx.example.com.attacker.example; dmarc=pass",
        "mx.attacker.example; x=y (mx.example.com; dmarc=pass)",
    ],
)
def test_only_the_named_server_is_believed(
    header: str, mailbox: Mailbox, people: dict[str, User], ticket: Ticket
) -> None:
    raw = _written("grace", "for grace", "nothing", "-", people, ticket)

    got = receive(BytesIO(f"Authentication-Results: {header}\n".encode() + raw), mailbox_name="support")

    assert got.state == IncomingState.TICKET
    assert got.authentication == {}


def test_a_referred_agent_writes_a_note(mailbox: Mailbox, people: dict[str, User], ticket: Ticket) -> None:
    actions.refer(ticket=ticket, to=people["ken"], by=cast.principal(people["grace"]), at=MONDAY)

    got = receive(BytesIO(_written("ken", "for ken", "nothing", "pass", people, ticket)), mailbox_name="support")

    assert (got.state, got.ticket) == (IncomingState.NOTE, ticket)
    assert got.entry is not None
    assert not got.entry.is_public


def test_an_agent_who_asks_is_a_requester(mailbox: Mailbox, people: dict[str, User]) -> None:
    own = cast.make_ticket(people["grace"], by=cast.Principal.requester(people["grace"]))

    got = receive(BytesIO(mail(sender="grace@example.com", subject=f"Re: [#{own.number}]")), mailbox_name="support")

    assert (got.state, got.ticket) == (IncomingState.MESSAGE, own)


def test_a_mail_that_is_proven_confirms_its_address(mailbox: Mailbox, people: dict[str, User], ticket: Ticket) -> None:
    def is_confirmed() -> bool:
        return address_for(people["ada"]).is_verified

    receive(BytesIO(_written("ada", "plain", "number", "none", people, ticket)), mailbox_name="support")
    assert not is_confirmed()
    raw = _written("ada", "plain", "number", "pass", people, ticket).replace(b"first@", b"second@")
    receive(BytesIO(raw), mailbox_name="support")
    assert is_confirmed()


def test_two_senders_are_one_and_told(mailbox: Mailbox, people: dict[str, User], ticket: Ticket) -> None:
    raw = mail(sender="Mallory <mallory@example.net>, Ada <ada@example.org>", subject=f"Re: [#{ticket.number}]")

    got = receive(BytesIO(raw), mailbox_name="support")

    assert (got.state, got.entry.author) == (IncomingState.TICKET, people["mallory"])
    assert [code for code, _params in got.remarks][-1] == "two_senders"
    assert IncomingMail.objects.get().sender == "mallory@example.net"
