"""Tickets, mail and failed handlers: to look at, and to do what their named actions do."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import AuditEvent, AuditKind
from core.bounded_admin import MOST_ROWS, CappedPaginator
from mail import people
from mail.models import MailState, OutgoingMail, Suppressed, Template
from tests import cast
from tests.cast import MONDAY
from tickets import actions
from tickets.models import Cause, Department, FailedHandler, Ticket, TicketQuerySet

MAILS = "/admin/mail/outgoingmail/"
TICKETS = "/admin/tickets/ticket/"
FAILURES = "/admin/tickets/failedhandler/"


def act(client, where: str, action: str, *rows: object):
    return client.post(where, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


# --- Tickets -------------------------------------------------------------------------------------


def test_a_ticket_is_shown_and_nothing_of_it_can_be_changed(root, ticket):
    page = reverse("admin:tickets_ticket_change", args=[ticket.pk])

    assert ticket.subject in root.get(page).content.decode()
    assert root.post(page, {"subject": "Mine", "status": "closed"}).status_code == 403
    assert root.post(reverse("admin:tickets_ticket_delete", args=[ticket.pk]), {"post": "yes"}).status_code == 403
    assert root.get("/admin/tickets/ticket/add/").status_code == 403
    ticket.refresh_from_db()
    assert ticket.subject != "Mine"


def test_what_was_written_in_a_ticket_stays_at_the_desk(root, ticket, grace):
    actions.add_note(ticket=ticket, text="token-7f31", by=cast.principal(grace), at=MONDAY)

    page = root.get(reverse("admin:tickets_ticket_change", args=[ticket.pk])).content.decode()

    assert "token-7f31" not in page
    assert "We were billed twice" not in page


def test_tickets_in_the_trash_are_not_listed(root, ticket):
    Ticket.objects.update(trashed_at=MONDAY)

    assert ticket.number not in root.get(TICKETS).content.decode()


def test_a_ticket_is_found_by_number_and_by_address(root, ticket, ada, grace):
    other = cast.make_ticket(grace)

    for wanted in (ticket.number, "ada@example.org"):
        found = root.get(f"{TICKETS}?q={wanted}").content.decode()
        assert f">{ticket.number}<" in found
        assert f">{other.number}<" not in found


@pytest.mark.parametrize("parameter", ["o=-1", "subject__contains=x", "requester__password__startswith=a", "q=%00"])
def test_lists_take_no_sorting_or_filter_that_is_not_offered(root, ticket, parameter):
    response = root.get(f"{TICKETS}?{parameter}")

    assert response.status_code in {200, 302, 400}
    assert "password" not in response.content.decode().split("</header>")[-1]


def test_counting_ends(django_assert_num_queries, db):
    seen: TicketQuerySet = Ticket.objects.order_by("pk")

    with django_assert_num_queries(1) as queries:
        assert CappedPaginator(seen, 50).count == 0

    assert f"LIMIT {MOST_ROWS}" in queries.captured_queries[0]["sql"]
    assert "COUNT" not in queries.captured_queries[0]["sql"]


@pytest.mark.parametrize("path", [TICKETS, MAILS])
def test_twenty_rows_cost_as_many_queries_as_four(root, path, django_assert_max_num_queries, django_assert_num_queries):
    def make(numbers: range) -> None:
        for number in numbers:
            topic = cast.make_topic(f"Topic {number}")
            cast.make_ticket(cast.make_person(f"p{number}@example.org", f"P {number}"), topic)

    make(range(4))
    root.get(path)
    with django_assert_max_num_queries(12) as few:
        root.get(path)

    make(range(4, 20))

    with django_assert_num_queries(len(few)):
        root.get(path)


# --- Mail ----------------------------------------------------------------------------------------


def mail_to(person, ticket, **fields: object) -> OutgoingMail:
    return OutgoingMail.objects.create(
        recipient=cast.address_for(person).email,
        address=cast.address_for(person),
        user=person,
        template=Template.TICKET_LINK,
        ticket=ticket,
        created_at=MONDAY,
        **fields,
    )


def page_of(mail: OutgoingMail, what: str = "change") -> str:
    return reverse(f"admin:mail_outgoingmail_{what}", args=[mail.pk])


def test_a_mail_that_was_never_sent_is_shown_as_it_would_look(root, ticket, ada):
    mail = mail_to(ada, ticket, state=MailState.SUPPRESSED, why=Suppressed.NO_SERVER)

    page = root.get(page_of(mail)).content.decode()

    assert f"#{ticket.number}" in page
    assert "No mail server is set" in page


def test_who_reads_a_mail_to_agents_is_in_the_audit_log(root, ticket, ada, grace, admin_user):
    actions.add_note(ticket=ticket, text="Not for Ada.", by=cast.principal(grace), at=MONDAY)
    ken = cast.make_agent("Eve", ticket.department)
    note = mail_to(ken, ticket, deed=ticket.events.latest("number").deed, entry=ticket.entries.latest("number"))
    OutgoingMail.objects.filter(pk=note.pk).update(template=Template.ALERT_NOTE)
    link = mail_to(ada, ticket)

    assert "Not for Ada." in root.get(page_of(note)).content.decode()
    assert "Not for Ada." in root.get(page_of(note, "shown")).content.decode()
    root.get(page_of(link))
    root.get(page_of(note, "history"))

    found = AuditEvent.objects.filter(kind=AuditKind.EXPORTED, target_model="mail.outgoingmail")
    assert [(event.by_id, event.target_id) for event in found] == [(admin_user.pk, note.pk)] * 2


def test_a_mail_to_an_address_that_was_removed_is_told_of_without_its_words(root, ticket, ada):
    mail = mail_to(ada, ticket, state=MailState.SENT)
    people.address_gone(cast.address_for(ada))

    assert "is not kept any more" in root.get(page_of(mail)).content.decode()
    assert root.get(page_of(mail, "shown")).status_code == 404


def test_no_mail_that_is_shown_opens_anything(root, ticket, ada):
    mail = mail_to(ada, ticket)

    shown = root.get(page_of(mail)).content.decode() + root.get(page_of(mail, "shown")).content.decode()

    links = set(re.findall(r"https?://[^\s\"'<>]+", shown))
    assert not [link for link in links if re.search(r"/t/|token|:[A-Za-z0-9_-]{20,}", link)]
    ticket_page = reverse("portal:ticket", args=["x"]).removesuffix("x/").removesuffix("x")
    assert not [link for link in links if ticket_page in link]


def test_a_mail_is_shown_where_it_runs_nothing(root, ticket, ada):
    response = root.get(page_of(mail_to(ada, ticket), "shown"))

    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox;")
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_a_mail_of_the_sign_in_is_never_shown(root, admin_user):
    mail = OutgoingMail.objects.create(
        recipient="root@example.com",
        user=admin_user,
        template=Template.ACCOUNT,
        body=b"gAAAA-secret",
        created_at=MONDAY,
    )

    page = root.get(page_of(mail)).content.decode()

    assert "Not shown" in page
    assert "secret" not in page
    assert root.get(page_of(mail, "shown")).status_code == 404


def test_only_administrators_see_a_mail(sign_in, ken, ticket, ada):
    mail = mail_to(ada, ticket)

    for what in ("change", "shown"):
        assert sign_in(ken).get(page_of(mail, what)).status_code == 403


def test_a_mail_that_failed_is_sent_again(root, ticket, ada, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    failed = mail_to(ada, ticket, state=MailState.FAILED)
    sent = mail_to(ada, ticket, state=MailState.SENT)

    response = act(root, MAILS, "send_again", failed, sent)

    failed.refresh_from_db()
    sent.refresh_from_db()
    assert (failed.state, sent.state) == (MailState.QUEUED, MailState.SENT)
    assert failed.due_at is not None
    assert "1 mail is sent again." in said(response)
    assert "Only mails that" in said(response)


def test_nothing_is_sent_again_without_a_mail_server(root, ticket, ada, settings):
    settings.MAIL_URL = ""
    failed = mail_to(ada, ticket, state=MailState.FAILED)

    response = act(root, MAILS, "send_again", failed)

    failed.refresh_from_db()
    assert failed.state == MailState.FAILED
    assert "No mail server is set" in said(response)


def test_mails_are_not_changed_by_hand(root, ticket, ada):
    mail = mail_to(ada, ticket)

    assert root.post(page_of(mail), {"recipient": "me@example.com"}).status_code == 403
    assert root.post(page_of(mail, "delete"), {"post": "yes"}).status_code == 403


# --- Failed handlers -----------------------------------------------------------------------------


@pytest.fixture
def failure(ticket) -> FailedHandler:
    return FailedHandler.objects.create(
        event=ticket.events.first(), handler=f"{Cause.DEMO}.broken", error="<script>Traceback", failed_at=MONDAY
    )


def test_a_failed_handler_is_shown_with_its_error(root, failure):
    page = root.get(reverse("admin:tickets_failedhandler_change", args=[failure.pk])).content.decode()

    assert "&lt;script&gt;Traceback" in page


def test_a_failed_handler_is_tried_again(root, failure):
    before = now()

    response = act(root, FAILURES, "try_again", failure)

    failure.refresh_from_db()
    assert failure.due_at >= before
    assert "tried again now" in said(response)


def test_what_has_succeeded_meanwhile_is_left_alone(root, failure):
    FailedHandler.objects.update(succeeded_at=MONDAY)

    response = act(root, FAILURES, "try_again", failure)

    failure.refresh_from_db()
    assert failure.due_at is None
    assert "have succeeded" in said(response)


def test_the_list_says_in_one_place_what_became_of_a_mail_and_why(root, ticket, ada):
    mail_to(ada, ticket, state=MailState.SUPPRESSED, why=Suppressed.NO_SERVER)

    assert "Not sent: No mail server is set" in root.get(MAILS).text


# --- The way to a page ---------------------------------------------------------------------------


def crumbs(page) -> str:
    [crumbs] = re.findall(r'<div class="breadcrumbs">(.*?)</div>', page.text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", crumbs).split())


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("/admin/sla/slaplan/", "Home › Promises › SLA plans"),
        ("/admin/sla/slaplan/add/", "Home › Promises › SLA plans › Add SLA plan"),
        ("/admin/accounts/user/", "Home › People › Requesters"),
        ("/admin/accounts/user/{ada}/change/", "Home › People › Requesters › Ada"),
        ("/admin/tickets/department/{empty}/delete/", "Home › Tickets › Departments › Empty › Delete"),
        ("/admin/core/sitesettings/1/change/", "Home › Site › Site settings"),
        ("/admin/tickets/failedhandler/", "Home › Mail › Failed handlers"),
    ],
)
def test_the_way_to_a_page_goes_by_the_groups_of_the_start_page(root, ada, path, way):
    empty = Department.objects.create(name="Empty")

    assert crumbs(root.get(path.format(ada=ada.pk, empty=empty.pk))) == way


@pytest.mark.parametrize(
    ("model", "wanted"),
    [("mail/outgoingmail", "Ada@Example.org"), ("tickets/ticket", "ada@example.org"), ("tickets/ticket", "#number")],
)
def test_a_whole_value_is_found_by_its_index(root, ticket, model, wanted):
    """Without LIKE and without UPPER, which read the whole table: PostgreSQL has no index for them here."""
    term = wanted.replace("number", ticket.number)

    with CaptureQueriesContext(connection) as asked:
        page = root.get(f"/admin/{model}/", {"q": term}).content.decode()

    assert ('class="field-number"' in page) == (model == "tickets/ticket")
    assert not [query["sql"] for query in asked if "LIKE" in query["sql"].upper() or "UPPER(" in query["sql"].upper()]
