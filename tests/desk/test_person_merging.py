"""The pages on which agents merge two people."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import contacts
from accounts.models import User
from tests import cast
from tests.cast import MONDAY
from tests.desk.conftest import AtDesk, toasts

PAGE_BUDGET = 45


@pytest.fixture
def pia(db: None) -> User:
    return cast.make_person("pia@home.example", "Pia")


def find(person: User) -> str:
    return reverse("desk:person-merge", args=[person.pk])


def page(stays: User, goes: User) -> str:
    return reverse("desk:person-merge-with", args=[stays.pk, goes.pk])


def test_from_the_person_s_page_one_says_who_the_other_is(desk: AtDesk, ada: User, pia: User) -> None:
    assert f'href="{find(ada)}"' in desk.client.get(reverse("desk:person", args=[ada.pk])).content.decode()

    answer = desk.client.post(find(ada), {"email": "PIA@home.example "})

    assert answer.url == page(ada, pia)


@pytest.mark.parametrize(
    ("email", "says"),
    [
        ("", "required"),
        ("nobody@example.org", "Nobody has this address."),
        ("ada@example.org", "Write one of the other person"),
    ],
)
def test_what_leads_to_nobody_else_is_said_at_the_field(desk: AtDesk, ada: User, email: str, says: str) -> None:
    answer = desk.client.post(find(ada), {"email": email})

    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_it_says_beforehand_how_much_goes_over_either_way(desk: AtDesk, ticket, ada: User, pia: User, grace) -> None:
    contacts.add_note(ada, "Kind.", by=grace, at=MONDAY)

    keeps_ada, keeps_pia = desk.client.get(page(ada, pia)).context["ways"]

    assert (keeps_pia["share"].tickets, keeps_pia["share"].notes, keeps_pia["addresses"]) == (1, 1, ["ada@example.org"])
    assert (keeps_ada["share"].tickets, keeps_ada["share"].has_account) == (0, True)
    assert (keeps_ada["url"], keeps_pia["url"]) == (page(ada, pia), page(pia, ada))


def test_the_button_merges_and_leads_to_who_stays(desk: AtDesk, ticket, ada: User, pia: User) -> None:
    answer = desk.client.post(page(pia, ada))

    assert answer.url == reverse("desk:person", args=[pia.pk])
    assert toasts(answer) == ["Ada and Pia are one person now"]
    ticket.refresh_from_db()
    assert ticket.requester == pia
    assert not User.objects.filter(pk=ada.pk).exists()


def test_why_it_cannot_be_is_said_instead_of_a_button(desk: AtDesk, ada: User, pia: User) -> None:
    User.objects.filter(pk=pia.pk).update(is_active=False)

    shown = desk.client.get(page(ada, pia)).content.decode()

    assert "Pia is locked" in shown
    assert "Merge and keep" not in shown
    assert "Pia is locked" in toasts(desk.client.post(page(ada, pia)))[0]


@pytest.mark.parametrize("works", ["grace", "admin_user"])
def test_who_works_here_is_offered_no_way(desk: AtDesk, ada: User, works: str, request) -> None:
    other = request.getfixturevalue(works)

    assert desk.client.get(page(ada, other)).status_code == 403
    assert desk.client.post(page(ada, other)).status_code == 403
    assert User.objects.filter(pk__in=[ada.pk, other.pk]).count() == 2


def test_it_costs_as_many_queries_however_much_there_is(desk: AtDesk, ada: User, pia: User, topic) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert desk.client.get(page(ada, pia)).status_code == 200
        return len(asked)

    desk.client.get(page(ada, pia))
    few = queries()
    for _n in range(5):
        cast.make_ticket(ada, topic)

    assert queries() == few <= PAGE_BUDGET
