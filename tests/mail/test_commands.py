"""What agents command by mail: what is done, what becomes of their words, and what they are told."""

from datetime import timedelta
from io import BytesIO
from itertools import count
from uuid import uuid4

import pytest
from django.utils.timezone import now

from accounts.models import Confirms, Preferences, Role, User
from core.files import open_blob
from mail import commands, delivering, intake, parsing, signing
from mail.addresses import own_addresses
from mail.composing import compose
from mail.keeping import ClaimLost, Held
from mail.management.commands.receive_mail import receive
from mail.models import IncomingMail, IncomingState, Mailbox, OutgoingMail, Template
from tests import cast
from tests.mail.samples import SUPPORT, mail
from tickets.models import CloseReason, DepartmentAccess, EntryKind, Kind, Status

SECRET = "He lies, I think."


@pytest.fixture
def says(ticket, grace, billing):
    """`says("#close")` lets Grace answer the ticket so; returns what became of it."""
    Mailbox.objects.create(name="support", address=SUPPORT, department=billing)
    numbers = count()

    def says(text, **given):
        to = signing.reply_address(
            SUPPORT, ticket_id=ticket.pk, address=cast.address_for(grace), role=signing.Role.AGENT, at=now()
        )
        message_id = f"<{next(numbers)}@example.com>"
        raw = mail(text, sender="Grace <grace@example.com>", to=to, message_id=message_id, **given)
        got = receive(BytesIO(raw), mailbox_name="support")
        ticket.refresh_from_db()
        return got

    return says


def confirmation():
    return OutgoingMail.objects.get(template=Template.AGENT_COMMANDS)


def told_to_ada():
    mails = OutgoingMail.objects.filter(recipient="ada@example.org").order_by("pk")
    return list(mails.values_list("template", flat=True))


def text_of(row):
    return compose(row).body


def test_a_note_by_mail_goes_to_agents_alone(says, ticket):
    got = says(f"#note\n{SECRET}")

    assert got.state == IncomingState.NOTE
    assert (got.entry.kind, got.entry.text) == (EntryKind.NOTE, SECRET)
    assert told_to_ada() == [Template.TICKET_OPENED]
    assert "Your words are an internal note." in text_of(confirmation())


def test_resolve_with_an_answer_is_one_mail(says, ticket):
    got = says("#resolve\nIt is refunded.")

    assert got.state == IncomingState.REPLY
    assert got.entry.text == "It is refunded."
    assert ticket.status == Status.RESOLVED
    assert told_to_ada() == [Template.TICKET_OPENED, Template.TICKET_REPLY]
    said = text_of(confirmation())
    assert "- Your words went to the requester." in said
    assert "- It is resolved." in said
    assert f"/desk/tickets/{ticket.number}/" in said


def test_a_due_date_is_so_far_ahead(says, ticket):
    says("#due 2d\nBy then.")

    ticket.refresh_from_db()
    assert timedelta(hours=47) < ticket.manual_due_at - now() <= timedelta(days=2)
    assert "- It is due " in text_of(confirmation())


def test_snooze_and_wait_say_what_the_ticket_rests_for(says, ticket):
    says("#wait\n#snooze 2d\nWe asked the bank.")

    assert (ticket.awaiting, ticket.snoozed_until - now() > timedelta(hours=47)) == ("third", True)
    assert told_to_ada() == [Template.TICKET_OPENED, Template.TICKET_REPLY]
    said = text_of(confirmation())
    assert "- It awaits a third party." in said
    assert "- It is snoozed until " in said


def test_close_with_a_note_closes_and_tells_how_it_was_solved_to_agents(says, ticket):
    says(f"#note\n#close\n{SECRET}")

    assert (ticket.status, ticket.close_reason) == (Status.CLOSED, CloseReason.AGENT)
    assert ticket.entries.get(kind=EntryKind.NOTE).text == SECRET


def test_nothing_but_commands_is_only_the_deed(says, ticket, grace):
    got = says("#assign me\n#priority Low")

    assert (got.state, got.entry) == (IncomingState.COMMANDS, None)
    assert (ticket.assignee, ticket.priority.name) == (grace, "Low")
    assert ticket.entries.count() == 1
    said = text_of(confirmation())
    assert "- The ticket is yours." in said
    assert "- Its priority is Low." in said


@pytest.mark.parametrize("name", ["Mia Farrow", "@mia farrow", "Mia", "mia.farrow"])
def test_assign_finds_by_whole_name_address_or_first_name(says, ticket, billing, name):
    mia = cast.make_agent("Mia Farrow", billing)

    says(f"#assign {name}\nYours, I think.")

    assert ticket.assignee == mia


def test_a_team_can_be_named(says, ticket, accountants):
    says("#assign accountants")

    assert ticket.team == accountants


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"#nota\n{SECRET}", "“#nota” is no command that we know"),
        (f"#note {SECRET}", "is no command that we know"),
        (f"Hello,\n#note\n{SECRET}", "“#note” is no command that we know"),
        (f"#assign Mia\n{SECRET}", "Several are called so."),
        (f"#assign Linus\n{SECRET}", "Nobody of that name can have the ticket."),
        (f"#priority utmost\n{SECRET}", "There is no such priority."),
        (f"#assign me\n#nota\n{SECRET}", "“#nota” is no command that we know"),
        ("#resolve", "Nobody has answered yet."),
        ("#due soon", "Say for how long, such as 4h or 2d."),
        ("#due 3000d", "Choose a time within the next two years."),
        ("#snooze soon", "Say for how long, such as 4h or 2d."),
        ("#snooze 30000d", "Choose a time within the next year."),
        ("#snooze 999999w", "Say for how long, such as 4h or 2d."),
        ("#note", "There is nothing below it."),
    ],
)
def test_a_command_that_fails_does_nothing_and_keeps_the_words_from_the_requester(
    says, ticket, billing, linus, text, why
):
    cast.make_agent("Mia Farrow", billing)
    cast.make_agent("Mia Wasikowska", billing)

    got = says(text)

    assert (got.state, got.entry.kind) == (IncomingState.NOTE, EntryKind.NOTE)
    assert SECRET in got.entry.text or SECRET not in text
    assert (ticket.status, ticket.assignee, ticket.entries.count()) == (Status.OPEN, None, 2)
    assert not ticket.events.filter(kind__in=[Kind.ASSIGNED, Kind.CLAIMED]).exists()
    assert told_to_ada() == [Template.TICKET_OPENED]
    said = text_of(confirmation())
    assert why in said
    assert "nothing was done" in said
    assert "Your words are an internal note." in said


def test_what_the_role_forbids_is_refused_as_a_whole(says, ticket, grace):
    role = Role.objects.create(name="Answers", permissions=["ticket.reply", "ticket.note"])
    DepartmentAccess.objects.filter(agent=grace).update(role=role)

    got = says(f"#close\n{SECRET}")

    assert got.state == IncomingState.NOTE
    assert ticket.status == Status.OPEN
    assert "“#close” was refused" in text_of(confirmation())


def test_who_may_not_note_has_the_words_put_aside(says, ticket, grace):
    role = Role.objects.create(name="Answers", permissions=["ticket.reply"])
    DepartmentAccess.objects.filter(agent=grace).update(role=role)

    got = says(f"#note\n{SECRET}")

    assert (got.state, got.entry) == (IncomingState.QUARANTINED, None)
    assert ticket.entries.count() == 1
    assert told_to_ada() == [Template.TICKET_OPENED]


def test_files_without_words_go_to_nobody_outside(says, ticket):
    got = says("#priority Low", files=(("plan.txt", "text/plain", b"secret"),))

    assert got.state == IncomingState.NOTE
    assert got.entry.attachments.get().name == "plan.txt"


def test_commands_are_done_once_though_the_worker_died_after_them(says, ticket):
    got = says("#assign me")
    events = ticket.events.count()
    claim = uuid4()
    IncomingMail.objects.filter(pk=got.pk).update(attempts=2, claim=claim)
    row = IncomingMail.objects.get(pk=got.pk)
    with open_blob(row.raw) as file:
        parsed = parsing.parse(file.read())

    outcome = delivering.deliver(
        Held(row, claim, is_first=True), parsed, "grace@example.com", own_addresses(), at=now()
    )

    assert outcome.state == IncomingState.COMMANDS
    assert ticket.events.count() == events


def test_who_lost_the_mail_to_another_worker_does_nothing(says, ticket):
    raw = mail("#close", sender="Grace <grace@example.com>", to=_signed_for(ticket), message_id="<late@example.com>")
    held = intake.store_held([raw], door="pipe", at=now())
    IncomingMail.objects.filter(pk=held.mail.pk).update(claim=uuid4())
    events = ticket.events.count()

    with pytest.raises(ClaimLost):
        delivering.deliver(held, parsing.parse(raw), "grace@example.com", own_addresses(), at=now())

    ticket.refresh_from_db()
    assert (ticket.events.count(), ticket.status) == (events, Status.OPEN)
    assert not OutgoingMail.objects.filter(template=Template.AGENT_COMMANDS).exists()


def _signed_for(ticket):
    grace = cast.address_for(User.objects.get(email="grace@example.com"))
    return signing.reply_address(SUPPORT, ticket_id=ticket.pk, address=grace, role=signing.Role.AGENT, at=now())


@pytest.mark.parametrize(
    ("wish", "text", "is_told"),
    [
        (Confirms.ALWAYS, "Here it is.", True),
        (Confirms.COMMANDS, "Here it is.", False),
        (Confirms.COMMANDS, "#assign me", True),
        (Confirms.TROUBLE, "#assign me", False),
        (Confirms.TROUBLE, "#nota", True),
    ],
)
def test_the_agent_hears_of_it_as_often_as_they_want(says, grace, wish, text, is_told):
    Preferences.objects.create(agent=grace, confirms_mail=wish)

    says(text)

    assert OutgoingMail.objects.filter(template=Template.AGENT_COMMANDS).exists() == is_told


def test_a_confirmation_says_that_a_program_wrote_it_and_is_never_answered(says, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    says("#assign me")
    message = compose(confirmation()).message()

    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    answer = mail(
        "Out of office", sender="Grace <grace@example.com>", to=message["Reply-To"], auto_submitted="auto-replied"
    )
    assert receive(BytesIO(answer), mailbox_name="support").state == IncomingState.IGNORED


def test_two_robots_get_so_many_confirmations_and_no_more(says, monkeypatch):
    monkeypatch.setattr(commands, "MOST_CONFIRMED", 2)
    monkeypatch.setattr(commands, "CONFIRMED_WITHIN", timedelta(days=1))

    for _ in range(4):
        says("#nota")

    assert OutgoingMail.objects.filter(template=Template.AGENT_COMMANDS).count() == 2
