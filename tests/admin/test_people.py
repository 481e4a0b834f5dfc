"""Agents, administrators, requesters and their addresses."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import signing
from django.db import connection, connections
from django.urls import reverse

from accounts.models import Address, Role, User
from accounts.people import address_of
from mail.models import OutgoingMail, Template
from tests import cast
from tests.cast import ALL_ACCESS, LIMITED, MONDAY, PASSWORD
from tickets import actions
from tickets.links import LinkInvalid, read, token_for
from tickets.models import Participant

ADD = "/admin/accounts/agent/add/"
LIST = "/admin/accounts/agent/"


def change(person: User) -> str:
    return reverse("admin:accounts_agent_change", args=[person.pk])


def data(**fields: object) -> dict[str, object]:
    return {
        "name": "Nadia Rahman",
        "sign_in_address": "nadia@example.com",
        "new_password": "",
        "time_zone": "",
        "is_agent": "on",
        "is_active": "on",
        "department_access-TOTAL_FORMS": "0",
        "department_access-INITIAL_FORMS": "0",
        "addresses-TOTAL_FORMS": "0",
        "addresses-INITIAL_FORMS": "0",
    } | fields


@pytest.fixture
def outbox(settings):
    """The outbox as in production: Django's test runner replaces it."""
    settings.EMAIL_BACKEND = "mail.backend.OutboxBackend"
    settings.MAIL_URL = "smtp://127.0.0.1:9"


def act(client, action: str, *people: User, where: str = LIST):
    return client.post(where, {"action": action, "_selected_action": [one.pk for one in people]}, follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


# --- Making agents -------------------------------------------------------------------------------


def test_a_new_agent_signs_in_with_the_address_and_works_in_the_department(root, client, billing):
    team = cast.make_team("Accountants")
    access = {
        "department_access-TOTAL_FORMS": "1",
        "department_access-0-department": billing.pk,
        "department_access-0-role": Role.objects.get(name=LIMITED).pk,
        "department_access-0-alerts": "on",
    }

    response = root.post(ADD, data(new_password=PASSWORD, teams=[team.pk], **access))

    assert response.status_code == 302
    nadia = User.objects.get(name="Nadia Rahman")
    assert nadia.addresses.get().is_verified
    assert nadia.department_access.get().role.name == LIMITED
    assert list(nadia.teams.all()) == [team]
    signed_in = client.post("/accounts/login/", {"login": "Nadia@Example.com", "password": PASSWORD})
    assert signed_in["Location"] == "/desk/"


def test_without_a_password_a_link_to_set_one_is_mailed(root, outbox):
    root.post(ADD, data())

    mail = OutgoingMail.objects.get()
    assert (mail.recipient, mail.template) == ("nadia@example.com", Template.ACCOUNT)
    assert not User.objects.get(name="Nadia Rahman").has_usable_password()


def test_who_asked_for_help_before_becomes_the_agent(root, ticket, ada, billing):
    access = {
        "department_access-TOTAL_FORMS": "1",
        "department_access-0-department": billing.pk,
        "department_access-0-role": Role.objects.get(name=LIMITED).pk,
        "department_access-0-is_primary": "on",
    }

    root.post(ADD, data(name="Ada", sign_in_address="ada@example.org", new_password=PASSWORD, **access))

    ada.refresh_from_db()
    assert ada.department_access.get().is_primary
    assert ada.is_agent
    assert ada.email == "ada@example.org"
    assert ticket.requester == ada
    assert User.objects.filter(name="Ada").count() == 1


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"sign_in_address": "grace@example.com"}, "Grace has this address."),
        ({"sign_in_address": "nonsense"}, "valid email"),
        ({"new_password": "short"}, "too short"),
        ({"is_agent": ""}, "Choose what this person is"),
        ({"name": "x" * 200}, "at most 120"),
        ({"name": " "}, "This field is required."),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_made(root, grace, fields, why):
    before = User.objects.count(), Address.objects.count()

    response = root.post(ADD, data(**fields))

    assert why in response.content.decode()
    assert (User.objects.count(), Address.objects.count()) == before


def test_a_field_that_is_not_offered_is_not_set(root):
    root.post(ADD, data(new_password=PASSWORD, is_demo="on", handle="mine", email="other@example.com"))

    nadia = User.objects.get(name="Nadia Rahman")
    assert (nadia.is_demo, nadia.email) == (False, "nadia@example.com")
    assert nadia.handle != "mine"


# --- Changing them -------------------------------------------------------------------------------


def test_a_new_address_takes_over_and_the_old_one_still_leads_there(root, grace):
    root.post(change(grace), data(name="Grace", sign_in_address="grace.hopper@example.com"))

    grace.refresh_from_db()
    assert grace.email == "grace.hopper@example.com"
    assert set(grace.addresses.values_list("email", "is_primary")) == {
        ("grace@example.com", False),
        ("grace.hopper@example.com", True),
    }


def test_nobody_gets_the_address_of_somebody_else(root, grace, ada):
    response = root.post(change(grace), data(name="Grace", sign_in_address="ada@example.org"))

    assert "Ada has this address." in response.content.decode()
    assert Address.objects.get(email="ada@example.org").user == ada


@pytest.mark.django_db(transaction=True)
def test_who_gets_the_address_while_it_is_being_saved_is_told_by_the_field(root, grace):
    """Between looking who has it and saving, somebody opens a ticket with it."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one transaction write at a time, from its beginning: nobody comes between.")
    came = []

    def come_between(execute, sql, params, many, context):
        if sql.startswith('UPDATE "accounts_user"') and not came:
            came.append(True)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(guest).result()
        return execute(sql, params, many, context)

    def guest():
        try:
            address_of("new@example.com", name="Bob")
        finally:
            connections.close_all()

    with connection.execute_wrapper(come_between):
        answer = root.post(change(grace), data(name="Grace H", sign_in_address="new@example.com"))

    assert came
    assert "Bob has this address." in answer.text
    grace.refresh_from_db()
    assert (grace.name, grace.email) == ("Grace", "grace@example.com")


def test_an_empty_password_field_keeps_the_password(root, grace):
    root.post(change(grace), data(name="Grace H", sign_in_address="grace@example.com"))

    grace.refresh_from_db()
    assert grace.name == "Grace H"
    assert grace.check_password(PASSWORD)


def test_the_last_administrator_stays_one(root, admin_user):
    mine = {"name": "Rosa Root", "sign_in_address": "root@example.com"}

    demoted = root.post(change(admin_user), data(**mine, is_administrator=""))
    switched_off = root.post(change(admin_user), data(**mine, is_administrator="on", is_active=""))

    for response in (demoted, switched_off):
        assert "This is the last administrator." in response.content.decode()
    admin_user.refresh_from_db()
    assert admin_user.is_staff
    assert root.post(reverse("admin:accounts_agent_delete", args=[admin_user.pk]), {"post": "yes"}).status_code == 403


def test_with_a_second_one_the_first_may_go(root, admin_user):
    cast.make_person("second@example.com", "Second", is_administrator=True)

    root.post(change(admin_user), data(name="Rosa Root", sign_in_address="root@example.com", is_administrator=""))

    admin_user.refresh_from_db()
    assert not admin_user.is_administrator


def test_an_administrator_who_is_switched_off_counts_for_nothing(root, admin_user):
    cast.make_person("second@example.com", "Second", is_administrator=True, is_active=False)

    root.post(change(admin_user), data(name="Rosa Root", sign_in_address="root@example.com", is_administrator=""))

    admin_user.refresh_from_db()
    assert admin_user.is_administrator


# --- Actions -------------------------------------------------------------------------------------


def test_removing_a_password_signs_out(root, sign_in, grace):
    client = sign_in(grace)
    assert client.get("/accounts/password/change/").status_code == 200

    act(root, "remove_password", grace)

    grace.refresh_from_db()
    assert not grace.has_usable_password()
    assert client.get("/accounts/password/change/")["Location"].startswith("/accounts/login/")


def test_nobody_removes_their_own_password(root, admin_user):
    response = act(root, "remove_password", admin_user)

    admin_user.refresh_from_db()
    assert admin_user.has_usable_password()
    assert "lock yourself out" in said(response)


def test_a_link_to_set_a_password_goes_to_those_who_may_sign_in(root, grace, outbox):
    gone = cast.make_agent("Gone", is_active=False)

    response = act(root, "mail_password_link", grace, gone)

    assert [mail.recipient for mail in OutgoingMail.objects.all()] == ["grace@example.com"]
    assert "A link to set the password goes to 1 person." in said(response)


@pytest.mark.parametrize("where", ["/admin/accounts/user/", "/admin/accounts/address/"])
def test_revoking_makes_every_link_invalid(root, ticket, ada, where):
    token = token_for(Participant.objects.get(ticket=ticket))
    row = ada if "user" in where else cast.address_for(ada)
    read(token)

    act(root, "revoke_links", row, where=where)

    with pytest.raises(LinkInvalid):
        read(token)
    assert signing.loads(token, salt="tickets.links")[0] == ticket.pk


# --- Requesters ----------------------------------------------------------------------------------


def test_requesters_and_agents_stand_apart(root, ada, grace):
    requesters = root.get("/admin/accounts/user/").content.decode()
    agents = root.get(LIST).content.decode()

    assert ("Ada" in requesters, "Grace" in requesters) == (True, False)
    assert ("Ada" in agents, "Grace" in agents) == (False, True)


def test_an_agent_is_not_reached_through_the_page_of_requesters(root, grace):
    assert root.get(reverse("admin:accounts_user_change", args=[grace.pk])).status_code == 302


def test_a_requester_is_found_by_address(root, ada):
    cast.make_person("bob@example.org", "Bob")

    found = root.get("/admin/accounts/user/?q=ada@example.org").content.decode()

    assert "Ada" in found
    assert "Bob" not in found


def test_an_agent_who_did_something_is_not_deleted(root, ticket, grace):
    actions.reply(ticket=ticket, text="Hello", by=cast.principal(grace), at=MONDAY)

    assert root.post(reverse("admin:accounts_agent_delete", args=[grace.pk]), {"post": "yes"}).status_code == 403
    assert grace.department_access.filter(role__name=ALL_ACCESS).exists()
