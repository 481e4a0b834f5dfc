"""The page on which agents let go of people."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, AuditKind, Organization, User
from core.files import store
from core.models import NewFile
from tests import cast
from tests.cast import TUESDAY
from tests.desk.conftest import AtDesk, toasts
from tickets import actions


def page_of(person: User, name: str = "person-delete") -> str:
    return reverse(f"desk:{name}", args=[person.pk])


def test_it_says_beforehand_what_each_way_touches(desk: AtDesk, ticket, ada: User, grace: User) -> None:
    actions.reply(ticket=ticket, text="Hello Ada.", by=cast.principal(grace), at=TUESDAY)

    reach = desk.client.get(page_of(ada)).context["reach"]

    assert (reach.tickets, reach.entries, reach.messages, reach.addresses, reach.elsewhere) == (1, 2, 1, 1, False)


def test_a_word_of_others_is_redacted_by_its_button(desk: AtDesk, ticket, ada: User, grace: User) -> None:
    reply = actions.reply(ticket=ticket, text="Hello Ada.", by=cast.principal(grace), at=TUESDAY)
    (line,) = desk.client.get(page_of(ada)).context["mentions"]

    answer = desk.client.post(page_of(ada, "person-redact"), {"row": line["key"]})

    reply.refresh_from_db()
    assert reply.text == "Hello [removed]."
    assert toasts(answer) == ["1 place redacted"]
    assert desk.client.get(page_of(ada)).context["mentions"] == []


def test_a_file_that_names_them_is_looked_at_and_removed(desk: AtDesk, ticket, ada: User, grace: User) -> None:
    written = NewFile(store([b"Ada; 030 1234567"]), "list.csv", "text/csv")
    note = actions.add_note(ticket=ticket, text="See.", by=cast.principal(grace), at=TUESDAY, files=[written])
    page = desk.client.get(page_of(ada))
    (line,) = page.context["files"]

    assert line["file_url"] == reverse("desk:file", args=[note.attachments.get().pk])
    assert f'href="{line["file_url"]}"' in page.content.decode()
    answer = desk.client.post(page_of(ada, "person-redact"), {"row": line["key"]})

    assert toasts(answer) == ["1 file removed"]
    assert not note.attachments.exists()


def test_an_organisation_called_after_them_is_listed_with_its_page(desk: AtDesk, ada: User) -> None:
    named = Organization.objects.create(name="Ada Engines")

    (line,) = desk.client.get(page_of(ada)).context["mentions"]

    assert (line["excerpt"], line["organization_url"]) == ("Ada Engines", reverse("desk:organization", args=[named.pk]))


def test_a_ticket_that_the_agent_does_not_see_shows_nothing_of_it(at_desk, ticket, ada: User, grace, linus) -> None:
    actions.add_note(ticket=ticket, text="Ada owes us a secret sum.", by=cast.principal(grace), at=TUESDAY)

    shown = at_desk(linus).client.get(page_of(ada)).content.decode()

    assert "In a ticket that you do not see" in shown
    assert "secret sum" not in shown
    assert ticket.number not in shown


@pytest.mark.parametrize("row", ["entry:x", "user:1", "entry:999999", "", "entry:99999999999999999999"])
def test_rows_that_are_none_are_passed_over(desk: AtDesk, ada: User, row: str) -> None:
    assert desk.client.post(page_of(ada, "person-redact"), {"row": row}).status_code == 302
    assert not AuditEvent.objects.filter(kind=AuditKind.REDACTED).exists()


def test_anonymised_people_are_in_no_directory_and_have_no_buttons(desk: AtDesk, ticket, ada: User) -> None:
    desk.client.post(page_of(ada, "person-anonymise"))

    ada.refresh_from_db()
    assert ada.anonymised_at is not None
    assert ada not in [row["person"] for row in desk.client.get("/desk/people/").context["rows"]]
    shown = desk.client.get(page_of(ada, "person")).content.decode()
    assert page_of(ada, "person-edit") not in shown
    assert desk.look(ticket).status_code == 200


def test_tickets_are_handed_to_who_has_the_address(desk: AtDesk, ticket, ada: User) -> None:
    new = cast.make_person("new@example.org", "New")

    assert desk.client.post(page_of(ada, "person-hand-over"), {"email": "nobody@example.org"}).status_code == 422
    desk.client.post(page_of(ada, "person-hand-over"), {"email": "NEW@example.org"})

    ticket.refresh_from_db()
    assert ticket.requester == new


def test_deleting_leads_back_to_the_directory(desk: AtDesk, ticket, ada: User) -> None:
    answer = desk.client.post(page_of(ada, "person-erase"))

    assert answer.url == "/desk/people/"
    assert not User.objects.filter(pk=ada.pk).exists()
