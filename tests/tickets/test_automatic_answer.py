"""A help topic's canned response answers tickets that requesters open: once, in the place of the confirming mail."""

from io import BytesIO

import pytest
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Address
from accounts.principal import Principal
from core.models import SiteSettings
from desk.sentences import TELLERS
from mail import outbox
from mail.composing import compose
from mail.management.commands.receive_mail import receive
from mail.models import Breaker, Mailbox, OutgoingMail, Suppressed, Template
from tests import cast
from tests.cast import MONDAY, TUESDAY
from tests.mail.samples import SUPPORT, mail
from tests.security.world import stored
from tests.tickets.traces import erase
from tickets import actions
from tickets.erasure import REMOVED
from tickets.errors import DeedRefused
from tickets.models import Awaiting, CannedResponse, Department, EntryKind, HelpTopic, Kind, Ticket, Way

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _way_out(settings):
    settings.MAIL_URL = "smtp://127.0.0.1:9"


BODY = "<p>Hello {{ requester.name }},</p><p>restart <b>it</b>, then write about {{ ticket.number }}.</p>"


@pytest.fixture
def answer(topic) -> CannedResponse:
    canned = CannedResponse(title="Restart", department=topic.department)
    canned.write(BODY)
    canned.save()
    canned.add_files([stored("how.pdf", b"%PDF-1.4 how")])
    HelpTopic.objects.filter(pk=topic.pk).update(answer=canned)
    topic.refresh_from_db()
    return canned


def templates() -> list[str]:
    to_requesters = OutgoingMail.objects.exclude(template__startswith="alert_").order_by("pk")
    return list(to_requesters.values_list("template", flat=True))


def told() -> OutgoingMail:
    return OutgoingMail.objects.get(template=Template.TICKET_ANSWERED)


def answers(ticket: Ticket) -> list[str]:
    return [entry.text for entry in ticket.entries.filter(kind=EntryKind.AUTOMATIC)]


def test_it_is_put_into_the_thread_and_mailed_in_the_place_of_the_confirmation(ada_confirmed, topic, answer):
    ticket = cast.make_ticket(ada_confirmed, topic, text="It does not start.")

    entry = ticket.entries.get(kind=EntryKind.AUTOMATIC)
    assert entry.text == f"Hello Ada,\n\nrestart it, then write about {ticket.number}."
    assert "<b>it</b>" in entry.html or "<strong>it</strong>" in entry.html
    assert [file.name for file in entry.attachments.public()] == ["how.pdf"]
    assert templates() == [Template.TICKET_ANSWERED]
    message = compose(told())
    assert f"Hello Ada,\n\nrestart it, then write about {ticket.number}." in message.body
    assert "how.pdf" in message.body
    assert "> It does not start." in message.body
    assert message.message()["Auto-Submitted"] == "auto-replied"


def test_agents_hear_of_the_ticket_without_the_answer(ada_confirmed, topic, answer, grace):
    cast.make_ticket(ada_confirmed, topic, text="It does not start.")

    alert = compose(OutgoingMail.objects.get(template=Template.ALERT_NEW)).body
    assert "It does not start." in alert
    assert "restart it" not in alert


def test_the_queue_shows_what_was_asked(sign_in, ada, topic, answer, grace):
    cast.make_ticket(ada, topic, text="It does not start.")

    page = sign_in(grace).get(reverse("desk:queue", args=["open"]))

    [row] = page.context["groups"][0]["rows"]
    assert (row["snippet"], row["is_waiting"]) == ("It does not start.", True)


def test_nobody_has_answered_by_it(ada, topic, answer, grace):
    ticket = cast.make_ticket(ada, topic)
    ticket.refresh_from_db()

    assert (ticket.awaiting, ticket.first_response_at) == (Awaiting.AGENT, None)
    assert not ticket.clocks.exclude(stopped_at=None).exists()
    with pytest.raises(DeedRefused):
        actions.resolve(ticket=ticket, by=Principal.agent(grace), at=TUESDAY)
    [event] = ticket.events.filter(kind=Kind.AUTOMATIC_ANSWER)
    assert (event.by, event.data["canned"], event.kind in TELLERS) == (None, answer.pk, True)


def test_an_unconfirmed_address_is_repeated_nothing_that_was_typed(topic, answer):
    address = cast.address_for(cast.make_person("kranz@example.org", "Kranzfuchs", confirmed=False))
    answer.write("<p>Dear {{ requester.name }}{{ ticket.subject }}{{ thread.original }}, restart it.</p>")
    answer.save()

    ticket = cast.make_ticket(address.user, topic, subject="Kranzfuchs", text="Kranzfuchs")

    assert answers(ticket) == ["Dear , restart it."]
    message = compose(told())
    assert "Dear , restart it." in message.body
    assert "Kranzfuchs" not in str(message.message())


def test_who_was_confirmed_then_and_is_not_now_is_told_nothing_of_it(ada_confirmed, topic, answer):
    cast.make_ticket(ada_confirmed, topic)
    Address.objects.filter(user=ada_confirmed).update(verified_at=None)

    assert "Ada" not in str(compose(told()).message())


@pytest.mark.parametrize(
    "why", ["off", "archived", "elsewhere", "deleted", "says nothing", "follows up", "an agent opens it"]
)
def test_otherwise_a_plain_mail_confirms(ada, topic, answer, grace, why):
    follows, expected = None, Template.TICKET_OPENED
    match why:
        case "off":
            CannedResponse.objects.update(is_active=False)
        case "archived":
            CannedResponse.objects.update(archived_at=MONDAY)
        case "elsewhere":
            CannedResponse.objects.update(department=Department.objects.create(name="Elsewhere"))
        case "deleted":
            answer.delete()
        case "says nothing":
            answer.write("<p>{{ requester.name }}</p>")
            answer.save()
            answer.files.all().delete()
        case "follows up":
            follows = cast.make_ticket(ada, None)
            OutgoingMail.objects.all().delete()
        case "an agent opens it":
            expected = Template.TICKET_OPENED_FOR
    topic = HelpTopic.objects.get(pk=topic.pk)
    given = {"address": cast.address_for(ada), "topic": topic, "subject": "x", "text": "x", "at": MONDAY}

    if why == "an agent opens it":
        ticket = actions.open_for(**given, source="phone", by=Principal.agent(grace))
    else:
        ticket = actions.open_ticket(**given, source="web", by=Principal.requester(ada), follows=follows)

    assert (answers(ticket), templates()) == ([], [expected])


@pytest.mark.parametrize("who", ["site", "department", "topic", "program"])
def test_where_nothing_is_confirmed_nothing_is_answered(ada, topic, answer, who):
    rows = {"site": SiteSettings, "department": Department, "topic": HelpTopic}
    if who in rows:
        rows[who].objects.update(acknowledges=False)
    topic = HelpTopic.objects.select_related("department").get(pk=topic.pk)
    ticket = actions.open_received(
        address=cast.address_for(ada),
        topic=topic,
        subject="x",
        text="x",
        source="mail",
        by=Principal.requester(ada),
        at=MONDAY,
        acknowledges=who != "program",
    )

    assert (answers(ticket), templates()) == ([], [])


def test_a_robot_gets_as_many_as_it_gets_of_other_automatic_answers(topic, answer):
    Mailbox.objects.create(name="support", address=SUPPORT, topic=topic, department=topic.department)
    for number in range(outbox.ANSWERS_TO_MAILS + 1):
        receive(BytesIO(mail("Hi", message_id=f"<{number}@example.org>")), mailbox_name="support")

    rows = OutgoingMail.objects.filter(template=Template.TICKET_ANSWERED).order_by("pk")
    assert [row.why for row in rows] == [""] * outbox.ANSWERS_TO_MAILS + [Suppressed.TOO_MANY]


def test_the_breaker_holds_it_back(topic, answer):
    person = cast.make_person("new@example.org", "New", confirmed=False)
    Breaker.objects.create(pk=1, opened_at=MONDAY, closes_at=now())

    cast.make_ticket(person, topic)

    assert told().why == Suppressed.BREAKER


def test_sent_twice_it_is_answered_once(ada, topic, answer):
    for _time in range(2):
        ticket = actions.open_ticket(
            address=cast.address_for(ada),
            topic=topic,
            subject="x",
            text="x",
            source="web",
            by=Principal.requester(ada),
            at=MONDAY,
            request_key="one",
        )

    assert (len(answers(ticket)), templates()) == (1, [Template.TICKET_ANSWERED])


def test_both_sides_read_it_as_what_it_is(sign_in, ada_confirmed, grace, topic, answer):
    ticket = cast.make_ticket(ada_confirmed, topic)

    at_the_desk = sign_in(grace).get(reverse("desk:ticket", args=[ticket.number])).content.decode()
    of_ada = sign_in(ada_confirmed).get(reverse("portal:my_ticket", args=[ticket.number])).content.decode()

    for page in (at_the_desk, of_ada):
        assert "Automatic answer" in page
        assert "how.pdf" in page
    assert "Receipt" not in at_the_desk


def test_what_was_opened_by_mistake_can_still_be_moved(ada, topic, answer, grace):
    wrong, right = (cast.make_ticket(ada, topic, subject=name) for name in ("wrong", "right"))

    actions.move_entry(entry=wrong.first_entry, ticket=wrong, to=right, by=Principal.agent(grace), at=TUESDAY)

    wrong.refresh_from_db()
    assert wrong.close_reason == "duplicate"


@pytest.mark.parametrize("is_handed_over", [False, True])
def test_who_is_anonymised_is_repeated_no_more(ada_confirmed, topic, answer, grace, is_handed_over):
    answer.write("<p>{{ requester.name }}, you wrote:</p>{{ thread.original }}")
    answer.save()
    ticket = cast.make_ticket(ada_confirmed, topic, text="It does not start.")
    assert "It does not start." in answers(ticket)[0]
    if is_handed_over:
        erase(ada_confirmed, Way.HAND_OVER, grace, to=cast.make_person("new@example.org", "New"))

    erase(ada_confirmed, Way.ANONYMISE, grace)

    [entry] = ticket.entries.filter(kind=EntryKind.AUTOMATIC)
    assert (entry.text, entry.html) == (REMOVED, "")


def test_who_is_anonymised_leaves_an_answer_that_repeats_nothing(topic, answer, grace):
    person = cast.make_person("kranz@example.org", "Kranzfuchs", confirmed=False)
    ticket = cast.make_ticket(person, topic)
    before = answers(ticket)

    erase(person, Way.ANONYMISE, grace)

    assert answers(ticket) == before


# --- Where it is chosen ------------------------------------------------------------------------------------


def test_a_topic_takes_only_what_its_department_may_use(sign_in, admin_user, topic, answer):
    other = CannedResponse(title="Foreign", department=Department.objects.create(name="Elsewhere"))
    other.write("<p>x</p>")
    other.save()
    page = f"/admin/tickets/helptopic/{topic.pk}/change/"
    client = sign_in(admin_user)
    given = {"name": topic.name, "department": topic.department_id, "position": "1", "acknowledges": "on"}
    given |= {"number_prefix": "", "next_number": "1", "initial-next_number": "1", "is_public": "on"}

    refused = client.post(page, given | {"answer": other.pk}).content.decode()
    unsent = client.post(
        page, {name: one for name, one in given.items() if name != "acknowledges"} | {"answer": answer.pk}
    )

    assert "not offered in this topic’s department" in refused or "not offered in this topic&#x27;s" in refused
    assert "which this topic leaves out" in unsent.content.decode()
    assert client.post(page, given | {"answer": answer.pk}).status_code == 302
    answer.is_active = False
    answer.save()
    assert "answers nothing meanwhile" in client.post(page, given | {"answer": answer.pk}, follow=True).content.decode()
