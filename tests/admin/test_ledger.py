"""The ledger in the administration: found, read safely, decided on, replayed; each decision is in the audit log."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import AuditEvent, AuditKind, User
from accounts.principal import Principal
from mail import deciding_admin, delivering, intake, ledger
from mail.management.commands.receive_mail import receive
from mail.models import BannedSender, Door, IncomingMail, IncomingState, Mailbox, OutgoingMail, Reason
from tests.cast import MONDAY
from tests.mail.samples import SUPPORT, mail
from tickets.errors import DeedRefused
from tickets.models import Participant, Ticket

pytestmark = pytest.mark.django_db

LIST = "admin:mail_incomingmail_changelist"


@pytest.fixture
def client(admin_user: User, sign_in) -> Client:
    return sign_in(admin_user)


@pytest.fixture
def failed(support, monkeypatch: pytest.MonkeyPatch) -> IncomingMail:
    """A mail in quarantine: a fault of ours, mended since."""

    def stumble(*args: object, **kwargs: object) -> None:
        raise KeyError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(delivering, "deliver", stumble)
        return receive(BytesIO(mail()))


def decide(client: Client, row: IncomingMail, deed: str, **fields: str) -> str:
    """Press a button of the mail's page; return the page that follows."""
    address = reverse("admin:mail_incomingmail_decide", args=[row.pk])
    return client.post(address, {"deed": deed, **fields}, follow=True).content.decode()


def work_off() -> None:
    for row in IncomingMail.objects.filter(state=IncomingState.STORED):
        intake.take_in_at_once(row)


@pytest.mark.parametrize("deed", ["take_in_again", "force"])
def test_of_a_head_alone_nothing_is_made(client: Client, ticket: Ticket, deed: str) -> None:
    mailbox = Mailbox.objects.create(name="support", address=SUPPORT)
    head = mail().partition(b"\n\n")[0]
    row = intake.put_aside(
        head, size=10**9, reason=Reason.TOO_LARGE, door=Door.IMAP, at=MONDAY, mailbox=mailbox, place="1/7/1"
    )

    page = decide(client, row, deed, number=ticket.number)

    assert "Only the head of this mail is here." in page
    assert "Take in again" not in page
    assert IncomingMail.objects.get().state == IncomingState.QUARANTINED
    assert intake.make_whole(row, [mail()], at=MONDAY)
    work_off()
    assert IncomingMail.objects.get().state == IncomingState.TICKET


def test_a_failed_mail_is_taken_in_again(client: Client, failed: IncomingMail) -> None:
    page = decide(client, failed, "take_in_again")
    work_off()

    assert "will be taken in again" in page
    failed.refresh_from_db()
    assert failed.state == IncomingState.TICKET
    told = AuditEvent.objects.get(target_model="mail.incomingmail")
    assert told.changes == {"decision": [None, "take_in_again"]}


def test_however_many_are_chosen_so_many_are_done_at_once(client, support, monkeypatch) -> None:
    monkeypatch.setattr(deciding_admin, "MOST_ROWS", 2)
    for _number in range(3):
        IncomingMail.objects.create(
            door=Door.PIPE, size=1, stored_at=MONDAY, arrived_at=MONDAY, state="quarantined", reason="failed"
        )
    chosen = {"_selected_action": IncomingMail.objects.first().pk, "select_across": "1", "action": "ignore_for_ever"}

    page = client.post(reverse(LIST), chosen, follow=True).content.decode()

    assert "Done with 2 mails." in page
    assert IncomingMail.objects.filter(state=IncomingState.QUARANTINED).count() == 1


def test_what_is_in_a_ticket_is_not_taken_in_again(client: Client, support) -> None:
    row = receive(BytesIO(mail()))

    assert "can be taken in again" in decide(client, row, "take_in_again")
    assert Ticket.objects.count() == 1
    assert IncomingMail.objects.get().state == IncomingState.TICKET


def test_a_mail_is_put_into_a_ticket(client: Client, failed: IncomingMail, ticket: Ticket) -> None:
    page = decide(client, failed, "force", number=f"#{ticket.number}")

    assert "is in ticket" in page
    failed.refresh_from_db()
    assert (failed.state, failed.reason, failed.ticket) == (IncomingState.MESSAGE, Reason.FORCED, ticket)
    assert failed.entry.author.name == "Ada"
    decide(client, failed, "force", number=ticket.number)
    assert ticket.entries.count() == 2


def test_a_stranger_whose_mail_is_put_there_takes_no_part(client: Client, ticket: Ticket, support) -> None:
    intake.store([mail(sender="bob@example.net")], door=Door.PIPE, at=now())
    row = IncomingMail.objects.get()
    IncomingMail.objects.update(state=IncomingState.QUARANTINED, reason=Reason.STRANGER, due_at=None)

    decide(client, row, "force", number=ticket.number)

    assert ticket.entries.get(number=2).author.addresses.get().email == "bob@example.net"
    assert not Participant.objects.filter(ticket=ticket, user__addresses__email="bob@example.net").exists()


@pytest.mark.parametrize("number", ["", "999999999", "'; DROP TABLE", "x" * 400])
def test_an_unknown_ticket_is_said(client: Client, failed: IncomingMail, number: str) -> None:
    assert "There is no ticket with the number" in decide(client, failed, "force", number=number)
    failed.refresh_from_db()
    assert failed.state == IncomingState.QUARANTINED


def test_ignored_for_ever_it_stays_ignored(client: Client, failed: IncomingMail) -> None:
    decide(client, failed, "ignore_for_ever")
    again = receive(BytesIO(mail()))

    failed.refresh_from_db()
    assert (failed.state, failed.reason) == (IncomingState.IGNORED, Reason.FOR_EVER)
    assert (again.state, again.duplicate_of) == (IncomingState.DUPLICATE, failed)
    assert not Ticket.objects.exists()


def test_an_unknown_button_does_nothing(client: Client, failed: IncomingMail) -> None:
    assert "Choose what" in decide(client, failed, "explode")


def test_replaying_twice_does_nothing_more(client: Client, failed: IncomingMail, admin_user: User) -> None:
    address = reverse("admin:mail_incomingmail_replay")
    at = now()
    day = {
        "since_0": (at - timedelta(days=1)).date(),
        "since_1": "00:00",
        "until_0": (at + timedelta(days=1)).date(),
        "until_1": "00:00",
    }

    assert "1 mail failed" in client.post(address, day).content.decode()
    page = client.post(address, day | {"apply": "1"}, follow=True).content.decode()
    assert "1 mail is taken in again" in page
    work_off()
    tickets = Ticket.objects.count()
    assert "0 mails are taken in again" in client.post(address, day | {"apply": "1"}, follow=True).content.decode()
    assert Ticket.objects.count() == tickets == 1


def test_each_box_of_a_time_has_a_name(client: Client) -> None:
    page = client.get(reverse("admin:mail_incomingmail_replay")).content.decode()

    for name in ("From, date", "From, time", "Until, date", "Until, time"):
        assert f'aria-label="{name}"' in page


def test_replaying_needs_a_time(client: Client) -> None:
    response = client.post(reverse("admin:mail_incomingmail_replay"), {"since_0": "x", "apply": "1"})

    assert response.status_code == 422


@pytest.mark.parametrize(
    "term", ["ada@example.org", "ADA@example.org", "<first@example.org>", "example.org", "october is", "{number}"]
)
def test_it_is_found(client: Client, support, term: str) -> None:
    row = receive(BytesIO(mail()))
    receive(BytesIO(mail(sender="bob@example.net", message_id="<b@example.net>", subject="Else")))

    page = client.get(reverse(LIST), {"q": term.format(number=row.ticket.number)}).content.decode()

    assert "The invoice of October" in page
    assert "Else" not in page


def test_words_are_found_by_keys_without_a_look_at_every_mail(client: Client) -> None:
    """With an OR between the two ways PostgreSQL looked at a million mails for what is not there."""
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse(LIST), {"q": "nothing of the kind"})

    asked = [query["sql"] for query in queries if "nothing of the kind" in query["sql"].lower()]
    assert asked
    assert not any(" OR " in sql for sql in asked)


def test_the_source_is_read_and_does_nothing(client: Client, support) -> None:
    row = receive(BytesIO(mail("<script>alert(1)</script>\0")))

    page = client.get(reverse("admin:mail_incomingmail_change", args=[row.pk])).content.decode()
    raw = client.get(reverse("admin:mail_incomingmail_raw", args=[row.pk]))

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    assert raw["Content-Disposition"].startswith("attachment")
    assert b"".join(raw.streaming_content) == mail("<script>alert(1)</script>\0")


def test_who_reads_what_is_in_a_ticket_is_in_the_audit_log(
    client: Client, failed: IncomingMail, admin_user: User
) -> None:
    taken_in = receive(BytesIO(mail(message_id="<another@example.org>")))
    assert taken_in.ticket is not None

    for row in (failed, taken_in):
        assert client.get(reverse("admin:mail_incomingmail_change", args=[row.pk])).status_code == 200

    read = AuditEvent.objects.get(kind=AuditKind.EXPORTED)
    assert (read.by_id, read.target_id) == (admin_user.pk, taken_in.pk)


def test_lists_and_pages_cost_the_same_for_many(client: Client, support, django_assert_max_num_queries) -> None:
    receive(BytesIO(mail()))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(LIST))
    for number in range(20):
        receive(BytesIO(mail(message_id=f"<{number}@example.org>")))
    with django_assert_max_num_queries(len(few)):
        client.get(reverse(LIST))


def test_raw_bytes_have_their_time(support) -> None:
    row = receive(BytesIO(mail()))
    waiting = receive(BytesIO(mail(sender="", message_id="<2@example.org>")))
    IncomingMail.objects.update(stored_at=now() - timedelta(days=200))

    assert ledger.let_go_of_raw(now()) == 1

    row.refresh_from_db()
    waiting.refresh_from_db()
    assert row.raw is None
    assert waiting.raw is not None


def test_only_administrators_decide(failed: IncomingMail, grace: User) -> None:
    for by in (Principal.agent(grace), Principal.requester(grace), Principal.administrator(grace)):
        with pytest.raises(DeedRefused):
            ledger.take_in_again(failed, by=by, at=MONDAY)


@pytest.mark.parametrize("pattern", ["ada@example.org", ""], ids=["banned", "by its words"])
def test_what_a_person_wrote_is_let_through(client: Client, support, pattern: str) -> None:
    if pattern:
        BannedSender.objects.create(pattern=pattern)
    row = receive(BytesIO(mail(subject="Automatic reply does not work any more")))
    # Words alone are no proof: it waits. What is banned is ignored.
    assert row.state == (IncomingState.IGNORED if pattern else IncomingState.QUARANTINED)

    assert "taken in as a person" in decide(client, row, "let_through")
    work_off()

    row.refresh_from_db()
    assert row.state == IncomingState.TICKET
    assert row.ticket.requester.name == "Ada Byron"


def test_a_bounce_that_is_let_through_is_answered_by_nobody(client: Client, support) -> None:
    text = "Mail delivery failed: returning message to sender.\n\n550 mailbox unavailable\n"
    sent = mail(text, sender="postmaster@example.org", to=f"{SUPPORT}, bob@example.org", subject="Mail delivery failed")
    row = receive(BytesIO(sent))

    decide(client, row, "let_through")
    work_off()

    row.refresh_from_db()
    assert row.state == IncomingState.TICKET
    assert not OutgoingMail.objects.filter(recipient__in=["postmaster@example.org", "bob@example.org"]).exists()


def test_a_bounce_known_by_its_words_alone_waits(support) -> None:
    text = "Mail delivery failed: returning message to sender.\n\n550 mailbox unavailable\n"
    words = receive(BytesIO(mail(text, sender="postmaster@example.org", subject="Mail delivery failed")))
    daemon = receive(
        BytesIO(mail(text, sender="MAILER-DAEMON@example.org", subject="Mail delivery failed", message_id="<2@b>"))
    )

    assert (words.state, words.reason) == (IncomingState.QUARANTINED, Reason.BOUNCE)
    assert (daemon.state, daemon.reason) == (IncomingState.IGNORED, Reason.BOUNCE)
