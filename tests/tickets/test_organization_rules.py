"""What an organisation wants done with each new ticket of its people."""

import pytest

from accounts.models import Members, Organization, User
from tests import cast
from tests.cast import MONDAY
from tickets.models import Cause, Department, Kind, Ticket
from tickets.models.people import Part


@pytest.fixture
def company(ada: User) -> Organization:
    """Ada's; Bea is its primary contact, Cleo just works there."""
    company = Organization.objects.create(name="Company")
    ada.organization = company
    ada.save()
    cast.make_person("bea@example.net", "Bea", organization=company, is_primary_contact=True)
    cast.make_person("cleo@example.net", "Cleo", organization=company)
    return company


def collaborators(ticket: Ticket) -> set[str]:
    return set(ticket.participants.filter(role=Part.COLLABORATOR).values_list("user__name", flat=True))


@pytest.mark.parametrize(
    ("which", "names"), [(Members.NOBODY, set()), (Members.PRIMARY, {"Bea"}), (Members.ALL, {"Bea", "Cleo"})]
)
def test_who_takes_part_in_new_tickets(company: Organization, ada: User, topic, which: str, names: set[str]) -> None:
    Organization.objects.update(collaborators=which)

    ticket = cast.make_ticket(User.objects.get(pk=ada.pk), topic)

    assert collaborators(ticket) == names
    assert ticket.events.filter(kind=Kind.COLLABORATOR_ADDED, cause=Cause.ORGANIZATION).exists() == bool(names)


@pytest.mark.parametrize("spoil", ["locked", "anonymised", "elsewhere"])
def test_who_is_gone_takes_no_part(company: Organization, ada: User, topic, spoil: str) -> None:
    Organization.objects.update(collaborators=Members.PRIMARY)
    changes = {
        "locked": {"is_active": False},
        "anonymised": {"anonymised_at": MONDAY},
        "elsewhere": {"organization": Organization.objects.create(name="Other")},
    }
    User.objects.filter(name="Bea").update(**changes[spoil])

    assert collaborators(cast.make_ticket(User.objects.get(pk=ada.pk), topic)) == set()


def test_the_account_manager_gets_new_tickets_with_the_reason(company, ada: User, topic, grace: User) -> None:
    Organization.objects.filter(pk=company.pk).update(manager=grace, assigns_to_manager=True)

    ticket = Ticket.objects.get(pk=cast.make_ticket(User.objects.get(pk=ada.pk), topic).pk)

    assert (ticket.status, ticket.assignee) == ("assigned", grace)
    event = ticket.events.get(kind=Kind.ASSIGNED)
    assert (event.cause, event.data["to"]) == (Cause.ORGANIZATION, f"user:{grace.pk}")


def test_so_does_the_account_team(company, ada: User, topic, accountants) -> None:
    Organization.objects.filter(pk=company.pk).update(manager_team=accountants, assigns_to_manager=True)

    ticket = Ticket.objects.get(pk=cast.make_ticket(User.objects.get(pk=ada.pk), topic).pk)

    assert (ticket.status, ticket.team) == ("assigned", accountants)


@pytest.mark.parametrize("spoil", ["off", "elsewhere", "vacation", "inactive", "archived"])
def test_a_manager_who_cannot_have_it_is_passed_over(
    company, ada: User, topic, grace: User, linus: User, spoil: str, elsewhere: Department
) -> None:
    manager = linus if spoil == "elsewhere" else grace
    Organization.objects.filter(pk=company.pk).update(
        manager=manager, assigns_to_manager=spoil != "off", archived_at=MONDAY if spoil == "archived" else None
    )
    User.objects.filter(pk=grace.pk).update(on_vacation=spoil == "vacation", is_active=spoil != "inactive")

    ticket = Ticket.objects.get(pk=cast.make_ticket(User.objects.get(pk=ada.pk), topic).pk)

    assert (ticket.status, ticket.assignee) == ("open", None)
