"""Opening a ticket."""

from datetime import timedelta

import pytest

from accounts.models import Address, Organization, User
from accounts.principal import Principal
from core import files
from core.models import NewFile
from tests import cast
from tests.cast import HOUR, MONDAY, TUESDAY, address_for
from tickets import actions
from tickets.errors import DeedRefused, NothingWritten, NotOffered
from tickets.models import FAR_FUTURE, Awaiting, EntryKind, Kind, Source, Status, Ticket


def test_the_topic_says_where_it_goes_and_what_is_promised(ticket, billing, plan):
    assert ticket.department == billing
    assert ticket.priority.name == "High"
    assert ticket.sla_plan == plan
    assert {clock.target: clock.deadline_at for clock in ticket.clocks.all()} == {
        "first_response": MONDAY + HOUR,
        "resolution": MONDAY + 4 * HOUR,
    }
    assert ticket.next_due_at == MONDAY + HOUR


def test_it_is_open_nobodys_and_awaits_an_agent(ticket):
    assert (ticket.status, ticket.held_by, ticket.awaiting) == (Status.OPEN, None, Awaiting.AGENT)
    assert (ticket.opened_at, ticket.last_activity_at) == (MONDAY, MONDAY)
    assert ticket.first_response_at is None


def test_what_the_requester_wrote_is_its_first_message(ticket, ada):
    entry = ticket.entries.get()

    assert (entry.number, entry.kind, entry.author, entry.created_at) == (1, EntryKind.MESSAGE, ada, MONDAY)
    assert entry.text == "We were billed twice."
    assert ticket.entry_count == 1


def test_one_event_tells_who_opened_it_and_which_topic_set_what(ticket, ada, topic, billing, plan):
    event = ticket.events.get()

    assert (event.number, event.kind, event.by, event.face, event.at) == (1, Kind.OPENED, ada, "portal", MONDAY)
    assert event.data["routing"] == {
        "department": {"to": billing.pk, "why": "topic", "by": topic.pk},
        "priority": {"to": cast.priority("High").pk, "why": "topic", "by": topic.pk},
        "sla_plan": {"to": plan.pk, "why": "topic", "by": topic.pk},
    }
    assert [clock["target"] for clock in event.data["clocks"]] == ["first_response", "resolution"]
    assert ticket.last_event_number == 1


def test_the_requester_takes_part_by_the_address_they_wrote_from(ticket, ada_address):
    participant = ticket.participants.get()

    assert (participant.user, participant.address, participant.role) == (ada_address.user, ada_address, "requester")


def test_the_organisation_is_copied(ada, topic):
    ada.organization = Organization.objects.create(name="Analytical Engines")
    ada.save()

    ticket = cast.make_ticket(ada, topic)
    ada.organization = None
    ada.save()

    assert Ticket.objects.get(pk=ticket.pk).organization.name == "Analytical Engines"


def test_without_a_topic_the_defaults_hold(ada, support):
    ticket = cast.make_ticket(ada, None)

    assert (ticket.department, ticket.topic) == (support, None)
    assert ticket.priority.is_default
    assert ticket.sla_plan.is_default
    assert {reason["why"] for reason in ticket.events.get().data["routing"].values()} == {"default"}


def test_without_any_plan_nothing_is_promised(ada, plan):
    type(plan).objects.update(is_default=False)

    ticket = cast.make_ticket(ada, None)

    assert ticket.sla_plan is None
    assert not ticket.clocks.exists()
    assert ticket.next_due_at == FAR_FUTURE


def test_the_same_form_twice_is_one_ticket(ada, topic):
    first = cast.make_ticket(ada, topic, request_key="form")

    again = cast.make_ticket(ada, topic, request_key="form", at=TUESDAY, text="Sent again.")

    assert again == first
    assert Ticket.objects.count() == first.entries.count() == first.events.count() == 1


def test_two_people_may_send_the_same_key(ada, ken, topic):
    assert cast.make_ticket(ada, topic, request_key="form") != cast.make_ticket(ken, topic, request_key="form")


def test_an_archived_topic_is_not_offered(ada, topic):
    topic.archived_at = MONDAY

    with pytest.raises(NotOffered, match="no longer offered"):
        cast.make_ticket(ada, topic)


def test_an_internal_topic_is_for_agents(ada, topic, grace):
    topic.is_public = False

    with pytest.raises(NotOffered):
        cast.make_ticket(ada, topic)
    assert cast.make_ticket(ada, topic, by=Principal.agent(grace), source=Source.PHONE).topic == topic


def test_nothing_written_is_refused_and_leaves_nothing(ada, topic):
    with pytest.raises(NothingWritten):
        cast.make_ticket(ada, topic, text=" \n\t ")

    assert not Ticket.objects.exists()


def test_a_file_alone_is_enough(ada, topic, files_dir):
    screenshot = NewFile(files.store([b"PNG"]), "screen.png", "image/png")

    ticket = cast.make_ticket(ada, topic, text="", files=[screenshot])

    attachment = ticket.entries.get().attachments.get()
    assert (attachment.name, attachment.content_type, attachment.position) == ("screen.png", "image/png", 1)
    assert files.open_blob(attachment.blob).read() == b"PNG"


def test_who_is_switched_off_opens_nothing(ada, topic):
    User.objects.filter(pk=ada.pk).update(is_active=False)
    address = Address.objects.get(user=ada)

    with pytest.raises(DeedRefused, match="cannot be opened"):
        cast.make_ticket(ada, topic, address=address)
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    ("subject", "kept"),
    [
        ("S" * 60, "S" * 60),
        ("S" * 600, "S" * 600),
        ("S" * 5000, "S" * 1000),
        ("  two\r\n lines\tof \x00it ", "two lines of it"),
        ("🌋 שלום עולם \u202eevil", "🌋 שלום עולם \u202eevil"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
    ],
    ids=["60", "600", "5000", "lines", "emoji", "surrogate"],
)
def test_any_subject_is_kept_as_one_line(subject, kept, ada, topic):
    ticket = cast.make_ticket(ada, topic, subject=subject)

    assert Ticket.objects.get(pk=ticket.pk).subject == kept


def test_any_text_is_kept_as_both_databases_can(ada, topic):
    text = "\n\nfirst\r\nsecond\rthird \x00 🌋 \ud800 שלום\n   \n"

    entry = cast.make_ticket(ada, topic, text=text).entries.get()

    assert entry.text == "first\nsecond\nthird  🌋 ? שלום"


def test_ten_megabytes_of_text_are_kept(ada, topic):
    text = "All work and no play. " * (10 * 1024 * 1024 // 22)

    ticket = cast.make_ticket(ada, topic, text=text)

    assert len(ticket.entries.get().text) == len(text.rstrip())


def test_what_is_said_in_a_follow_up_stands_in_the_event(ticket, ada, topic):
    after = cast.make_ticket(ada, topic, follows=ticket, at=MONDAY + timedelta(days=40))

    assert after.follow_up_of == ticket
    assert list(ticket.follow_ups.all()) == [after]
    assert after.events.get().data["follows"] == ticket.pk


def test_an_agent_may_open_for_somebody(ada, topic, grace):
    ticket = cast.make_ticket(ada, topic, by=Principal.agent(grace), source=Source.PHONE)

    event = ticket.events.get()
    assert (ticket.requester, ticket.source, event.by, event.face) == (ada, "phone", grace, "desk")
    assert ticket.entries.get().author == grace


def test_a_deed_begun_elsewhere_is_shared(ada, topic):
    ticket = cast.make_ticket(ada, topic)
    deed = ticket.events.get().deed

    other = actions.open_ticket(
        address=address_for(ada),
        topic=topic,
        subject="x",
        text="y",
        source=Source.MAIL,
        by=Principal.requester(ada),
        at=MONDAY,
        deed=deed,
    )

    assert other.events.get().deed == deed
