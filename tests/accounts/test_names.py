"""Who gave no name is known by what stands before the @, and is still asked for a name when they get an account."""

from importlib import import_module

import pytest
from django.apps import apps
from django.utils.timezone import now

from accounts import invitations, joining
from accounts.models import Address, User
from accounts.people import address_of, gave_a_name, name_in
from tests import cast
from tests.cast import MONDAY

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("email", "name", "known_as"),
    [
        ("Ada.Lovelace@Example.org", "", "ada.lovelace"),
        ("ada@example.org", "  ", "ada"),
        ("ada@example.org", "Ada L.", "Ada L."),
        ('"a@b"@example.org', "", '"a@b"'),
    ],
)
def test_nobody_is_stored_without_a_name(email: str, name: str, known_as: str) -> None:
    person = address_of(email, name=name).user

    assert person.name == known_as
    assert gave_a_name(person) == bool(name.strip())


def test_a_later_mail_renames_nobody() -> None:
    address_of("ada@example.org")

    assert address_of("ada@example.org", name="Eve").user.name == "ada"


def test_who_reads_an_address_that_another_claimed_is_known_by_it() -> None:
    eve = cast.make_person("eve@example.org", "Eve")
    Address.objects.update(verified_at=MONDAY)
    Address.objects.create(email="ada@example.org", user=eve)

    assert joining.shown_to_read("ada@example.org", at=MONDAY).user.name == "ada"


def test_an_invitation_asks_for_the_name_of_who_gave_none(client, grace: User) -> None:
    invited = {email: invitations.invite(address_of(email, name=name), by=grace, at=now()) for email, name in NAMED}

    asked = {email: client.get(page_of(one)).context["form"].fields for email, one in invited.items()}

    assert "name" in asked["ada@example.org"]
    assert "name" not in asked["bob@example.org"]
    client.post(page_of(invited["ada@example.org"]), {"name": "Ada Lovelace", "password": cast.PASSWORD})
    assert User.objects.get(addresses__email="ada@example.org").name == "Ada Lovelace"


NAMED = (("ada@example.org", ""), ("bob@example.org", "Bob"))


def page_of(invitation: invitations.Invitation) -> str:
    return f"/accounts/invitation/{invitations.token_for(invitation)}/"


def test_people_of_before_are_named_in_batches_and_nobody_else_is_renamed(monkeypatch) -> None:
    migration = import_module("accounts.migrations.0018_named_by_address")
    monkeypatch.setattr(migration, "BATCH", 2)
    nameless = [cast.make_person(f"person.{number}@example.org", "") for number in range(5)]
    # As they were stored before.
    User.objects.update(name="")
    agent = User.objects.create(name="", is_agent=True, handle="agent")
    named = cast.make_person("named@example.org", "Named")
    anonymised = User.objects.create(name="", anonymised_at=MONDAY, handle="x")

    for _again in range(2):
        migration.name_by_address(apps, None)

    assert [User.objects.get(pk=one.pk).name for one in nameless] == [f"person.{number}" for number in range(5)]
    assert [User.objects.get(pk=one.pk).name for one in (agent, named, anonymised)] == ["", "Named", ""]


def test_an_address_without_local_part_gives_no_name() -> None:
    assert name_in("nobody") == ""
