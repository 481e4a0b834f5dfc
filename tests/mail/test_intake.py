"""Mail comes in: stored before all else, taken in once, whatever dies on the way."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import DataError, OperationalError, transaction
from django.utils.timezone import now

from accounts import addresses, own_addresses
from accounts.models import User
from accounts.principal import Principal
from core.models import Blob, SiteSettings
from mail import composing, delivering, intake, ledger
from mail.keeping import Held
from mail.management.commands import receive_mail
from mail.models import BannedSender, Door, IncomingMail, IncomingState, Mailbox, OutgoingMail, Reason, Template
from sla.models import Priority
from tests.cast import MONDAY, address_for, make_person, make_ticket
from tests.mail.samples import SUPPORT, dsn, mail
from tickets.models import Department, HelpTopic, Participant, Source, ThreadEntry, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(billing: Department) -> Mailbox:
    return Mailbox.objects.create(name="support", address=SUPPORT, department=billing, is_default=True)


def receive(raw: bytes, mailbox_name: str = "") -> IncomingMail:
    return receive_mail.receive(BytesIO(raw), mailbox_name=mailbox_name)


def die(*args: object) -> None:
    raise OperationalError("the connection is gone")


def die_of_it(*args: object) -> None:
    raise KeyError("a fault of ours")


# --- Storing --------------------------------------------------------------------------------------


def test_storing_keeps_the_bytes_as_they_came(mailbox: Mailbox) -> None:
    raw = b"\xff\x00 nothing that anybody could read \r\n"

    row = intake.store([raw[:3], raw[3:]], door=Door.IMAP, at=MONDAY, mailbox=mailbox, place="7/1")

    assert row.raw is not None
    assert (settings.FILES_DIR / row.raw.path).read_bytes() == raw
    assert (row.state, row.due_at, row.size, row.arrived_at) == (IncomingState.STORED, MONDAY, len(raw), MONDAY)


def test_one_place_is_stored_once(mailbox: Mailbox) -> None:
    first = intake.store([mail()], door=Door.IMAP, at=MONDAY, mailbox=mailbox, place="7/1")
    again = intake.store([mail(text="another")], door=Door.IMAP, at=MONDAY, mailbox=mailbox, place="7/1")
    other = intake.store([mail()], door=Door.IMAP, at=MONDAY, mailbox=mailbox, place="8/1")

    assert again == first
    assert other != first
    assert IncomingMail.objects.count() == 2


def test_what_is_larger_than_may_be_is_kept_whole_and_not_read_whole(mailbox, settings, admin_user) -> None:
    settings.MAIL_MOST_BYTES = 500
    raw = mail(subject="All our scans", text="x" * 3_000_000)

    first, again = receive(raw), receive(raw)

    assert (first.state, first.reason, first.subject) == (IncomingState.QUARANTINED, Reason.FAILED, "All our scans")
    assert "MAIL_MAX_MB" in first.last_error
    assert (settings.FILES_DIR / first.raw.path).read_bytes() == raw
    assert (again.state, again.duplicate_of) == (IncomingState.DUPLICATE, first)
    settings.MAIL_MOST_BYTES = 5_000_000
    ledger.replay(since=first.stored_at, until=now(), by=Principal.administrator(admin_user), at=now())
    claim = uuid4()
    IncomingMail.objects.filter(pk=first.pk).update(claim=claim)
    assert intake.take_in(first.pk, claim).state == IncomingState.TICKET


def test_what_is_stored_is_never_given_back_whatever_goes_wrong_then(monkeypatch: pytest.MonkeyPatch) -> None:
    real = intake.take_in_held

    def rolled_back(held: Held) -> None:
        with transaction.atomic():
            real(held)
            raise KeyError("a fault of ours")

    monkeypatch.setattr(intake, "take_in_held", rolled_back)

    told = receive_mail.told(receive(mail()))

    assert (told["state"], told["reason"], told["ticket"], told["entry"]) == ("quarantined", "waiting", None, None)
    assert IncomingMail.objects.get().state == IncomingState.STORED


@pytest.mark.parametrize("name", ["no-such", "\udcff", "a\nb"])
def test_a_mailbox_that_there_is_not_is_said(name: str) -> None:
    with pytest.raises(receive_mail.Refused) as refused:
        receive(mail(), mailbox_name=name)

    assert refused.value.code == 66
    assert str(refused.value).isprintable()
    assert not IncomingMail.objects.exists()


def test_the_date_of_a_mail_is_never_when_it_arrived(mailbox: Mailbox) -> None:
    arrived = MONDAY - timedelta(hours=2)
    row = intake.store([mail(date="Fri, 01 Jan 2090 00:00:00 +0000")], door=Door.IMAP, at=MONDAY, arrived_at=arrived)
    later = intake.store([mail()], door=Door.IMAP, at=MONDAY, arrived_at=MONDAY + timedelta(days=1))

    assert row.arrived_at == arrived
    assert later.arrived_at == MONDAY


def test_what_cannot_be_stored_leaves_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("core.files._sync", full)
    with pytest.raises(OSError, match="No space"):
        intake.store([mail()], door=Door.PIPE, at=MONDAY)
    assert not IncomingMail.objects.exists()


# --- A new ticket ---------------------------------------------------------------------------------


def test_a_mail_opens_a_ticket(mailbox: Mailbox, billing: Department) -> None:
    row = receive(mail(files=(("list.csv", "text/csv", b"1;2"),)))

    assert (row.state, row.reason) == (IncomingState.TICKET, Reason.NEW)
    assert row.ticket is not None
    assert row.ticket.subject == "The invoice of October is wrong"
    assert (row.ticket.source, row.ticket.department) == (Source.MAIL, billing)
    assert row.ticket.requester.name == "Ada Byron"
    assert row.entry is not None
    assert row.entry.text == "We were billed twice."
    assert [file.name for file in row.entry.attachments.all()] == ["list.csv"]
    assert (row.sender, row.message_id) == ("ada@example.org", "<first@example.org>")


def test_who_says_no_name_is_known_by_what_stands_before_the_at(mailbox: Mailbox) -> None:
    row = receive(mail(sender="ada.byron@example.org"))

    assert row.ticket.requester.display_name == "ada.byron"


def test_it_is_confirmed_to_the_sender(mailbox: Mailbox) -> None:
    receive(mail())

    sent = OutgoingMail.objects.get(template=Template.TICKET_OPENED)
    assert sent.recipient == "ada@example.org"


@pytest.mark.parametrize("header", ["List-Id", "Precedence"])
def test_what_goes_to_many_is_not_answered(mailbox: Mailbox, header: str) -> None:
    value = "<news.example.org>" if header == "List-Id" else "bulk"
    row = receive(mail(**{header: value}))

    assert row.state == IncomingState.TICKET
    assert not OutgoingMail.objects.filter(template=Template.TICKET_OPENED).exists()


@pytest.mark.parametrize(
    ("why_not", "is_confirmed"), [("", True), ("a list", False), ("the mailbox", False), ("the site", False)]
)
def test_an_answer_by_mail_is_confirmed_where_that_is_wanted(
    mailbox: Mailbox, ticket: Ticket, why_not: str, is_confirmed: bool
) -> None:
    SiteSettings.objects.update(acknowledges_messages=why_not != "the site")
    Mailbox.objects.update(acknowledges=why_not != "the mailbox")
    headers = {"List-Id": "<news.example.org>"} if why_not == "a list" else {}

    row = receive(mail(subject=f"Re: [#{ticket.number}]", **headers))

    assert row.state == IncomingState.MESSAGE
    sent = OutgoingMail.objects.filter(template=Template.MESSAGE_RECEIVED)
    assert list(sent.values_list("recipient", flat=True)) == (["ada@example.org"] if is_confirmed else [])


def test_a_robot_that_answers_confirmations_gets_one_an_hour(mailbox: Mailbox, ticket: Ticket) -> None:
    SiteSettings.objects.update(acknowledges_messages=True)

    for n in range(5):
        receive(mail(subject=f"Re: [#{ticket.number}]", message_id=f"<{n}@example.org>"))

    assert OutgoingMail.objects.filter(template=Template.MESSAGE_RECEIVED).count() == 1


def test_the_mailbox_says_where_it_goes(mailbox: Mailbox, billing: Department) -> None:
    mailbox.priority = Priority.objects.get(name="High")
    mailbox.acknowledges = False
    mailbox.topic = HelpTopic.objects.create(name="By mail")
    mailbox.save()

    ticket = receive(mail()).ticket

    assert ticket is not None
    assert (ticket.priority.name, ticket.topic, ticket.department) == ("High", mailbox.topic, billing)
    why = ticket.events.get(number=1).data["routing"]
    assert why["priority"] == {"to": mailbox.priority.pk, "why": "mailbox"}
    assert why["department"] == {"to": billing.pk, "why": "mailbox"}
    assert not OutgoingMail.objects.filter(template=Template.TICKET_OPENED).exists()


def test_a_mailbox_may_name_an_internal_topic(mailbox: Mailbox) -> None:
    mailbox.topic = HelpTopic.objects.create(name="By mail", is_public=False)
    mailbox.save()

    assert receive(mail()).ticket.topic == mailbox.topic


def test_without_a_mailbox_it_goes_where_the_form_leads(support: Department) -> None:
    ticket = receive(mail()).ticket

    assert ticket is not None
    assert ticket.department == support


def test_several_of_our_addresses_make_one_ticket(mailbox: Mailbox, support: Department, billing: Department) -> None:
    Mailbox.objects.create(name="second", address="second@example.com", department=support)
    raw = mail(to=f"{SUPPORT}, second@example.com")

    first = receive(raw, "second")
    again = receive(b"Delivered-To: second@example.com\r\n" + raw, "support")

    assert first.ticket is not None
    assert first.ticket.department == billing
    assert [one.department for one in first.ticket.referrals.all()] == [support]
    assert (again.state, again.reason, again.duplicate_of) == (IncomingState.DUPLICATE, Reason.SAME_MAIL, first)
    assert Ticket.objects.count() == 1


def test_recipients_take_part(mailbox: Mailbox, ken: User) -> None:
    row = receive(mail(cc="Bob <BOB@example.net>, ken@example.com, support+x@example.com, ada@example.org"))

    people = Participant.objects.filter(ticket=row.ticket).order_by("pk")
    assert [(one.address.email, one.role) for one in people] == [
        ("ada@example.org", "requester"),
        ("bob@example.net", "collaborator"),
    ]


def test_recipients_do_not_take_part_where_that_is_off(mailbox: Mailbox) -> None:
    SiteSettings.objects.update(mail_adds_collaborators=False)

    row = receive(mail(cc="bob@example.net"))

    assert Participant.objects.filter(ticket=row.ticket).count() == 1


def test_a_million_recipients_are_a_few(mailbox: Mailbox) -> None:
    raw = mail().replace(
        b"Subject:", b"Cc: " + b", ".join(b"p%d@example.net" % n for n in range(50_000)) + b"\nSubject:"
    )

    row = receive(raw)

    assert row.state == IncomingState.TICKET
    assert Participant.objects.filter(ticket=row.ticket).count() == 21
    assert "more_recipients" in [code for code, _params in row.remarks]


def test_urgent_mails_are_urgent_where_that_counts(mailbox: Mailbox) -> None:
    assert receive(mail(X_Priority="1")).ticket.priority.is_default
    SiteSettings.objects.update(mail_sets_priority=True)

    ticket = receive(mail(X_Priority="1", message_id="<second@example.org>")).ticket

    assert ticket.priority == Priority.objects.order_by("level").first()


@pytest.mark.parametrize("text", ["", "  \n\n "])
def test_an_empty_mail_is_a_ticket(mailbox: Mailbox, text: str) -> None:
    row = receive(mail(text=text, subject=""))

    assert row.state == IncomingState.TICKET
    assert row.ticket.subject == "No subject"
    assert row.entry.text == "This mail has no text."


def test_what_was_damaged_has_the_mail_attached(mailbox: Mailbox) -> None:
    raw = (
        b"From: ada@example.org\nSubject: Cut off\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nHello\n"
        b"--x\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0x"
    )

    row = receive(raw)

    assert row.state == IncomingState.TICKET
    assert "Hello" in row.entry.text
    assert "mail.eml" in [file.name for file in row.entry.attachments.all()]
    assert "raw_attached" in [code for code, _params in row.remarks]


def test_programs_are_left_out_and_told(mailbox: Mailbox) -> None:
    row = receive(mail(files=(("setup.exe", "application/octet-stream", b"MZ\0"), ("a.txt", "text/plain", b"a"))))

    assert [file.name for file in row.entry.attachments.all()] == ["a.txt"]
    assert ["files_left_out", {"count": "1"}] in row.remarks


def test_names_and_subjects_cannot_bring_headers(mailbox: Mailbox) -> None:
    raw = mail().replace(b"Ada Byron", b"=?utf-8?q?Ada=0D=0ABcc:_all=40example.net?=")
    raw = raw.replace(b"The invoice", b"=?utf-8?q?Hi=0D=0ABcc:_x=40example.net=00?=")

    row = receive(raw)

    assert "\n" not in row.ticket.subject
    assert "\0" not in row.ticket.subject
    assert "\n" not in row.ticket.requester.name


# --- The same again -------------------------------------------------------------------------------


def test_the_same_mail_by_two_doors_is_one(mailbox: Mailbox) -> None:
    first = receive(mail())
    row = intake.store([mail().replace(b"\n", b"\r\n")], door=Door.IMAP, at=now(), mailbox=mailbox, place="7/1")

    again = intake.take_in_at_once(row)

    assert again.state == IncomingState.DUPLICATE
    assert again.duplicate_of == first
    assert receive_mail.told(again) == {
        "state": "duplicate",
        "reason": "same_mail",
        "ticket": first.ticket.number,
        "entry": 1,
        "message_id": "<first@example.org>",
    }


def test_a_message_id_used_twice_is_two_mails(mailbox: Mailbox) -> None:
    receive(mail())

    assert receive(mail(text="Something else")).state == IncomingState.TICKET
    assert Ticket.objects.count() == 2


def test_the_same_mail_at_the_same_time_is_one(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each looks for the other before either is written: then the constraint decides."""
    first = receive(mail())
    monkeypatch.setattr(Held, "is_known", lambda held: False)

    again = receive(mail())

    assert (again.state, again.duplicate_of, again.sender) == (IncomingState.DUPLICATE, first, "ada@example.org")
    assert (Ticket.objects.count(), ThreadEntry.objects.count()) == (1, 1)


@pytest.mark.parametrize("failed", [False, True])
def test_one_that_fails_is_known_again(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, failed: bool) -> None:
    with monkeypatch.context() as patch:
        if failed:
            patch.setattr(delivering, "_into_ticket", die_of_it)
        else:
            BannedSender.objects.create(pattern="ada@example.org")
        first = receive(mail())
    BannedSender.objects.all().delete()

    again = receive(mail())

    assert first.state == (IncomingState.QUARANTINED if failed else IncomingState.IGNORED)
    assert (again.state, again.duplicate_of) == (IncomingState.DUPLICATE, first)


def test_mails_without_message_id_are_told_apart(mailbox: Mailbox) -> None:
    assert receive(mail(message_id="")).state == IncomingState.TICKET
    assert receive(mail(message_id="", text="Something else")).state == IncomingState.TICKET
    assert receive(mail(message_id="")).state == IncomingState.DUPLICATE


# --- Dying on the way -----------------------------------------------------------------------------


def taken_in_again(row: IncomingMail) -> IncomingMail:
    """Return the mail as the next worker took it in: the claim of the one that died ran out."""
    claim = uuid4()
    IncomingMail.objects.update(claim=claim)
    done = intake.take_in(row.pk, claim)
    assert done is not None
    return done


def test_a_worker_that_died_before_the_ledger_was_written_leaves_one_ticket(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = intake.store([mail(cc="bob@example.net")], door=Door.PIPE, at=now())

    with monkeypatch.context() as patch:
        patch.setattr(Held, "finish", die)
        with pytest.raises(OperationalError):
            intake.take_in_at_once(row)
    assert not Ticket.objects.exists()
    assert not OutgoingMail.objects.exists()
    row.refresh_from_db()
    assert row.state == IncomingState.STORED

    done = taken_in_again(row)

    assert (done.state, done.ticket) == (IncomingState.TICKET, Ticket.objects.get())
    assert ThreadEntry.objects.count() == 1
    assert OutgoingMail.objects.filter(template=Template.TICKET_OPENED).count() == 1


def test_a_mail_that_is_held_waits_for_its_claim_to_run_out(mailbox: Mailbox) -> None:
    held = intake.store_held([mail()], door=Door.PIPE, at=MONDAY)

    row = IncomingMail.objects.get()
    assert (row.state, row.claim, row.attempts) == (IncomingState.STORED, held.claim, 1)
    assert row.due_at == MONDAY + settings.CLAIM_TIME
    assert taken_in_again(row).state == IncomingState.TICKET
    assert intake.take_in_held(held).state == IncomingState.TICKET
    assert Ticket.objects.count() == 1


def test_who_loses_the_claim_on_the_way_leaves_nothing(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    open_ticket = delivering._open

    def slowly(*args: object) -> object:
        IncomingMail.objects.update(claim=uuid4())
        return open_ticket(*args)

    monkeypatch.setattr(delivering, "_open", slowly)

    assert receive(mail()).state == IncomingState.STORED
    assert not Ticket.objects.exists()


def test_a_message_told_from_the_start_is_no_second_one(
    mailbox: Mailbox, ada: User, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = mail(subject=f"Re: [#{ticket.number}]", cc="bob@example.net")
    row = intake.store([raw], door=Door.PIPE, at=now())
    with monkeypatch.context() as patch:
        patch.setattr(delivering, "_let_take_part", die)
        with pytest.raises(OperationalError):
            intake.take_in_at_once(row)
    # What would now be decided otherwise was decided before.
    Participant.objects.filter(ticket=ticket).delete()

    done = taken_in_again(row)

    assert (done.state, done.ticket, done.entry.number) == (IncomingState.MESSAGE, ticket, 2)
    assert Ticket.objects.count() == 1


def test_a_mail_whose_address_changed_hands_after_a_crash_is_no_second_one(
    mailbox: Mailbox, topic: HelpTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    mallory = make_person("mallory@example.org", "Mallory")
    claimed = addresses.claim(mallory, "shared@example.net")
    ticket = make_ticket(mallory, topic, address=claimed)
    raw = mail(sender="shared@example.net", subject=f"Re: [#{ticket.number}]", cc="bob@example.net")
    row = intake.store([raw], door=Door.PIPE, at=now())
    with monkeypatch.context() as patch:
        patch.setattr(delivering, "_let_take_part", die)
        with pytest.raises(OperationalError):
            intake.take_in_at_once(row)
    before = set(ThreadEntry.objects.values_list("pk", flat=True))
    own_addresses.add(make_person("bert@example.org", "Bert"), "shared@example.net", at=MONDAY)

    done = taken_in_again(row)

    assert done.state == IncomingState.MESSAGE
    assert set(ThreadEntry.objects.values_list("pk", flat=True)) == before
    assert done.entry.author.name == "Bert"


def test_a_mail_that_failed_after_its_entry_was_made_is_taken_in_again_as_that(
    mailbox: Mailbox, ada: User, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(delivering, "_let_take_part", die_of_it)
        row = receive(mail(subject=f"Re: [#{ticket.number}]", cc="bob@example.net"))
    IncomingMail.objects.update(state=IncomingState.STORED, attempts=0)

    done = taken_in_again(row)

    assert (row.state, row.reason) == (IncomingState.QUARANTINED, Reason.FAILED)
    assert (done.state, done.entry) == (IncomingState.MESSAGE, ticket.entries.get(number=2))


def test_who_lost_the_claim_writes_nothing(mailbox: Mailbox) -> None:
    row = intake.store([mail()], door=Door.PIPE, at=now())

    assert intake.take_in(row.pk, uuid4()) is None
    row.refresh_from_db()
    assert row.state == IncomingState.STORED


def test_one_bad_mail_is_put_aside_with_its_reason(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*args: object, **kwargs: object) -> None:
        raise KeyError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(delivering, "deliver", stumble)
        row = receive(mail())

    assert (row.state, row.reason) == (IncomingState.QUARANTINED, Reason.FAILED)
    assert "a fault of ours" in row.last_error
    assert receive(mail(message_id="<second@example.org>")).state == IncomingState.TICKET


def test_what_the_database_refuses_is_put_aside_with_its_reason(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise DataError("value too long for type character varying(120)")

    with monkeypatch.context() as patch:
        patch.setattr(delivering, "deliver", refuse)
        row = receive(mail())

    assert (row.state, row.reason) == (IncomingState.QUARANTINED, Reason.FAILED)
    assert "value too long" in row.last_error


def test_a_mail_that_kills_its_workers_is_put_aside(mailbox: Mailbox) -> None:
    row = intake.store([mail()], door=Door.PIPE, at=now())
    claim = uuid4()
    IncomingMail.objects.update(claim=claim, attempts=intake.MOST_ATTEMPTS)

    done = intake.take_in(row.pk, claim)

    assert done is not None
    assert (done.state, done.reason) == (IncomingState.QUARANTINED, Reason.FAILED)


def test_a_mail_whose_file_is_away_waits_for_it(mailbox: Mailbox, files_dir: Path) -> None:
    row = intake.store([mail()], door=Door.PIPE, at=now())
    stored = files_dir / Blob.objects.get().path
    away = stored.with_suffix(".away")
    stored.rename(away)

    row = intake.take_in_at_once(row)
    assert row.state == IncomingState.STORED
    assert row.due_at > now()
    assert receive_mail.told(row)["reason"] == "waiting"

    away.rename(stored)
    assert intake.take_in_at_once(row).state == IncomingState.TICKET


# --- What is not let through ----------------------------------------------------------------------


def test_a_bounce_marks_its_mail_and_its_address(mailbox: Mailbox, ada: User, ticket: Ticket) -> None:
    sent = OutgoingMail.objects.get(template=Template.TICKET_OPENED)
    OutgoingMail.objects.update(state="sent")

    row = receive(dsn(original_message_id=sent.message_id))

    assert (row.state, row.reason, row.bounced, row.ticket) == (IncomingState.IGNORED, Reason.BOUNCE, sent, ticket)
    sent.refresh_from_db()
    assert sent.state == "bounced"
    assert "550 no such user" in sent.last_error
    assert address_for(ada).bouncing_at is not None
    assert Ticket.objects.count() == 1
    assert receive_mail.told(row)["ticket"] is None


def test_a_delay_is_no_bounce(mailbox: Mailbox, ada: User, ticket: Ticket) -> None:
    sent = OutgoingMail.objects.get(template=Template.TICKET_OPENED)
    OutgoingMail.objects.update(state="sent")

    receive(dsn(original_message_id=sent.message_id, status="4.4.1"))

    sent.refresh_from_db()
    assert sent.state == "sent"
    assert address_for(ada).bouncing_at is None


def test_a_bounce_of_nothing_we_sent_marks_nobody(mailbox: Mailbox, ada: User, ticket: Ticket) -> None:
    row = receive(dsn(original_message_id="<made-up@example.com>"))

    assert (row.state, row.reason) == (IncomingState.IGNORED, Reason.BOUNCE)
    assert address_for(ada).bouncing_at is None


@pytest.mark.parametrize(
    ("header", "value"),
    [("Auto-Submitted", "auto-replied"), ("X-Autoreply", "yes"), ("X-Autorespond", "vacation")],
)
def test_automatic_answers_become_nothing(mailbox: Mailbox, ticket: Ticket, header: str, value: str) -> None:
    before = OutgoingMail.objects.count()

    row = receive(mail(subject=f"Out of office: [#{ticket.number}]", **{header: value}))

    assert (row.state, row.reason, row.ticket) == (IncomingState.IGNORED, Reason.AUTO_REPLY, ticket)
    assert (Ticket.objects.count(), OutgoingMail.objects.count()) == (1, before)


@pytest.mark.parametrize(
    ("takes", "header", "answers", "becomes"),
    [
        ("no", "auto-generated", "", "ignored"),
        ("yes", "auto-generated", "", "ticket"),
        ("yes", "auto-generated; owner-email=x", "", "ticket"),
        ("yes", "auto-generated", "<some@thing>", "ignored"),
        ("yes", "auto-replied", "", "ignored"),
    ],
)
def test_programs_open_tickets_where_they_may(
    mailbox: Mailbox, takes: str, header: str, answers: str, becomes: str
) -> None:
    Mailbox.objects.update(takes_generated=takes == "yes")
    headers = {"Auto-Submitted": header} | ({"In-Reply-To": answers} if answers else {})

    assert receive(mail(subject="Host down", **headers)).state == becomes
    assert not OutgoingMail.objects.filter(template=Template.TICKET_OPENED).exists()


def test_what_we_sent_ourselves_becomes_nothing(mailbox: Mailbox, ticket: Ticket) -> None:
    sent = composing.compose(OutgoingMail.objects.get(template=Template.TICKET_OPENED)).message().as_bytes()

    assert receive(sent).reason == Reason.OWN_LOOP
    assert receive(mail(sender=SUPPORT)).reason == Reason.OWN_ADDRESS
    assert receive(mail(sender="support+tag@example.com", text="x")).reason == Reason.OWN_ADDRESS


@pytest.mark.parametrize("pattern", ["ada@example.org", "example.org", "org", "ada@*", "*@exam?le.org"])
def test_banned_senders_become_nothing(mailbox: Mailbox, pattern: str) -> None:
    BannedSender.objects.create(pattern=pattern)
    row = receive(mail(sender="ADA@Example.org"))

    assert (row.state, row.reason) == (IncomingState.IGNORED, Reason.BANNED)
    assert not User.objects.filter(addresses__email="ada@example.org").exists()


@pytest.mark.parametrize("pattern", ["da@example.org", "ample.org", "a[d]a@*", "*@example"])
def test_bans_hit_nobody_else(mailbox: Mailbox, pattern: str) -> None:
    BannedSender.objects.create(pattern=pattern)

    assert receive(mail()).state == IncomingState.TICKET


def test_a_ban_that_is_off_bans_nobody(mailbox: Mailbox) -> None:
    BannedSender.objects.create(pattern="ada@example.org", is_active=False)

    assert receive(mail()).state == IncomingState.TICKET


@pytest.mark.parametrize("sender", ["", "nobody", "Ada <>", "@example.org", "undisclosed-recipients:;"])
def test_who_does_not_say_who_they_are_waits(mailbox: Mailbox, sender: str) -> None:
    row = receive(mail(sender="").replace(b"To:", f"From: {sender}\nTo:".encode() if sender else b"To:"))

    assert (row.state, row.reason) == (IncomingState.QUARANTINED, Reason.NO_SENDER)


def test_too_many_mails_wait(mailbox: Mailbox) -> None:
    SiteSettings.objects.update(most_mails_an_hour=5)

    states = [receive(mail(message_id=f"<{n}@example.org>")).state for n in range(7)]

    assert states == [IncomingState.TICKET] * 5 + [IncomingState.QUARANTINED] * 2
    assert receive(mail(sender="bob@example.net")).state == IncomingState.TICKET


def test_capitals_in_an_address_are_counted_and_known_as_well(mailbox: Mailbox, ada: User) -> None:
    SiteSettings.objects.update(most_mails_an_hour=1, mail_from_strangers=False)

    states = [receive(mail(sender="Ada@Example.ORG", message_id=f"<{n}@example.org>")).reason for n in range(2)]

    assert states == [Reason.NEW, Reason.TOO_MANY]


def test_too_many_open_tickets_wait(mailbox: Mailbox) -> None:
    SiteSettings.objects.update(most_open_tickets=2)

    rows = [receive(mail(message_id=f"<{n}@example.org>")) for n in range(3)]

    assert [row.state for row in rows] == [IncomingState.TICKET, IncomingState.TICKET, IncomingState.QUARANTINED]
    assert rows[2].reason == Reason.TOO_MANY_OPEN
    # What answers a ticket opens none.
    answer = mail(subject=f"Re: [#{rows[0].ticket.number}]", message_id="<4@example.org>")
    assert receive(answer).state == IncomingState.MESSAGE


def test_strangers_wait_where_only_known_people_may_write(mailbox: Mailbox, ada: User) -> None:
    SiteSettings.objects.update(mail_from_strangers=False)

    assert receive(mail()).state == IncomingState.TICKET
    row = receive(mail(sender="bob@example.net"))
    assert (row.state, row.reason) == (IncomingState.QUARANTINED, Reason.STRANGER)


def test_who_is_switched_off_waits(mailbox: Mailbox, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)

    assert receive(mail()).reason == Reason.SWITCHED_OFF


def test_a_message_id_that_another_repeats_still_finds_its_own_ticket(mailbox: Mailbox) -> None:
    """The forger's mail carries it too, and opens a ticket of its own: before the answer, and after it."""
    opened = receive(mail(message_id="<first@example.org>"))
    forged = receive(mail("Mine.", sender="mallory@example.net", message_id="<first@example.org>"))
    assert forged.ticket != opened.ticket

    answer = receive(
        mail("And November.", subject="x", message_id="<2@example.org>", in_reply_to="<first@example.org>")
    )
    theirs = receive(
        mail(
            "And mine.",
            sender="mallory@example.net",
            subject="x",
            message_id="<3@example.org>",
            in_reply_to="<first@example.org>",
        )
    )

    assert (answer.state, answer.ticket) == (IncomingState.MESSAGE, opened.ticket)
    assert (theirs.state, theirs.ticket) == (IncomingState.MESSAGE, forged.ticket)


# --- The command ----------------------------------------------------------------------------------


def test_an_unknown_mailbox_and_an_empty_mail_have_codes_of_their_own(mailbox: Mailbox) -> None:
    with pytest.raises(receive_mail.Refused) as unknown:
        receive(mail(), "nowhere")
    with pytest.raises(receive_mail.Refused) as empty:
        receive(b" \r\n\n")

    assert (unknown.value.code, empty.value.code) == (66, 65)
    assert not IncomingMail.objects.exists()


def test_the_line_says_what_became_of_it(mailbox: Mailbox, ada: User) -> None:
    ticket = make_ticket(ada)
    told = receive_mail.told(receive(mail(subject=f"Re: [#{ticket.number}] x"), "support"))

    assert told == {
        "state": "message",
        "reason": "subject",
        "ticket": ticket.number,
        "entry": 2,
        "message_id": "<first@example.org>",
    }


def test_an_answer_is_shown_without_what_it_quotes(mailbox: Mailbox, ada: User, ticket: Ticket) -> None:
    text = f"It is paid now.\n\nOn Mon, 2 Nov 2026 at 10:00, Support <{SUPPORT}> wrote:\n> Which one?\n"
    subject = f"Re: [#{ticket.number}]"

    assert receive(mail(text, subject=subject)).entry.text == "It is paid now."
    SiteSettings.objects.update(mail_strips_quotes=False)
    assert "Which one?" in receive(mail(text, subject=subject, message_id="<2@example.org>")).entry.text
