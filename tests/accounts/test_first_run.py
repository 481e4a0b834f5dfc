"""A help desk that nobody administers yet."""

import io
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from accounts.models import AuditEvent, AuditKind, User
from accounts.people import address_of
from core.models import SiteSettings
from helpdesk import first_run
from tests.cast import PASSWORD
from tests.settings import FIRST_RUN
from tickets.models import Department

SETUP = "/setup/"


@pytest.fixture
def blank(db, settings) -> None:
    """A new help desk, with the middleware that the tests' settings leave out."""
    settings.MIDDLEWARE = [*django_settings.MIDDLEWARE, FIRST_RUN]


def data(**fields: str) -> dict[str, str]:
    return {
        "site_name": "Meridian Support",
        "name": "Rosa Root",
        "email": "Rosa@example.com",
        "password": PASSWORD,
        "password_again": PASSWORD,
    } | fields


def stranger(**more: str) -> Client:
    return Client(REMOTE_ADDR="192.0.2.1", **more)


# --- Every page leads there ----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/desk/", "/admin/", "/accounts/login/", "/open/", "/no/such/page"])
def test_every_page_leads_to_the_set_up(blank, client, path):
    assert client.get(path)["Location"] == SETUP
    assert client.post(path)["Location"] == SETUP


def test_health_checks_go_on(blank, client):
    assert client.get("/healthz").status_code == 200


def test_with_an_administrator_pages_are_as_usual(blank, client, admin_user):
    assert client.get("/accounts/login/").status_code == 200
    assert client.get(SETUP)["Location"] == "/accounts/login/"


def test_an_administrator_who_is_switched_off_is_none(blank, client, admin_user):
    admin_user.is_active = False
    admin_user.save()

    assert client.get("/")["Location"] == SETUP


def test_the_database_is_asked_only_until_there_is_one(blank, client, admin_user, django_assert_num_queries):
    client.get("/healthz")
    client.get("/accounts/login/")
    with django_assert_num_queries(1):
        client.get("/healthz")


def test_the_production_settings_have_it():
    from helpdesk import settings

    assert FIRST_RUN in settings.MIDDLEWARE


# --- Who may -------------------------------------------------------------------------------------


def test_whoever_sits_at_the_machine_may(blank, client):
    assert client.get(SETUP).status_code == 200


@pytest.mark.parametrize(
    "client",
    [
        Client(REMOTE_ADDR="192.0.2.1"),
        Client(HTTP_X_FORWARDED_FOR="127.0.0.1"),
        Client(REMOTE_ADDR="192.0.2.1", HTTP_X_REAL_IP="127.0.0.1"),
    ],
)
@pytest.mark.parametrize("token", ["", "guess", "0" * 40])
def test_strangers_may_not(blank, client, token):
    for response in (client.get(SETUP, {"token": token}), client.post(SETUP, data(token=token))):
        assert response.status_code == 403
        assert "not set up yet" in response.content.decode()
    assert not User.objects.exists()


def test_whoever_has_the_link_from_the_log_may(blank):
    client = stranger()
    page = client.get(SETUP, {"token": first_run.token()})
    assert page.status_code == 200

    client.post(SETUP, data(token=page.context["token"]))

    assert User.objects.get().is_administrator


def test_tokens_cannot_be_guessed_for_long(blank):
    statuses = [stranger().get(SETUP, {"token": f"guess {number}"}).status_code for number in range(21)]

    assert statuses == [403] * 20 + [429]


def test_the_log_tells_the_link_once(blank, client, caplog):
    with caplog.at_level(logging.WARNING, logger="helpdesk"):
        client.get("/")
        client.get("/")

    told = [record.getMessage() for record in caplog.records if first_run.link() in record.getMessage()]
    assert len(told) == 1


def test_the_link_is_worth_nothing_afterwards(blank, admin_user):
    token = first_run.token()

    stranger().post(SETUP, data(token=token))

    assert User.objects.count() == 1


# --- What it makes -------------------------------------------------------------------------------


def test_the_first_administrator_is_signed_in_and_an_agent_of_support(blank, client):
    response = client.post(SETUP, data())

    assert response["Location"] == "/admin/"
    rosa = get_user(client)
    assert (rosa.name, rosa.email, rosa.is_agent, rosa.is_administrator) == (
        "Rosa Root",
        "rosa@example.com",
        True,
        True,
    )
    access = rosa.department_access.get()
    assert (access.department.name, access.role.name) == ("Support", "All access")
    assert SiteSettings.objects.get().name == "Meridian Support"
    assert client.get("/admin/").status_code == 200


def test_who_asked_for_help_before_becomes_the_administrator(blank, client):
    guest = address_of("rosa@example.com", name="R").user

    client.post(SETUP, data())

    assert User.objects.get() == guest


def test_the_session_gets_a_new_key(blank, client):
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key

    client.post(SETUP, data())

    assert client.session.session_key != before


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"site_name": ""}, "required"),
        ({"name": ""}, "required"),
        ({"email": "nonsense"}, "valid email"),
        ({"password": "short", "password_again": "short"}, "too short"),
        ({"password_again": "something else"}, "The two passwords differ."),
        ({"site_name": "x" * 61}, "at most 60"),
    ],
)
def test_what_will_not_do_gets_a_sentence_and_nothing_is_made(blank, client, fields, why):
    response = client.post(SETUP, data(**fields))

    assert response.status_code == 422
    assert why in response.content.decode()
    assert not User.objects.exists()
    assert SiteSettings.objects.get().name == "Help desk"


def test_what_was_typed_stays_but_for_the_passwords(blank, client):
    page = client.post(SETUP, data(password_again="other")).content.decode()

    assert 'value="Meridian Support"' in page
    assert PASSWORD not in page


def test_the_form_sent_twice_makes_one_administrator(blank, client):
    client.post(SETUP, data())
    second = Client().post(SETUP, data(email="second@example.com"))

    assert second["Location"] == "/accounts/login/"
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_wins(settings):
    settings.MIDDLEWARE = [*django_settings.MIDDLEWARE, FIRST_RUN]

    def one(number: int) -> str:
        try:
            return Client().post(SETUP, data(email=f"rosa{number}@example.com"))["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        led_to = list(pool.map(one, range(4)))

    assert led_to.count("/admin/") == 1
    assert User.objects.count() == 1


# --- Without a browser ---------------------------------------------------------------------------


def create(email: str, password: str, monkeypatch, **options: str) -> str:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    call_command("create_administrator", email=email, password_stdin=True, stdout=out, **options)
    return out.getvalue()


def test_an_administrator_is_made_on_the_command_line(db, client, monkeypatch):
    told = create("Rosa@Example.com", PASSWORD, monkeypatch, name="Rosa")

    assert "Rosa is an administrator and signs in with rosa@example.com." in told
    rosa = User.objects.get()
    assert rosa.is_administrator
    assert rosa.department_access.get().department == Department.objects.get(is_default=True)
    response = client.post("/accounts/login/", {"login": "rosa@example.com", "password": PASSWORD})
    assert response.status_code == 302


def test_an_agent_becomes_one_and_gets_the_password(grace, monkeypatch):
    grace.is_active = False
    grace.save()

    create("grace@example.com", "another horse, 5 letters", monkeypatch)

    grace.refresh_from_db()
    assert (grace.is_administrator, grace.is_active, grace.name) == (True, True, "Grace")
    assert grace.check_password("another horse, 5 letters")


def test_that_an_agent_became_one_stands_in_the_audit_log(grace, monkeypatch):
    create("grace@example.com", "another horse, 5 letters", monkeypatch)
    create("grace@example.com", "another horse, 6 letters", monkeypatch)

    told = AuditEvent.objects.filter(target_model="accounts.user", target_id=grace.pk).order_by("pk")
    assert [(event.kind, event.by, event.changes) for event in told] == [
        (AuditKind.RIGHTS, None, {"is_administrator": [False, True]}),
        (AuditKind.PASSWORD, None, {}),
        (AuditKind.PASSWORD, None, {}),
    ]


def test_so_does_that_one_who_was_switched_off_is_back(grace, monkeypatch):
    User.objects.filter(pk=grace.pk).update(is_active=False)

    create("grace@example.com", "another horse, 5 letters", monkeypatch)

    rights = AuditEvent.objects.get(kind=AuditKind.RIGHTS, target_id=grace.pk)
    assert rights.changes == {"is_administrator": [False, True], "is_active": [False, True]}


@pytest.mark.parametrize(("email", "password", "why"), [("rosa", PASSWORD, "valid"), ("r@example.com", "x", "short")])
def test_what_will_not_do_is_told(db, monkeypatch, email, password, why):
    with pytest.raises(CommandError, match=why):
        create(email, password, monkeypatch)

    assert not User.objects.exists()


def test_without_a_terminal_it_does_not_wait_for_a_password(db, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(CommandError, match="--password-stdin"):
        call_command("create_administrator", email="rosa@example.com")


def test_the_address_of_a_new_administrator_counts_as_confirmed(db, monkeypatch):
    before = now()

    create("rosa@example.com", PASSWORD, monkeypatch)

    assert User.objects.get().addresses.get().verified_at >= before
