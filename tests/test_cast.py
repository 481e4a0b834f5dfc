"""The cast itself: stock rows are there for every test, whatever the test before it did."""

import pytest

from accounts.models import Role, User
from core.models import SiteSettings
from sla.models import Priority, SLAPlan
from tests.cast import ALL_ACCESS, MONDAY
from tickets.models import Department, HelpTopic, Status, Ticket


def stock() -> dict[str, int]:
    models = (SiteSettings, Role, Priority, SLAPlan, Department, HelpTopic)
    return {model.__name__: model.objects.count() for model in models}


STOCK = {"SiteSettings": 1, "Role": 4, "Priority": 4, "SLAPlan": 1, "Department": 1, "HelpTopic": 1}


@pytest.mark.django_db
def test_the_stock_rows_are_there():
    assert stock() == STOCK


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_they_survive_a_test_with_real_transactions(turn):
    found = stock()

    Department.objects.create(name=turn)
    SLAPlan.objects.all().delete()

    assert found == STOCK
    assert not User.objects.exists()


def test_they_are_there_for_a_test_that_only_asks_for_real_transactions(transactional_db):
    assert stock() == STOCK


def test_the_ticket_is_open_in_billing_and_nobodys(ticket, billing, ada, grace, linus):
    assert (ticket.status, ticket.department, ticket.held_by) == (Status.OPEN, billing, None)
    assert (ticket.requester, ticket.opened_at) == (ada, MONDAY)
    assert grace.department_access.get().role.name == ALL_ACCESS
    assert not ada.email
    assert Ticket.objects.count() == 1


def test_confirmed_ada_is_the_same_person(ada, ada_confirmed):
    assert ada_confirmed.pk == ada.pk
    assert ada_confirmed.email == "ada@example.org"
