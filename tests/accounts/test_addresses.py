"""Several addresses of one person: claimed, confirmed one by one, taken over by nobody."""

from threading import Barrier, Thread

import pytest
from django.db import connection
from django.urls import reverse

from accounts import addresses
from accounts.addresses import AddressStays
from accounts.models import Address, Organization, OrganizationDomain
from accounts.people import AddressTaken, confirm
from tests import cast
from tests.cast import MONDAY


def link(address: Address) -> str:
    return reverse("confirm_address", args=[addresses.token_for(address)])


def test_looking_at_the_link_confirms_nothing_and_pressing_does(client, ada):
    address = addresses.claim(ada, "second@example.net")

    client.get(link(address))
    address.refresh_from_db()
    assert address.verified_at is None
    client.post(link(address))

    address.refresh_from_db()
    assert address.verified_at is not None
    assert not ada.addresses.get(is_primary=True).is_verified


@pytest.mark.parametrize("spoil", ["forged", "moved", "gone", "locked", "old"])
def test_a_link_is_good_for_its_own_address_and_person(client, ada, ken, spoil, monkeypatch):
    address = addresses.claim(ada, "second@example.net")
    url = link(address)
    match spoil:
        case "forged":
            url = url[:-3] + "xx/"
        case "moved":
            Address.objects.filter(pk=address.pk).update(user=ken)
        case "gone":
            address.delete()
        case "locked":
            ada.is_active = False
            ada.save()
        case "old":
            monkeypatch.setattr("accounts.addresses.LASTS", -addresses.LASTS)

    assert client.post(url).status_code == 404
    assert not Address.objects.filter(email="second@example.net", verified_at__isnull=False).exists()


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_address_of_somebody_is_claimed_by_nobody_else(ada, confirmed):
    eve = cast.make_person("eve@example.net", "Eve", confirmed=False)
    if confirmed:
        confirm(ada.addresses.get(), at=MONDAY)

    with pytest.raises(AddressTaken) as refused:
        addresses.claim(eve, "ADA@example.org ")

    assert "Ada" not in str(refused.value)
    assert ada.addresses.get().user == ada


@pytest.mark.django_db(transaction=True)
def test_of_two_who_claim_an_address_at_once_one_is_told():
    people = [cast.make_person(f"p{n}@example.net", f"P{n}", confirmed=False) for n in range(2)]
    start, told = Barrier(2), []

    def claim(person):
        start.wait(10)
        try:
            addresses.claim(person, "both@example.net")
        except AddressTaken as refused:
            told.append(str(refused))
        finally:
            connection.close()

    threads = [Thread(target=claim, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert told == ["This address belongs to somebody else."]
    assert Address.objects.filter(email="both@example.net").count() == 1


def test_an_unconfirmed_address_does_not_take_the_place_of_a_confirmed_one(ada_confirmed, ken):
    typed = addresses.claim(ada_confirmed, "typed@example.net")

    with pytest.raises(AddressStays):
        addresses.make_primary(typed, by=ken, at=MONDAY)

    ada_confirmed.refresh_from_db()
    assert ada_confirmed.email == "ada@example.org"


def test_the_mail_repeats_nothing_that_was_typed(ada, ken, settings, mailoutbox):
    ada.name = "BUY CHEAP PILLS"
    ada.save()

    addresses.add(ada, "victim@example.net", by=ken, at=MONDAY)

    (mail,) = mailoutbox
    assert mail.to == ["victim@example.net"]
    assert "PILLS" not in mail.body + mail.subject + mail.alternatives[0][0]


def test_nobody_has_addresses_without_end(ada, ken, monkeypatch):
    monkeypatch.setattr(addresses, "MOST_ADDRESSES", 2)
    addresses.add(ada, "two@example.net", by=ken, at=MONDAY)

    with pytest.raises(AddressStays):
        addresses.add(ada, "three@example.net", by=ken, at=MONDAY)


# --- Joining an organisation -----------------------------------------------------------------------


@pytest.fixture
def company(db) -> Organization:
    company = Organization.objects.create(name="Company")
    OrganizationDomain.objects.create(domain="company.example", organization=company)
    return company


def test_a_forged_domain_lets_nobody_in_until_the_address_is_confirmed(company):
    person = cast.make_person("eve@company.example", "Eve", confirmed=False)
    person.refresh_from_db()
    assert person.organization is None

    confirm(person.addresses.get(), at=MONDAY)

    person.refresh_from_db()
    assert person.organization == company


@pytest.mark.parametrize("email", ["eve@not-company.example", "eve@sub.company.example", "eve@company.example.net"])
def test_a_domain_that_is_only_like_it_lets_nobody_in(company, email):
    person = cast.make_person(email, "Eve", confirmed=False)

    confirm(person.addresses.get(), at=MONDAY)

    person.refresh_from_db()
    assert person.organization is None


def test_who_belongs_to_another_organisation_stays_there(company):
    other = Organization.objects.create(name="Other")
    person = cast.make_person("eve@company.example", "Eve", confirmed=False, organization=other)

    confirm(person.addresses.get(), at=MONDAY)

    person.refresh_from_db()
    assert person.organization == other


def test_an_archived_organisation_lets_nobody_in(company):
    company.archived_at = MONDAY
    company.save()
    person = cast.make_person("eve@company.example", "Eve", confirmed=False)

    confirm(person.addresses.get(), at=MONDAY)

    person.refresh_from_db()
    assert person.organization is None
