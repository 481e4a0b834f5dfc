"""An address that somebody put down leads nobody into what is not theirs: not by a promotion, not by an old link."""

import pytest
from django.urls import reverse

from accounts import addresses
from accounts.models import Address, AuditEvent, User
from accounts.people import AddressTaken, enrol
from tests import cast
from tests.cast import MONDAY


@pytest.fixture
def mallory(db) -> User:
    """Has an account, and an unconfirmed address of somebody else that an agent put down."""
    mallory = cast.make_person("mallory@example.org", "Mallory")
    Address.objects.create(email="boss@example.com", user=mallory)
    return mallory


def confirm_url(address: Address) -> str:
    return reverse("confirm_address", args=[addresses.token_for(address)])


def test_a_claimed_address_makes_nobody_an_administrator(mallory):
    with pytest.raises(AddressTaken):
        enrol("boss@example.com", name="The boss", at=MONDAY, is_administrator=True)

    mallory.refresh_from_db()
    assert not mallory.is_administrator


def test_a_claimed_address_makes_nobody_an_agent_in_the_administration(mallory, admin_user, sign_in):
    form = {"name": "The boss", "sign_in_address": "boss@example.com", "is_agent": "on", "is_active": "on"}

    page = sign_in(admin_user).post("/admin/accounts/agent/add/", form).content.decode()

    assert "noted this address and never confirmed it" in page
    mallory.refresh_from_db()
    assert not mallory.is_agent


def test_who_becomes_an_agent_signs_in_by_the_address_that_was_vouched_for_alone(ada_confirmed):
    Address.objects.create(email="second@example.org", user=ada_confirmed, verified_at=MONDAY)

    enrol("ada@example.org", name="Ada", at=MONDAY, is_agent=True)

    assert [each.email for each in ada_confirmed.addresses.filter(verified_at__isnull=False)] == ["ada@example.org"]


def test_a_link_from_before_somebody_worked_here_confirms_nothing(ada, client):
    later = Address.objects.create(email="mallory@example.org", user=ada)
    url = confirm_url(later)
    User.objects.filter(pk=ada.pk).update(is_agent=True)

    assert client.post(url).status_code == 404

    later.refresh_from_db()
    assert not later.is_verified


def test_an_address_of_an_account_is_confirmed_by_its_owner_alone(ada_confirmed, grace, client, sign_in):
    put_down = Address.objects.create(email="private@example.org", user=ada_confirmed)
    url = confirm_url(put_down)

    assert client.post(url).url.startswith("/accounts/login/")
    assert sign_in(grace).post(url).status_code == 404
    put_down.refresh_from_db()
    assert not put_down.is_verified

    assert sign_in(ada_confirmed).post(url).status_code == 200
    put_down.refresh_from_db()
    assert put_down.is_verified
    assert AuditEvent.objects.filter(target_model="accounts.address", target_id=put_down.pk, by=ada_confirmed).exists()


def test_links_of_whoever_works_here_are_not_revoked_from_the_desk(grace, admin_user, sign_in):
    boss = Address.objects.get(email="root@example.com")

    sign_in(grace).post(reverse("desk:person-revoke", args=[admin_user.pk]))

    boss.refresh_from_db()
    assert boss.link_epoch == 0
