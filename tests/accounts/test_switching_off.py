"""Whoever is switched off is signed out at once and for good, whichever door it was done by."""

from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import User
from tests import cast
from tests.admin.test_audit import form_of
from tickets import actions
from tickets.models import Way

pytestmark = pytest.mark.django_db

SESSIONS = "/accounts/sessions/"


def by_the_page_of_requesters(person: User, root: Client, grace: User) -> None:
    url = reverse("admin:accounts_user_change", args=[person.pk])
    root.post(url, form_of(root, url, is_active=None))


def by_the_page_of_agents(person: User, root: Client, grace: User) -> None:
    url = reverse("admin:accounts_agent_change", args=[person.pk])
    root.post(url, form_of(root, url, is_active=None))


def by_the_list_of_agents(person: User, root: Client, grace: User) -> None:
    root.post("/admin/accounts/agent/", {"action": "disable", "_selected_action": [person.pk]})


def by_an_agent(person: User, root: Client, grace: User) -> None:
    client = Client()
    client.force_login(grace)
    client.post(reverse("desk:person-lock", args=[person.pk]))


def by_anonymising(person: User, root: Client, grace: User) -> None:
    actions.erase(person=person, way=Way.ANONYMISE, by=cast.principal(grace), at=now())


def by_deleting(person: User, root: Client, grace: User) -> None:
    actions.erase(person=person, way=Way.DELETE, by=cast.principal(grace), at=now())


DOORS: dict[str, Callable[[User, Client, User], None]] = {
    door.__name__: door
    for door in (
        *(by_the_page_of_requesters, by_the_page_of_agents, by_the_list_of_agents),
        *(by_an_agent, by_anonymising, by_deleting),
    )
}


@pytest.mark.parametrize("door", list(DOORS))
def test_sessions_end_and_do_not_come_back(
    door: str, sign_in, admin_user: User, grace: User, ken, ada_confirmed
) -> None:
    person = ken if "agents" in door else ada_confirmed
    here, there, other = sign_in(person), sign_in(person), sign_in(grace)
    for client in (here, there, other):
        assert client.get(SESSIONS).status_code == 200

    DOORS[door](person, sign_in(admin_user), grace)

    person.refresh_from_db()
    assert not person.is_active
    assert not UserSession.objects.filter(user=person).exists()
    kept = {row.get_decoded().get("_auth_user_id") for row in Session.objects.all()}
    assert str(person.pk) not in kept
    User.objects.filter(pk=person.pk).update(is_active=True)
    assert [client.get(SESSIONS).status_code for client in (here, there, other)] == [302, 302, 200]


def test_saving_a_page_without_switching_anything_ends_nothing(sign_in, admin_user: User, ken: User) -> None:
    client, root = sign_in(ken), sign_in(admin_user)
    client.get(SESSIONS)
    url = reverse("admin:accounts_agent_change", args=[ken.pk])

    root.post(url, form_of(root, url, name="Kenneth"))

    ken.refresh_from_db()
    assert ken.name == "Kenneth"
    assert client.get(SESSIONS).status_code == 200
