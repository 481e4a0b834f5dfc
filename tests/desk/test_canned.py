"""Canned responses at the desk: which are offered, and what one of them puts into a reply (PARITY C01, C02)."""

import pytest
from django.urls import reverse

from accounts.models import Address
from core.files import store
from tests import cast
from tickets.models import CannedFile, CannedResponse, Department

pytestmark = pytest.mark.django_db


def make(title="Greeting", body="<p>Hello {{ requester.name.first }}, about {{ ticket.number }}</p>", **fields):
    response = CannedResponse(title=title, **fields)
    response.write(body)
    response.save()
    return response


def listed(desk, ticket, q=""):
    answer = desk.client.get(reverse("desk:canned", args=[ticket.number]), {"q": q})
    assert answer.status_code == 200
    return [response.title for response in answer.context["responses"]]


def one(desk, ticket, response):
    return desk.client.get(reverse("desk:canned-response", args=[ticket.number, response.pk]))


def test_what_is_of_the_department_or_above_it_or_of_all_is_offered(desk, ticket, elsewhere, billing):
    above = Department.objects.create(name="Money")
    Department.objects.filter(pk=billing.pk).update(parent=above)
    make("Ours", department=billing)
    make("Above", department=above)
    make("All")
    foreign = make("Foreign", department=elsewhere)
    off = make("Off", is_active=False)
    gone = make("Gone", archived_at=cast.MONDAY)

    assert set(listed(desk, ticket)) == {"Ours", "Above", "All"}
    assert listed(desk, ticket)[-1] == "All"
    for response in (foreign, off, gone):
        assert one(desk, ticket, response).status_code == 404


def test_they_are_found_by_words_of_title_and_text(desk, ticket):
    make("Refund", "<p>We pay it back.</p>")
    make("Delay", "<p>It takes <b>longer</b>.</p>")

    assert listed(desk, ticket, "refund") == ["Refund"]
    assert listed(desk, ticket, "takes longer") == ["Delay"]
    assert listed(desk, ticket, "<b>") == []
    assert listed(desk, ticket, "%") == []
    assert listed(desk, ticket, "a\x00" * 500) == []


def test_in_the_list_they_read_as_words_with_gaps_for_the_values(desk, ticket):
    make(body="<p>Hello {{ requester.name.first }}, about {{ ticket.number }} &lt;b&gt;</p>")

    page = desk.client.get(reverse("desk:canned", args=[ticket.number])).content.decode()

    assert "Hello …, about … &lt;b&gt;" in page
    assert "{{" not in page


def test_a_list_has_an_end_and_costs_the_same_however_long(desk, ticket, django_assert_max_num_queries):
    for n in range(60):
        make(f"Number {n:02}")

    listed(desk, ticket)
    with django_assert_max_num_queries(6):
        assert len(listed(desk, ticket)) == 50


def test_one_says_its_words_with_the_ticket_s_values_and_its_files_can_be_sent(desk, ticket, ada_confirmed):
    response = make()
    CannedFile.objects.create(
        response=response, blob=store([b"terms"]), position=1, name="terms.txt", content_type="text/plain"
    )

    given = one(desk, ticket, response).json()

    assert given["html"] == f"<p>Hello Ada, about {ticket.number}</p>"
    assert given["text"] == f"Hello Ada, about {ticket.number}"
    assert given["left_out"] == ""
    assert [file["name"] for file in given["files"]] == ["terms.txt"]
    desk.reply(ticket, body=given["text"], **{"attachments-kept": [given["files"][0]["reference"]]})
    sent = ticket.entries.order_by("-number").first()
    assert [file.name for file in sent.attachments.all()] == ["terms.txt"]


def test_what_was_typed_is_left_out_while_an_address_is_not_confirmed(desk, ticket):
    Address.objects.filter(user=ticket.requester).update(verified_at=None)

    given = one(desk, ticket, make()).json()

    assert given["text"] == f"Hello, about {ticket.number}"
    assert "requester.name.first" in given["left_out"]


def test_who_does_not_see_the_ticket_is_given_nothing(at_desk, linus, ticket):
    response = make()

    assert at_desk(linus).client.get(reverse("desk:canned", args=[ticket.number])).status_code == 404
    assert one(at_desk(linus), ticket, response).status_code == 404
