"""Open a ticket by the form: what it makes, and what bad input gets."""

import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Address, User
from core.models import Blob, SiteSettings
from tests import cast
from tests.cast import HOUR
from tickets.models import Attachment, HelpTopic, Source, ThreadEntry, Ticket

pytestmark = pytest.mark.django_db

NEW = "/new/"


def text_of(response) -> str:
    return response.content.decode()


def error_of(response, field: str) -> list[str]:
    """Return the sentences by a field, once it is sure that the page shows them."""
    errors = list(response.context["form"].errors.get(field, []))
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in text_of(response)
    return errors


def nothing_was_made() -> bool:
    return not any(model.objects.exists() for model in (Ticket, ThreadEntry, Attachment, Address, User))


# --- What it makes ------------------------------------------------------------------------------


def test_the_form_opens_one_ticket_and_tells_its_number(browser, filled_in, topic):
    response = browser.post(NEW, filled_in(), follow=True)

    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.topic, ticket.source) == ("The invoice of October is wrong", topic, Source.WEB)
    assert ticket.entries.get().text == "We were billed twice."
    assert ticket.requester.name == "Ada"
    assert response.redirect_chain[0][0].startswith("/new/sent/")
    assert f"#{ticket.number}" in text_of(response)
    assert "A person answers within 1 hour." in text_of(response)


def test_the_ticket_comes_from_an_address_nobody_confirmed(browser, filled_in):
    browser.post(NEW, filled_in(email="  Ada@Example.ORG "))

    address = Address.objects.get()
    assert (address.email, address.verified_at) == ("ada@example.org", None)


def test_files_go_with_the_first_message(browser, filled_in):
    files = [SimpleUploadedFile("screen.png", b"\x89PNG\r\n\x1a\n"), SimpleUploadedFile("log.txt", b"404")]

    browser.post(NEW, filled_in(attachments=files))

    assert list(Attachment.objects.order_by("position").values_list("name", "content_type")) == [
        ("screen.png", "image/png"),
        ("log.txt", "text/plain"),
    ]


def test_nothing_but_what_the_form_asks_for_is_required(browser, topic):
    form = {"email": "ada@example.org", "name": "Ada", "topic": topic.pk, "subject": "Down", "text": "All of it."}

    browser.post(NEW, form)

    assert Ticket.objects.count() == 1


def test_a_known_persons_name_is_not_taken_over(browser, filled_in, ada):
    browser.post(NEW, filled_in(name="Mallory"))

    assert Ticket.objects.get().requester.name == "Ada"


@pytest.mark.parametrize("length", [60, 600, 1000])
def test_long_subjects_are_fine(browser, filled_in, length):
    subject = ("Ein Satz " * 200)[:length].strip()

    browser.post(NEW, filled_in(subject=subject))

    assert Ticket.objects.get().subject == subject


@pytest.mark.parametrize(
    "words", ["👩‍👩‍👧‍👦 geht nicht 🚒", "החשבונית של אוקטובר שגויה", "لا يعمل النظام", "日本語の件名"]
)
def test_any_writing_is_fine(browser, filled_in, words):
    browser.post(NEW, filled_in(subject=words, text=words, name=words))

    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.entries.get().text, ticket.requester.name) == (words, words, words)


def test_what_cannot_be_seen_or_stored_is_dropped(browser, filled_in):
    browser.post(NEW, filled_in(subject="a\u202eb\x00c\r\nd\x07", text="one\r\ntwo\x00", name="A\nda\u2066"))

    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.entries.get().text, ticket.requester.name) == ("abc d", "one\ntwo", "A da")


def test_without_topics_the_form_asks_for_none(browser, filled_in):
    HelpTopic.objects.update(is_public=False)

    assert "What is it about?" not in text_of(browser.get(NEW))
    browser.post(NEW, filled_in())

    assert Ticket.objects.get().topic is None


def test_who_is_signed_in_need_not_type_who_they_are(sign_in, ada_confirmed):
    page = text_of(sign_in(ada_confirmed).get(NEW))

    assert "You are signed in as <bdi>Ada</bdi>. We answer to ada@example.org." in page
    assert 'name="email"' not in page


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "", "Write your e-mail address, so that we can answer."),
        ("email", "ada", "This is no e-mail address. Write it like ada@example.org."),
        ("email", "aſa@example.org", "This is no e-mail address. Write it like ada@example.org."),
        ("email", "ada@", "This is no e-mail address. Write it like ada@example.org."),
        ("email", "a@b.com\r\nBcc: x@y.z", "This is no e-mail address. Write it like ada@example.org."),
        ("email", "a\x00@b.com", "This is no e-mail address. Write it like ada@example.org."),
        ("email", "a" * 250 + "@example.org", "This e-mail address is too long. The longest has 254 characters."),
        ("name", "  ", "Write your name, so that we know whom we answer."),
        ("name", "A" * 121, "This name is too long. Up to 120 characters fit."),
        ("topic", "", "Choose what it is about."),
        ("topic", "999999", "The help topic you chose is not offered any more."),
        ("topic", "1 OR 1=1", "The help topic you chose is not offered any more."),
        ("topic", "9" * 400, "The help topic you chose is not offered any more."),
        ("subject", " \u202e\t", "Write a short summary, for example “Sign-in page shows error 503”."),
        ("subject", "s" * 1001, "This summary has 1001 characters; up to 1000 fit. Say the rest below."),
        ("text", " \n \x00", "Describe what happens: what you did, and what you saw."),
        ("text", "t" * 100_001, "This text has 100001 characters; up to 100000 can be sent."),
        ("website", "http://spam.example", "Leave this field empty: it is there to catch machines."),
    ],
)
def test_bad_input_gets_one_sentence_by_its_field_and_what_was_typed_stays(browser, filled_in, field, value, sentence):
    response = browser.post(NEW, filled_in(**{field: value}))

    errors = response.context["form"].errors
    assert response.status_code == 422
    assert list(errors) == [field]
    assert len(errors[field]) == 1
    assert errors[field][0].startswith(sentence)
    page = text_of(response)
    assert page.count(errors[field][0].replace("'", "&#x27;")) >= 1
    for other, typed in filled_in(**{field: value}).items():
        if other not in {field, "topic", "website"}:
            assert str(typed) in page
    assert nothing_was_made()


def test_the_sentence_stands_by_its_field(browser, filled_in):
    assert error_of(browser.post(NEW, filled_in(email="ada")), "email")


def test_an_internal_topic_is_refused_like_an_unknown_one(browser, filled_in):
    internal = cast.make_topic("Secret audit", is_public=False)

    response = browser.post(NEW, filled_in(topic=internal.pk))

    assert error_of(response, "topic")[0].startswith("The help topic you chose is not offered any more.")
    assert "Secret audit" not in text_of(response)
    assert nothing_was_made()


@pytest.mark.parametrize("change", [{"archived_at": timezone.now()}, {"is_public": False}])
def test_a_stale_form_keeps_what_was_typed_and_tells_what_changed(browser, filled_in, topic, change):
    HelpTopic.objects.filter(pk=topic.pk).update(**change)

    response = browser.post(NEW, filled_in())

    assert error_of(response, "topic") == [
        "The help topic you chose is not offered any more. Choose another; the rest is as you left it."
    ]
    page = text_of(response)
    assert "Invoices" not in page
    assert all(
        typed in page for typed in ("ada@example.org", "The invoice of October is wrong", "We were billed twice.")
    )


def test_ten_megabytes_of_text_get_a_sentence_and_a_page_of_sensible_size(browser, filled_in):
    response = browser.post(NEW, filled_in(text="x" * 10 * 1024 * 1024))

    (sentence,) = error_of(response, "text")
    assert sentence.startswith("This text has 10485760 characters; up to 100000 can be sent.")
    assert "x" * 100_000 in text_of(response)
    assert len(response.content) < 200_000
    assert nothing_was_made()


def test_what_was_cut_off_can_be_sent(browser, filled_in):
    page = text_of(browser.post(NEW, filled_in(text="x" * 200_000)))
    kept = re.search(r"<textarea[^>]*>\s*(x+)</textarea>", page)[1]

    browser.post(NEW, filled_in(text=kept))

    assert ThreadEntry.objects.get().text == "x" * 100_000


def test_a_file_over_the_limit_is_named_and_the_others_are_kept(browser, filled_in):
    SiteSettings.objects.update(max_upload_mb=1)
    files = [SimpleUploadedFile("screen.mov", b"x" * 2 * 1024 * 1024), SimpleUploadedFile("log.txt", b"404")]

    response = browser.post(NEW, filled_in(attachments=files))

    assert error_of(response, "attachments") == ["screen.mov is 2 MB, more than the 1 MB allowed."]
    assert nothing_was_made()
    (kept,) = response.context["form"].kept
    assert f'value="{kept.reference}"' in text_of(response)

    browser.post(NEW, filled_in(**{"attachments-kept": kept.reference}))

    assert Attachment.objects.get().name == "log.txt"


def test_files_survive_a_mistake_elsewhere_and_can_be_left_out(browser, filled_in):
    files = [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b")]
    response = browser.post(NEW, filled_in(email="", attachments=files))
    first, second = response.context["form"].kept

    browser.post(NEW, filled_in(**{"attachments-kept": [second.reference]}))

    assert first.name == "a.txt"
    assert list(Attachment.objects.values_list("name", flat=True)) == ["b.txt"]


def test_thirty_files_get_a_sentence(browser, filled_in):
    files = [SimpleUploadedFile(f"{n}.txt", b"%d" % n) for n in range(30)]

    response = browser.post(NEW, filled_in(attachments=files))

    assert error_of(response, "attachments") == [
        "30 files are too many: 20 can be sent at once. The first ones are kept."
    ]
    assert nothing_was_made()


def test_a_hostile_name_is_made_harmless_everywhere(browser, filled_in):
    hostile = SimpleUploadedFile('x"><script>alert(1)</script>\u202egnp.html', b"<script>")

    response = browser.post(NEW, filled_in(email="", attachments=[hostile]))

    assert "<script>alert(1)" not in text_of(response)
    assert "\u202e" not in text_of(response)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"no boundary", "multipart/form-data"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"&".join(b"f%d=1" % n for n in range(2000)), "application/x-www-form-urlencoded"),
        (b"text=" + b"x" * 13 * 1024 * 1024, "application/x-www-form-urlencoded"),
        (
            b"".join(
                b'--x\r\nContent-Disposition: form-data; name="attachments"; filename="%d"\r\n\r\na\r\n' % n
                for n in range(60)
            )
            + b"--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_a_broken_request_gets_a_sentence_and_no_stack_trace(browser, body, content_type):
    response = browser.generic("POST", NEW, body, content_type)

    assert response.status_code in {400, 422}
    assert "<h1>" in text_of(response)
    assert "Traceback" not in text_of(response)
    assert nothing_was_made()


def test_who_was_switched_off_gets_a_sentence(browser, filled_in, ada):
    User.objects.update(is_active=False)

    response = browser.post(NEW, filled_in())

    assert response.context["form"].non_field_errors() == ["Tickets cannot be opened with this e-mail address."]
    assert not Ticket.objects.exists()


def test_a_form_without_a_csrf_token_does_nothing(filled_in):
    response = Client(enforce_csrf_checks=True).post(NEW, filled_in())

    assert response.status_code == 403
    assert nothing_was_made()


def test_too_many_tickets_of_one_client_are_refused_with_the_text_kept(browser, filled_in, monkeypatch):
    from portal.views import new

    monkeypatch.setattr(new, "CLIENT_LIMIT", 1)
    browser.post(NEW, filled_in())

    response = browser.post(NEW, filled_in(text="Another one.", attachments=[SimpleUploadedFile("a.txt", b"a")]))

    assert response.status_code == 429
    assert "Another one." in text_of(response)
    assert "Wait a while" in text_of(response)
    assert (Ticket.objects.count(), Blob.objects.count()) == (1, 0)


def test_too_many_tickets_for_one_address_are_refused(browser, filled_in, monkeypatch):
    from portal.views import new

    monkeypatch.setattr(new, "ADDRESS_LIMIT", 1)
    browser.post(NEW, filled_in())

    response = browser.post(NEW, filled_in(text="Another one."))

    assert error_of(response, "email") == [
        "Many tickets were opened with this address just now. Wait a while, then send again."
    ]
    assert Ticket.objects.count() == 1


# --- Sent twice --------------------------------------------------------------------------------


def test_the_same_form_sent_again_tells_the_same_number(browser, filled_in):
    first = browser.post(NEW, filled_in(), follow=True)
    second = browser.post(NEW, filled_in(), follow=True)

    ticket = Ticket.objects.get()
    assert all(f"#{ticket.number}" in text_of(response) for response in (first, second))


@pytest.mark.parametrize("change", [{"text": "And the one of November."}, {"subject": "November"}])
def test_the_same_form_changed_is_another_ticket(browser, filled_in, change):
    browser.post(NEW, filled_in())
    browser.post(NEW, filled_in(**change))

    assert Ticket.objects.count() == 2


def test_every_form_has_a_key_of_its_own(browser, topic):
    keys = {re.search(r'name="request_key" value="(\w{32})"', text_of(browser.get(NEW)))[1] for _ in range(3)}

    assert len(keys) == 3


@pytest.mark.django_db(transaction=True)
def test_the_same_form_twice_at_once_is_one_ticket_and_both_see_it(filled_in):
    form, together, answers = filled_in(), Barrier(4), []

    def send() -> None:
        together.wait()
        try:
            answers.append(text_of(Client().post(NEW, form, follow=True)))
        finally:
            connection.close()

    threads = [Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    ticket = Ticket.objects.get()
    assert len(answers) == 4
    assert all(f"#{ticket.number}" in answer for answer in answers)
    assert (ticket.entries.count(), ticket.participants.count(), User.objects.count()) == (1, 1, 1)


# --- Topics and what they promise ----------------------------------------------------------------


def test_each_topic_tells_its_hint_and_the_promise_of_its_plan(browser, plan):
    cast.make_topic("Outage", hint="Nothing works", advice="Call us, too.", sla_plan=plan)

    page = text_of(browser.get(NEW))

    assert all(words in page for words in ("Outage", "Nothing works", "Call us, too.", "We answer within 1 hour."))


def test_choosing_a_topic_tells_what_happens_next(browser, topic):
    fragment = text_of(browser.get(f"/new/topic/?topic={topic.pk}"))

    assert "A person answers within 1 hour." in fragment
    assert "We aim to solve it within 4 hours." in fragment
    assert "<html" not in fragment


@pytest.mark.parametrize("asked", ["", "?topic=", "?topic=0", "?topic=x'--"])
def test_an_unknown_topic_promises_nothing(browser, asked):
    fragment = text_of(browser.get(f"/new/topic/{asked}"))

    assert "A person answers." in fragment
    assert "within" not in fragment


def test_an_internal_topic_tells_nothing_of_itself(browser):
    plan = cast.make_plan("Secret", first_response=7 * HOUR)
    internal = cast.make_topic("Secret audit", is_public=False, sla_plan=plan)

    assert "7 hours" not in text_of(browser.get(f"/new/topic/?topic={internal.pk}"))
    assert "Secret audit" not in text_of(browser.get(NEW))


def test_the_form_costs_the_same_for_many_topics(browser, django_assert_max_num_queries):
    for n in range(20):
        plan = cast.make_plan(f"Plan {n}", first_response=timedelta(hours=n + 1))
        cast.make_topic(f"Topic {n}", sla_plan=plan)

    # One of them only where no MAIL_URL is set: whether a department has a way out of its own.
    with django_assert_max_num_queries(10):
        browser.get(NEW)


# --- The page that says it is sent ---------------------------------------------------------------


def test_the_sent_page_shows_nothing_of_the_person_nor_of_the_ticket(browser, filled_in, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:25"

    response = browser.post(NEW, filled_in(), follow=True)

    page = text_of(response)
    assert "a•••@example.org" in page
    assert not any(words in page for words in ("ada@example.org", "Ada<", "invoice", "billed", "/t/"))
    assert response["Cache-Control"] == "private, no-store"


def test_without_a_mail_server_the_page_says_so(browser, filled_in, settings):
    settings.MAIL_URL = ""

    page = text_of(browser.post(NEW, filled_in(), follow=True))

    assert "This help desk has no mail server, so write the number down." in page
    assert "We mail" not in page
    assert "A mail brings you" not in text_of(browser.get(NEW))
    assert "We mail you" not in text_of(browser.get("/"))


@pytest.mark.parametrize(
    ("is_demo", "mail_url", "client", "shows"),
    [
        (True, "", "127.0.0.1", True),
        (True, "", "203.0.113.9", False),
        (True, "smtp://127.0.0.1:25", "127.0.0.1", False),
        (False, "", "127.0.0.1", False),
    ],
)
def test_the_sent_page_shows_the_link_only_in_a_demo_without_mail_on_this_machine(
    browser, filled_in, settings, is_demo, mail_url, client, shows
):
    settings.DEMO, settings.MAIL_URL = is_demo, mail_url

    response = browser.post(NEW, filled_in(), follow=True, REMOTE_ADDR=client)

    assert ("/t/" in text_of(response)) is shows


@pytest.mark.parametrize("signed", ["1", "MQ:1abc:forged", "x"])
def test_a_forged_sent_page_is_not_found(browser, ticket, signed):
    assert browser.get(f"/new/sent/{signed}/").status_code == 404


def test_an_address_of_the_page_from_before_it_told_of_waiting_forms_is_not_found(browser, ticket):
    assert browser.get(f"/new/sent/{signing.dumps(ticket.pk, salt='portal.sent')}/").status_code == 404


def test_a_ticket_link_is_no_key_to_the_sent_page(browser, token):
    assert browser.get(reverse("portal:sent", args=[token])).status_code == 404


# --- Nested topics ----------------------------------------------------------------------------------


def choose_from(response) -> list[tuple[str, list[str], bool]]:
    """Return what the page offers: name of the fold or "", the cards, whether it is open."""
    return [
        (section.name, [offer.name for offer in section.offers], section.is_open)
        for section in response.context["sections"]
    ]


@pytest.fixture
def cards(topic) -> HelpTopic:
    HelpTopic.objects.filter(name="General question").delete()
    parent = cast.make_topic("Cards", hint="Credit and debit", position=110)
    lost = cast.make_topic("Lost", parent=parent)
    cast.make_topic("Abroad", parent=lost)
    return parent


def test_what_is_below_a_topic_is_folded_behind_it(browser, cards):
    page = browser.get(NEW)

    assert choose_from(page) == [("", ["Invoices"], True), ("Cards", ["Cards", "Lost", "Lost / Abroad"], True)]
    assert '<details class="topic-fold" open>' in text_of(page)


def test_with_many_topics_only_the_fold_of_the_chosen_one_is_open(browser, filled_in, cards):
    for number in range(15):
        cast.make_topic(f"Product {number:02}", position=200)
    for number in range(3):
        cast.make_topic(f"Part {number}", parent=cast.make_topic(f"Wares {number}", position=150))
    lost = HelpTopic.objects.get(name="Lost")

    sections = choose_from(browser.post(NEW, filled_in(topic=str(lost.pk), subject="")))

    assert [(name, is_open) for name, _cards, is_open in sections if name] == [
        ("Cards", True),
        ("Wares 0", False),
        ("Wares 1", False),
        ("Wares 2", False),
        ("More topics", False),
    ]
    assert [len(cards) for name, cards, _open in sections if not name] == [1, 12]


def test_two_hundred_topics_cost_no_more_queries_than_two(browser, topic, django_assert_num_queries):
    few = HelpTopic.objects.count()
    browser.get(NEW)
    with CaptureQueriesContext(connection) as asked:
        browser.get(NEW)
    for number in range(66):
        parent = cast.make_topic(f"Product {number}", department=topic.department)
        cast.make_topic("Broken", parent=cast.make_topic("Parts", parent=parent), sla_plan=topic.sla_plan)

    with django_assert_num_queries(len(asked)):
        page = browser.get(NEW)

    assert sum(len(cards) for _name, cards, _open in choose_from(page)) == few + 198


@pytest.mark.parametrize("field", ["disabled_at", "archived_at"])
def test_a_topic_that_is_disabled_meanwhile_is_refused_by_its_field(browser, filled_in, topic, field):
    form = filled_in()
    HelpTopic.objects.filter(pk=topic.pk).update(**{field: timezone.now()})

    response = browser.post(NEW, form)

    assert "not offered any more" in error_of(response, "topic")[0]
    assert not Ticket.objects.exists()


def test_what_is_below_a_topic_that_is_not_offered_is_refused_too(browser, filled_in, cards):
    lost = HelpTopic.objects.get(name="Abroad")
    HelpTopic.objects.filter(pk=cards.pk).update(is_public=False)

    assert browser.post(NEW, filled_in(topic=str(lost.pk))).status_code == 422
    assert not Ticket.objects.exists()


# --- What the topic says once it is sent -------------------------------------------------------------


def test_the_topic_thanks_in_its_own_words(browser, filled_in, topic):
    topic.thank_you = "Thank you.\n\n<b>Invoices</b> take a day."
    topic.save()

    page = text_of(browser.post(NEW, filled_in(), follow=True))

    assert "<p>Thank you.</p>" in page
    assert "&lt;b&gt;Invoices&lt;/b&gt; take a day." in page


@pytest.mark.parametrize("what", ["topic", "department", "site"])
def test_where_no_mail_confirms_it_none_is_promised(browser, filled_in, topic, billing, settings, what):
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    quiet = {"topic": topic, "department": billing, "site": SiteSettings.load()}[what]
    assert "A mail brings you a link" in text_of(browser.get(f"/new/topic/?topic={topic.pk}"))
    type(quiet).objects.filter(pk=quiet.pk).update(acknowledges=False)

    page = text_of(browser.post(NEW, filled_in(), follow=True))

    assert "We mail the number" not in page
    assert "Write the number down" in page
    assert "A mail brings you a link" not in text_of(browser.get(f"/new/topic/?topic={topic.pk}"))
