"""POST tickets.json: what osTicket's clients send, and all that must not get through (PARITY Y02, Y05)."""

import base64
import json
from datetime import datetime, timedelta

import pytest
from django.utils.timezone import localtime, now

from accounts.models import Address
from mail.models import BannedSender, OutgoingMail, Template
from tests import cast
from tests.api.conftest import wanted
from tickets.models import Attachment, EntryKind, Source, Ticket, TicketEvent

pytestmark = pytest.mark.django_db


def said(response) -> tuple[int, str]:
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    return response.status_code, response.content.decode()


def test_a_ticket_is_opened_and_its_number_is_the_whole_answer(send, topic):
    response = send("tickets.json", wanted(topicId=topic.pk, ip="123.211.233.122", source="API", alert=True))

    ticket = Ticket.objects.get()
    assert said(response) == (201, ticket.number)
    assert (ticket.subject, ticket.source, ticket.topic) == ("Testing API", Source.API, topic)
    assert ticket.requester.name == "Angry User"
    assert ticket.entries.get().text == "MESSAGE HERE"
    assert not response.cookies


def test_the_event_says_which_key_it_was_and_nobody_acted(send, api_key, topic):
    send("tickets.json", wanted(topicId=topic.pk))

    event = TicketEvent.objects.get(kind="opened")
    assert (event.by_id, event.face, event.cause) == (None, "api", f"api:{api_key.pk}")


@pytest.mark.parametrize(
    ("message", "text", "html"),
    [
        ("plain words", "plain words", ""),
        ("data:text/html,MESSAGE <b>HERE</b>", "MESSAGE HERE", "MESSAGE <b>HERE</b>"),
        ("data:text/html;charset=utf-8,<p>100% grün</p>", "100% grün", "<p>100% grün</p>"),
        (
            "data:text/plain;charset=iso-8859-1;base64," + base64.b64encode("grün".encode("latin-1")).decode(),
            "grün",
            "",
        ),
        ("data:;base64," + base64.b64encode(b"first\nsecond").decode(), "first\nsecond", ""),
        ("data:text/plain;charset=utf-8,Gr%C3%BC%C3%9Fe%20und%20mehr", "Grüße und mehr", ""),
        ("data: the server is down, they say", "data: the server is down, they say", ""),
        ("data:text/plain,keep a%20b as it is", "keep a%20b as it is", ""),
        ("data:text/plain;charset=no-such,Gr%C3%BC%C3%9Fe", "Grüße", ""),
    ],
)
def test_messages_are_words_or_data_urls(send, message, text, html):
    assert send("tickets.json", wanted(message=message)).status_code == 201

    entry = Ticket.objects.get().entries.get()
    assert (entry.text, entry.html) == (text, html)


def test_html_is_cleaned(send):
    send("tickets.json", wanted(message="data:text/html,<p onclick=x()>Hi</p><script>evil()</script><form></form>"))

    entry = Ticket.objects.get().entries.get()
    assert entry.html == "<p>Hi</p>"
    assert "evil" not in entry.text


def test_files_come_as_data_urls_or_spelt_out(send):
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 20).decode()
    files = [
        {"file.txt": "data:text/plain;charset=utf-8,content"},
        {"image.png": f"data:image/png;base64,{png}"},
        {"name": "../../list.csv", "type": "text/csv", "encoding": "base64", "data": "YSxi", "size": 3},
        {"latin.txt": "data:text/plain;charset=iso-8859-1;base64," + base64.b64encode("é".encode("latin-1")).decode()},
    ]
    assert send("tickets.json", wanted(attachments=files)).status_code == 201

    found = list(Attachment.objects.order_by("position"))
    assert [one.name for one in found] == ["file.txt", "image.png", "list.csv", "latin.txt"]
    assert found[1].content_type == "image/png"
    assert [one.blob.size for one in found] == [7, 28, 3, 2]


def test_priorities_are_numbered_as_osticket_does_or_named(send):
    for number, name in enumerate(("Low", "Normal", "High", "Emergency"), start=1):
        send("tickets.json", wanted(priorityId=number))
        assert Ticket.objects.latest("pk").priority == cast.priority(name)
    send("tickets.json", wanted(priority="high"))
    assert Ticket.objects.latest("pk").priority == cast.priority("High")
    send("tickets.json", wanted(priorityId="17"))
    assert Ticket.objects.latest("pk").priority == cast.priority("Normal")


def test_a_topic_that_is_gone_is_none(send, topic):
    assert send("tickets.json", wanted(topicId=10**6)).status_code == 201
    assert Ticket.objects.get().topic != topic


def test_autorespond_and_alert_can_be_switched_off(send, topic, grace):
    topic.assignee = grace
    topic.save()
    send("tickets.json", wanted(topicId=topic.pk, autorespond=False, alert=False))
    assert list(OutgoingMail.objects.all()) == []

    send("tickets.json", wanted(topicId=topic.pk, autorespond="true", alert=1))
    assert set(OutgoingMail.objects.values_list("template", flat=True)) >= {
        Template.TICKET_OPENED,
        Template.ALERT_ASSIGNED,
    }


def test_no_alert_tells_the_department_nothing(send, billing, grace, topic):
    send("tickets.json", wanted(topicId=topic.pk, alert="0"))

    assert [mail.template for mail in OutgoingMail.objects.all()] == [Template.TICKET_OPENED]


def test_notes_are_internal_and_phone_stays_with_somebody_new(send, ada, ada_address):
    send("tickets.json", wanted(notes="VIP, be quick", phone="3185558634X123"))
    entries = list(Ticket.objects.get().entries.order_by("number"))
    assert [(each.kind, each.text) for each in entries] == [
        (EntryKind.MESSAGE, "MESSAGE HERE"),
        (EntryKind.NOTE, "VIP, be quick"),
    ]
    assert Address.objects.get(email="api@osticket.example").user.phone == "3185558634X123"

    send("tickets.json", wanted(email=ada_address.email, phone=4711))
    ada.refresh_from_db()
    assert ada.phone == ""
    assert Ticket.objects.latest("pk").entries.get().text.endswith("Phone: 4711")


def test_who_is_known_keeps_their_name(send, ada, ada_address):
    assert send("tickets.json", wanted(email="ADA@example.org ", name="Eve")).status_code == 201
    assert send("tickets.json", wanted(email="ada@example.org", name=None)).status_code == 201

    ada.refresh_from_db()
    assert ada.name == "Ada"


def test_sent_twice_with_a_key_of_its_own_it_is_one_ticket(send):
    first = send("tickets.json", wanted(notes="once"), Idempotency_Key="order-1")
    again = send("tickets.json", wanted(notes="once"), Idempotency_Key="order-1")
    other = send("tickets.json", wanted(), Idempotency_Key="order-2")
    plain = send("tickets.json", wanted())

    assert first.content == again.content
    assert len({first.content, other.content, plain.content}) == 3
    assert Ticket.objects.get(number=first.content.decode()).entry_count == 2


# --- What is wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("", 400, "Syntax error, malformed JSON"),
        ("{", 400, "Syntax error, malformed JSON"),
        ("[]", 400, "Syntax error, malformed JSON"),
        ("null", 400, "Syntax error, malformed JSON"),
        ('"words"', 400, "Syntax error, malformed JSON"),
        ('{"a": 1,}', 400, "Syntax error, malformed JSON"),
        ('{"subject": NaN}', 400, "Syntax error, malformed JSON"),
        ('{"subject": "a\nb"}', 400, "Unexpected control character found"),
        ("[" * 100_000, 400, "Maximum stack depth exceeded"),
        ('{"a":' * 100_000, 400, "Maximum stack depth exceeded"),
        ('{"phone": ' + "9" * 10_000 + "}", 400, "Syntax error, malformed JSON"),
        ("{}", 400, "Unable to create new ticket: validation errors:\nemail: Email is a required field\nsubject:"),
    ],
)
def test_what_is_no_json_object_is_told(send, body, status, words):
    code, text = said(send("tickets.json", body))

    assert (code, text[: len(words)]) == (status, words)
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "unicode_escape", "utf-7", "zlib"])
def test_what_is_no_charset_is_refused(send, charset):
    body = json.dumps(wanted()).encode()

    assert send("tickets.json", body, Content_Type=f"application/json; charset={charset}").status_code == 400


def test_other_charsets_are_read_where_they_are_named(send):
    body = json.dumps(wanted(subject="Grün"), ensure_ascii=False)

    assert said(send("tickets.json", body.encode("latin-1")))[0] == 400
    assert send("tickets.json", body.encode("latin-1"), Content_Type="text/json; charset=iso-8859-1").status_code == 201
    assert send("tickets.json", b"\xef\xbb\xbf" + body.encode()).status_code == 201
    assert send("tickets.json", body.encode("utf-16")).status_code == 201
    assert send("tickets.json", body.encode(), Content_Type="text/json; charset=no-such").status_code == 400
    assert set(Ticket.objects.values_list("subject", flat=True)) == {"Grün"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"order": "4711"}, "order: Unexpected data received in API request"),
        ({"\ud800": "x"}, "?: Unexpected data received in API request"),
        ({"attachments": [{"name": "a", "data": "b", "\udfff": "c"}]}, "attachments/0/?: Unexpected data received"),
        ({"attachments": [{"name": "a", "data": "b", "run": "c"}]}, "attachments/0/run: Unexpected data received"),
        ({"email": None}, "email: Email is a required field"),
        ({"email": "nobody"}, "email: Enter a valid email address"),
        ({"email": "a@b.example\r\nBcc: x@y.example"}, "email: Enter a valid email address"),
        ({"email": ["a@b.example"]}, "email: A text is expected"),
        ({"email": "a" * 300 + "@b.example"}, "email: Enter a valid email address"),
        ({"name": None}, "name: Full Name is a required field"),
        ({"name": {"first": "A"}}, "name: A text is expected"),
        ({"subject": None}, "subject: Subject is a required field"),
        ({"subject": "  "}, "subject: Subject is a required field"),
        ({"subject": True}, "subject: A text is expected"),
        ({"message": None}, "message: Message is a required field"),
        ({"message": " \n "}, "message: Message is a required field"),
        ({"message": {"body": "x"}}, "message: A text is expected"),
        ({"message": "data:image/png;base64,AAAA"}, "message: The type is text/plain or text/html"),
        ({"message": "data:text/plain;base64,@@@"}, "message: Poorly encoded base64 data"),
        ({"message": "x" * 1_000_001}, "message: Up to 1000000 characters are taken"),
        ({"topicId": "billing"}, "topicId: A number is expected"),
        ({"topicId": True}, "topicId: A number is expected"),
        ({"topicId": [1]}, "topicId: A number is expected"),
        ({"topicId": "²"}, "topicId: A number is expected"),
        ({"priorityId": "urgent"}, "priorityId: A number is expected"),
        ({"priorityId": 1.5}, "priorityId: A number is expected"),
        ({"source": "Fax"}, "source: Invalid ticket origin given"),
        ({"alert": "perhaps"}, "alert: True or false is expected"),
        ({"phone": "<script>"}, "phone: Enter a valid phone number"),
        ({"notes": 5}, "notes: A text is expected"),
        ({"attachments": "a.txt"}, "attachments: A list of files is expected"),
        ({"attachments": {"a.txt": "data:,a"}}, "attachments: A list of files is expected"),
        ({"attachments": ["a.txt"]}, "attachments/0: A name with its data is expected"),
        ({"attachments": [{"a.txt": 5}]}, "attachments/0: Name and data are texts"),
        ({"attachments": [{"a.txt": "data:text/plain;base64,%%%"}]}, "a.txt: Poorly encoded base64 data"),
        ({"attachments": [{"a.txt": ""}]}, "attachments/0: a.txt is empty"),
        ({"attachments": [{"run.exe": "data:,MZ"}]}, "attachments/0: run.exe is a program"),
        ({"attachments": [{f"{n}.txt": "x"} for n in range(21)]}, "attachments: Up to 20 files are taken"),
    ],
)
def test_what_is_wrong_with_a_field_is_told_by_its_name(send, changed, words):
    code, text = said(send("tickets.json", wanted(**changed)))

    assert code == 400
    assert words in text
    assert not Ticket.objects.exists()


def test_a_file_above_the_limit_of_the_site_is_refused(send, settings):
    from core.models import SiteSettings

    SiteSettings.objects.update(max_upload_mb=1)
    big = base64.b64encode(b"x" * (1024 * 1024 + 1)).decode()

    assert (
        "larger than the 1 MB" in said(send("tickets.json", wanted(attachments=[{"a.txt": f"data:;base64,{big}"}])))[1]
    )


def test_what_cannot_be_stored_is_dropped_from_words(send):
    assert send("tickets.json", wanted(subject="a\x00b\u202eevil\ud800", message="one\x00two\ud800")).status_code == 201

    ticket = Ticket.objects.get()
    assert "\x00" not in ticket.subject + ticket.entries.get().text
    assert "\u202e" not in ticket.subject


def test_banned_senders_are_denied(send):
    BannedSender.objects.create(pattern="osticket.example")

    assert said(send("tickets.json", wanted())) == (403, "Ticket denied")
    BannedSender.objects.update(is_active=False)
    assert send("tickets.json", wanted()).status_code == 201


def test_who_is_switched_off_is_denied(send, ada):
    ada.is_active = False
    ada.save()

    assert said(send("tickets.json", wanted(email="ada@example.org"))) == (403, "Ticket denied")


def test_nobody_writes_as_the_help_desk_itself(send, settings):
    settings.MAIL_FROM = "Support <help@desk.example>"

    assert "an address of the help desk" in said(send("tickets.json", wanted(email="help@desk.example")))[1]


def test_one_person_has_no_more_open_tickets_than_one_may(send):
    from core.models import SiteSettings

    SiteSettings.objects.update(most_open_tickets=1)

    assert send("tickets.json", wanted()).status_code == 201
    assert said(send("tickets.json", wanted())) == (
        400,
        "Unable to create new ticket: validation errors:\nerr: You've reached the maximum open tickets allowed.",
    )


def test_what_was_sent_before_is_told_again_though_there_is_no_room_any_more(send):
    from core.models import SiteSettings

    SiteSettings.objects.update(most_open_tickets=1)

    first, again = (send("tickets.json", wanted(), Idempotency_Key="order-1") for _time in range(2))

    assert said(first) == said(again) == (201, Ticket.objects.get().number)


def test_opening_costs_a_fixed_number_of_queries(send, topic, grace, django_assert_max_num_queries):
    send("tickets.json", wanted(topicId=topic.pk))

    with django_assert_max_num_queries(60):
        assert send("tickets.json", wanted(topicId=topic.pk)).status_code == 201


# --- Due dates ---------------------------------------------------------------------------------------


@pytest.fixture
def may_set_due_dates(api_key):
    api_key.can_set_due_dates = True
    api_key.save()


def ahead(days: int) -> datetime:
    return (now() + timedelta(days=days)).replace(microsecond=0)


def test_a_due_date_comes_before_what_the_plan_promises(send, api_key, may_set_due_dates, topic):
    due = ahead(9)

    response = send("tickets.json", wanted(topicId=topic.pk, duedate=due.isoformat()))

    ticket = Ticket.objects.get()
    assert said(response) == (201, ticket.number)
    assert ticket.manual_due_at == ticket.clocks.get(target="resolution").deadline_at == due
    opened, dated = ticket.events.order_by("number")
    assert (dated.kind, dated.by, dated.cause) == ("due_date_set", None, f"api:{api_key.pk}")
    assert dated.deed == opened.deed


def test_without_an_offset_it_is_of_the_help_desks_zone(send, may_set_due_dates, topic):
    due = localtime(ahead(9))

    send("tickets.json", wanted(topicId=topic.pk, duedate=f"{due:%Y-%m-%d %H:%M:%S}"))

    assert Ticket.objects.get().manual_due_at == due


def test_in_xml_it_is_an_element_like_others(send, may_set_due_dates, topic):
    due = ahead(9)
    fields = {
        "name": "Ada",
        "email": "ada@example.org",
        "subject": "Late",
        "topicId": topic.pk,
        "duedate": due.isoformat(),
    }
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())

    send("tickets.xml", f"<ticket>{inside}<message>Hello</message></ticket>")

    assert Ticket.objects.get().manual_due_at == due


def test_sent_twice_it_is_set_once(send, may_set_due_dates, topic):
    body = wanted(topicId=topic.pk, duedate=ahead(9).isoformat())

    for _time in range(2):
        assert send("tickets.json", body, **{"Idempotency_Key": "one"}).status_code == 201

    assert TicketEvent.objects.filter(kind="due_date_set").count() == 1


def test_a_key_that_may_not_opens_nothing_with_a_due_date(send, topic):
    response = send("tickets.json", wanted(topicId=topic.pk, duedate=ahead(9).isoformat()))

    assert said(response)[0] == 400
    assert "duedate: This API key may not set due dates" in said(response)[1]
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    ("due", "words"),
    [
        ("2020-01-01T09:00:00Z", "Choose a time within the next two years."),
        ("9999-12-31T23:59:59-12:00", "Choose a time within the next two years."),
        ("0001-01-01T00:00:00+14:00", "Choose a time within the next two years."),
        ("2026-11-30", "A date and a time are expected"),
        ("2026-02-30T09:00", "A date and a time are expected"),
        ("soon", "A date and a time are expected"),
        ("2026-11-30T09:00\x00x", "A date and a time are expected"),
        (["2026-11-30T09:00"], "A text is expected"),
        (True, "A text is expected"),
    ],
)
def test_a_due_date_that_cannot_be_opens_nothing(send, may_set_due_dates, topic, due, words):
    status, text = said(send("tickets.json", wanted(topicId=topic.pk, duedate=due)))

    assert (status, f"duedate: {words}" in text) == (400, True), text
    assert not Ticket.objects.exists()
