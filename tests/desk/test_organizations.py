"""Organisations at the desk: added, changed, archived, deleted while nothing names them."""

import pytest
from django.urls import reverse

from accounts import organizations
from accounts.models import AuditEvent, AuditKind, Organization, User
from tests import cast
from tests.cast import MONDAY
from tests.desk.conftest import AtDesk


def url(name: str, organization: Organization, *more: object) -> str:
    return reverse(f"desk:{name}", args=[organization.pk, *more])


def form(**given: object) -> dict[str, object]:
    return {"name": "Company", "domains": "", "sharing": "nobody", "collaborators": "nobody", **given}


@pytest.fixture
def company(db: None) -> Organization:
    return Organization.objects.create(name="Company")


def test_an_organisation_is_added_with_its_domains_and_manager(desk: AtDesk, ken: User) -> None:
    given = form(domains="Company.example\nmüller.de", account_manager=f"user:{ken.pk}", assigns_to_manager="on")

    answer = desk.client.post("/desk/organizations/add/", given)

    company = Organization.objects.get()
    assert answer.url == url("organization", company)
    assert (company.manager, company.assigns_to_manager) == (ken, True)
    assert set(company.domains.values_list("domain", flat=True)) == {"company.example", "xn--mller-kva.de"}
    assert AuditEvent.objects.get(kind=AuditKind.CREATED).changes["manager"] == [None, ken.pk]


@pytest.mark.parametrize("domains", ["gmail.com", "com", "co.uk", "good.example gmail.com"])
def test_a_domain_of_everybody_saves_nothing(desk: AtDesk, domains: str) -> None:
    assert desk.client.post("/desk/organizations/add/", form(domains=domains)).status_code == 422
    assert not Organization.objects.exists()


def test_a_domain_belongs_to_one_organisation(desk: AtDesk, company: Organization) -> None:
    company.domains.create(domain="company.example")

    answer = desk.client.post("/desk/organizations/add/", form(name="Thief", domains="COMPANY.example"))

    assert answer.status_code == 422
    assert "Company has the domain company.example" in answer.content.decode()
    assert Organization.objects.count() == 1


def test_of_two_who_take_a_domain_at_once_the_second_saves_nothing(company: Organization, ken: User) -> None:
    fields = {name: getattr(company, name) for name in organizations.FIELDS}
    company.domains.create(domain="company.example")

    with pytest.raises(organizations.DomainTaken):
        organizations.save(None, fields | {"name": "Second"}, ["company.example"], by=ken, at=MONDAY)

    assert list(Organization.objects.all()) == [company]


def test_a_new_domain_lets_in_who_has_a_confirmed_address_there(desk: AtDesk, company: Organization) -> None:
    inside = cast.make_person("in@company.example", "In")
    typed = cast.make_person("typed@company.example", "Typed", confirmed=False)
    near = cast.make_person("near@notcompany.example", "Near")

    desk.client.post(url("organization-edit", company), form(domains="company.example"))

    found = User.objects.filter(organization=company)
    assert list(found) == [inside]
    assert {typed, near}.isdisjoint(found)


def test_the_page_shows_members_and_the_tickets_that_the_agent_sees(
    desk: AtDesk, at_desk, company: Organization, ada: User, topic, linus: User
) -> None:
    ada.organization = company
    ada.save()
    ticket = cast.make_ticket(ada, topic)

    mine, theirs = (one.client.get(url("organization", company)) for one in (desk, at_desk(linus)))

    assert [row["person"] for row in mine.context["members"]["rows"]] == [ada]
    assert [row["ticket"] for row in mine.context["tickets"]["rows"]] == [ticket]
    assert ticket.number not in theirs.content.decode()


def test_what_tickets_name_is_archived_and_not_deleted(desk: AtDesk, company: Organization, ada: User, topic) -> None:
    ada.organization = company
    ada.save()
    cast.make_ticket(ada, topic)

    desk.client.post(url("organization-delete", company))
    desk.client.post(url("organization-archive", company))

    company.refresh_from_db()
    assert company.archived_at is not None
    assert company not in desk.client.get("/desk/organizations/").context["rows"]
    assert company in desk.client.get("/desk/organizations/?archived=yes").context["rows"]
    desk.client.post(url("organization-restore", company))
    company.refresh_from_db()
    assert company.archived_at is None


def test_what_nothing_names_is_deleted_and_its_people_stay(desk: AtDesk, company: Organization, ada: User) -> None:
    ada.organization, ada.is_primary_contact = company, True
    ada.save()
    pk = company.pk

    desk.client.post(url("organization-delete", company))

    ada.refresh_from_db()
    assert (ada.organization, ada.is_primary_contact) == (None, False)
    assert AuditEvent.objects.get(kind=AuditKind.DELETED).target_id == pk


def test_an_organisation_is_found_once_by_any_of_its_domains(desk: AtDesk, company: Organization) -> None:
    company.domains.create(domain="company.example")
    company.domains.create(domain="company.test")

    answer = desk.client.get("/desk/organizations/", {"q": "company"})

    assert answer.context["rows"] == [company]
