"""The second factor: the second step of signing in, setting one up, and who needs one."""

import json

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user
from django.core.management import call_command
from django.test import Client

from accounts import second_factor
from accounts.models import AuditEvent, AuditKind, Role
from core.models import SiteSettings
from tests.accounts.factors import (
    LOGIN,
    STEP,
    by_password,
    code,
    elsewhere,
    give_app,
    give_recovery_codes,
    wrong_code,
)
from tests.cast import ALL_ACCESS, MONDAY, PASSWORD

pytestmark = pytest.mark.django_db

SECURITY = "/accounts/security/"
AGAIN = "/accounts/again/"


def is_signed_in(client: Client) -> bool:
    return get_user(client).is_authenticated


def kinds() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("kind", flat=True))


def require_of_all() -> None:
    SiteSettings.objects.update(agents_need_second_factor=True)


# --- The second step ---------------------------------------------------------------------------------


def test_the_password_alone_does_not_let_in(client, grace):
    give_app(grace)

    response = by_password(client, grace)

    assert response["Location"] == STEP
    assert not is_signed_in(client)
    assert client.get("/desk/")["Location"].startswith(LOGIN)


def test_the_apps_code_does(client, grace):
    give_app(grace)
    by_password(client, grace)

    response = client.post(STEP, {"code": code()})

    assert response["Location"] == "/desk/"
    assert is_signed_in(client)
    signed_in = AuditEvent.objects.get(kind=AuditKind.SIGNED_IN)
    assert (signed_in.by, signed_in.client_ip, signed_in.changes) == (
        grace,
        "127.0.0.1",
        {"way": [None, "password+totp"]},
    )


def test_one_goes_on_to_where_one_was_stopped(client, grace):
    give_app(grace)
    client.post(LOGIN, {"login": grace.email, "password": PASSWORD, "next": "/desk/queues/mine/"})

    assert client.post(STEP, {"code": code()})["Location"] == "/desk/queues/mine/"


def test_a_code_works_once_however_long_it_is_good_for(client, grace, monkeypatch):
    give_app(grace)
    used = code(later=1)
    by_password(client, grace)
    client.post(STEP, {"code": used})
    # What allauth remembers by itself is over before the code is.
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.TOTP._mark_code_used", lambda self, code: True)

    other = elsewhere()
    by_password(other, grace)
    response = other.post(STEP, {"code": used})

    assert response.status_code == 422
    assert "used already" in response.content.decode()
    assert not is_signed_in(other)


def test_a_recovery_code_works_once(client, grace):
    give_app(grace)
    given = give_recovery_codes(grace)[0]
    by_password(client, grace)
    client.post(STEP, {"code": given})
    assert is_signed_in(client)

    other = elsewhere()
    by_password(other, grace)
    other.post(STEP, {"code": given})

    assert not is_signed_in(other)


def test_after_five_wrong_codes_even_the_right_one_is_not_looked_at(grace):
    give_app(grace)
    statuses = []
    for number in range(6):
        client = elsewhere()
        # Knowing the password frees no tries for the code.
        by_password(client, grace)
        statuses.append(client.post(STEP, {"code": wrong_code()}).status_code)
        assert number < 5 or client.post(STEP, {"code": code()}).status_code == 429

    assert statuses == [422] * 5 + [429]
    assert kinds().count(AuditKind.REFUSED) == 5
    assert kinds().count(AuditKind.LOCKED) == 1


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"code": ""},
        {"code": "😀" * 500},
        {"credential": ""},
        {"credential": "{"},
        {"credential": "[]"},
        {"credential": '"x"'},
        {"credential": "{}"},
        {"credential": json.dumps({"id": 1, "rawId": {}, "response": [], "type": "public-key"})},
        {"credential": json.dumps({"id": "a", "rawId": "a", "response": {"userHandle": 5}, "type": "public-key"})},
    ],
)
@pytest.mark.parametrize("where", [STEP, "/accounts/passkeys/sign-in/"])
def test_what_is_malformed_lets_nobody_in(client, grace, sent, where):
    give_app(grace)
    if where == STEP:
        by_password(client, grace)

    response = client.post(where, sent)

    assert response.status_code in {302, 422}
    assert not is_signed_in(client)


def test_the_second_step_belongs_to_the_browser_of_the_first(grace):
    give_app(grace)
    by_password(Client(), grace)

    assert Client().post(STEP, {"code": code()})["Location"] == LOGIN


# --- Setting one up ----------------------------------------------------------------------------------


def signed_in_just_now(user) -> Client:
    client = Client()
    by_password(client, user)
    assert is_signed_in(client)
    return client


def test_an_app_is_set_up_by_showing_its_code(grace):
    client = signed_in_just_now(grace)
    page = client.get("/accounts/app/use/")
    secret = page.context["form"].secret

    response = client.post("/accounts/app/use/", {"code": code(secret)})

    assert response["Location"] == "/accounts/codes/"
    assert second_factor.has_one(grace)
    assert AuditKind.SECOND_FACTOR in kinds()
    codes = client.get("/accounts/codes/").context["unused_codes"]
    assert len(codes) == 10
    # Neither stands in the database as it is.
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert len(stored) > 200


def test_a_wrong_code_sets_nothing_up(grace):
    client = signed_in_just_now(grace)
    client.get("/accounts/app/use/")

    assert client.post("/accounts/app/use/", {"code": wrong_code()}).status_code == 422
    assert not Authenticator.objects.exists()


def test_whoever_finds_an_open_browser_sets_nothing_up(sign_in, grace):
    client = sign_in(grace)

    for path in ("/accounts/app/use/", "/accounts/passkeys/add/"):
        assert client.get(path)["Location"].startswith(AGAIN)
    assert client.post(AGAIN, {"password": "wrong"}).status_code == 422
    assert client.get("/accounts/app/use/").status_code == 302

    assert client.post(f"{AGAIN}?next=/accounts/app/use/", {"password": PASSWORD})["Location"] == "/accounts/app/use/"
    assert client.get("/accounts/app/use/").status_code == 200


def test_an_open_browser_is_no_place_to_guess(sign_in, grace):
    client = sign_in(grace)

    statuses = [client.post(AGAIN, {"password": f"guess {number}"}).status_code for number in range(6)]

    assert statuses == [422] * 5 + [429]
    assert client.post(AGAIN, {"password": PASSWORD}).status_code == 429


def test_nobody_is_led_elsewhere_from_there(sign_in, grace):
    response = sign_in(grace).post(f"{AGAIN}?next=//evil.example.net/", {"password": PASSWORD})

    assert response["Location"] == "/desk/"


def test_an_app_is_put_away(grace):
    give_app(grace)
    give_recovery_codes(grace)
    client = Client()
    by_password(client, grace)
    client.post(STEP, {"code": code()})

    client.post("/accounts/app/stop/")

    assert not Authenticator.objects.exists()


def test_nobody_removes_somebody_elses_passkey(grace, ken):
    theirs = Authenticator.objects.create(user=ken, type="webauthn", data={"name": "Phone", "credential": {}})

    response = signed_in_just_now(grace).post(f"/accounts/passkeys/{theirs.pk}/remove/")

    assert response.status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("127.0.0.1", "an IP address will not do"),
        ("[::1]", "an IP address will not do"),
        ("help.example.com", "over https only"),
    ],
)
def test_where_passkeys_do_not_work_the_page_says_why(grace, settings, host, said):
    settings.ALLOWED_HOSTS = ["*"]
    client = signed_in_just_now(grace)

    for path in (SECURITY, "/accounts/passkeys/add/"):
        assert said in client.get(path, headers={"host": host}).content.decode()
    assert "data-passkey" not in Client().get(LOGIN, headers={"host": host}).content.decode()
    assert 'data-passkey="get"' in Client().get(LOGIN, headers={"host": "localhost"}).content.decode()


# --- Who needs one -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/desk/", "/desk/queues/mine/", "/admin/", "/admin/core/sitesettings/1/change/"])
def test_who_needs_one_and_has_none_comes_to_the_set_up_and_nowhere_else(sign_in, grace, admin_user, path):
    require_of_all()

    for client in (sign_in(grace), sign_in(admin_user)):
        assert client.get(path)["Location"] == SECURITY
        assert client.post(path)["Location"] == SECURITY
    assert "Your work here needs a second factor" in client.get(SECURITY).content.decode()


def test_htmx_leads_there_with_the_whole_page(sign_in, grace):
    require_of_all()

    response = sign_in(grace).get("/desk/", headers={"HX-Request": "true"})

    assert response["HX-Redirect"] == SECURITY


def test_every_page_of_desk_and_administration_is_closed(sign_in, grace, admin_user, ticket):
    """All of them, from the resolver: a page that is added later is closed, too."""
    from tests.security.routes import routes
    from tests.security.world import fill

    require_of_all()
    words = {"number": ticket.number, "slug": "open", "pk": "1", "object_id": "1", "app_label": "tickets"}
    words |= {"content_type_id": "1", "url": "x", "key": "a", "name": "x", "token": "x", "signed": "x", "uidb36": "1"}
    tried = 0
    for user in (grace, admin_user):
        client = sign_in(user)
        for route in routes():
            if route.pattern.startswith(("desk/", "admin/")):
                url = "/" + fill(route.pattern, dict.fromkeys(re_names(route.pattern), "1") | words)
                assert client.get(url)["Location"] == SECURITY, url
                tried += 1
    assert tried > 100


def re_names(pattern: str) -> list[str]:
    import re

    return re.findall(r"<(?:\w+:)?(\w+)>", pattern)


def test_what_requesters_see_stays_open(sign_in, grace):
    require_of_all()
    client = sign_in(grace)

    for path in ("/", "/new/", "/accounts/sessions/", "/accounts/logout/", "/logo"):
        assert client.get(path).status_code in {200, 404}


def test_a_role_may_ask_for_it_by_itself(sign_in, grace, ken, support, billing):
    special = Role.objects.create(name="Cashier", needs_second_factor=True)
    access = grace.department_access.get()
    access.role = special
    access.save()

    assert sign_in(grace).get("/desk/")["Location"] == SECURITY
    assert sign_in(ken).get("/desk/")["Location"] != SECURITY


def test_requesters_need_none(sign_in, ada_confirmed):
    require_of_all()

    assert sign_in(ada_confirmed).get("/new/").status_code == 200


def test_with_one_everything_is_open(grace):
    require_of_all()
    give_app(grace)
    client = Client()
    by_password(client, grace)
    client.post(STEP, {"code": code()})

    assert client.get("/desk/queues/open/").status_code == 200


def test_recovery_codes_alone_are_none(sign_in, grace):
    require_of_all()
    give_recovery_codes(grace)

    assert sign_in(grace).get("/desk/")["Location"] == SECURITY


def test_the_last_administrator_turns_it_on_and_sets_one_up(admin_user):
    client = signed_in_just_now(admin_user)
    require_of_all()
    assert client.get("/admin/")["Location"] == SECURITY

    secret = client.get("/accounts/app/use/").context["form"].secret
    client.post("/accounts/app/use/", {"code": code(secret)})

    assert client.get("/admin/").status_code == 200


def test_it_costs_no_query(sign_in, grace, django_assert_num_queries):
    client = sign_in(grace)
    client.get("/accounts/logout/")

    # Session, person with what the middleware asks, site settings.
    with django_assert_num_queries(3):
        client.get("/accounts/logout/")


# --- Lost ----------------------------------------------------------------------------------------------


def test_an_administrator_resets_an_agents(sign_in, admin_user, grace):
    give_app(grace)
    give_recovery_codes(grace)

    sign_in(admin_user).post(
        "/admin/accounts/agent/", {"action": "reset_second_factor", "_selected_action": [grace.pk]}
    )

    assert not Authenticator.objects.exists()
    event = AuditEvent.objects.get(kind=AuditKind.SECOND_FACTOR)
    assert (event.by, event.target_id, event.changes) == (admin_user, grace.pk, {"factors": [1, 0]})


def test_what_nobody_had_is_not_noted(grace, admin_user):
    assert second_factor.reset(grace, by=admin_user, at=MONDAY) == 0
    assert not AuditEvent.objects.exists()


def test_the_command_lets_a_locked_out_administrator_in(admin_user, monkeypatch, capsys, client):
    give_app(admin_user)
    for number in range(5):
        client.post(LOGIN, {"login": admin_user.email, "password": f"wrong {number}"})
    monkeypatch.setattr("sys.stdin.readline", lambda: f"{PASSWORD}\n", raising=False)
    options = {"email": admin_user.email, "password_stdin": True}

    call_command("create_administrator", **options)
    assert "--reset-second-factor" in capsys.readouterr().out
    assert by_password(client, admin_user)["Location"] == STEP

    call_command("create_administrator", **options, reset_second_factor=True)
    client = Client()
    by_password(client, admin_user)

    assert is_signed_in(client)
    assert second_factor.has_one(admin_user) is False


def test_a_secret_whose_key_is_gone_gets_a_sentence(client, grace, settings, tmp_path):
    give_app(grace)
    by_password(client, grace)
    settings.DATA_DIR = tmp_path

    response = client.post(STEP, {"code": code()})

    assert response.status_code == 422
    assert "lost the key" in response.content.decode()


def test_the_role_all_access_needs_none_by_default(db):
    assert not Role.objects.get(name=ALL_ACCESS).needs_second_factor
