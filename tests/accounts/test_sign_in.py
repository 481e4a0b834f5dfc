"""Signing in and out by e-mail address and password."""

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from accounts.people import address_of
from accounts.tries import TRIES_PER_ACCOUNT, TRIES_PER_CLIENT
from tests import cast
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
MISMATCH = "E-mail address and password do not match."
TOO_MANY = "Too many tries to sign in."


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str):
    return client.post(LOGIN, {"login": email, "password": password} | more)


def wrong(client: Client, email: str, times: int = 1) -> list[int]:
    return [sign_in(client, email, f"wrong {number}").status_code for number in range(times)]


def is_signed_in(client: Client) -> bool:
    return get_user(client).is_authenticated


# --- Who gets in, and where to -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "email", "home"),
    [
        ("grace", "grace@example.com", "/desk/"),
        ("admin_user", "root@example.com", "/admin/"),
        ("ada_confirmed", "ada@example.org", "/"),
    ],
)
def test_everybody_comes_to_where_their_work_is(request, client, who, email, home):
    request.getfixturevalue(who)

    response = sign_in(client, email)

    assert response.status_code == 302
    assert response["Location"] == home
    assert is_signed_in(client)


def test_letters_and_spaces_around_an_address_do_not_matter(client, grace):
    sign_in(client, "  Grace@EXAMPLE.com ")

    assert is_signed_in(client)


def test_one_goes_on_to_where_one_was_stopped(client, grace):
    assert sign_in(client, "grace@example.com", next="/desk/open/?x=1")["Location"] == "/desk/open/?x=1"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example.net/",
        "//evil.example.net/",
        "/\\evil.example.net/",
        "http:///evil.example.net",
        "http://localhost:8000/desk/",
        "javascript:alert(1)",
        "evil",
    ],
)
def test_nobody_is_sent_elsewhere(client, grace, elsewhere):
    assert sign_in(client, "grace@example.com", next=elsewhere)["Location"] == "/desk/"


def test_the_sign_in_page_sends_on_who_is_signed_in_already(client, grace):
    sign_in(client, "grace@example.com")

    assert client.get(LOGIN)["Location"] == "/desk/"


def test_any_confirmed_address_of_a_person_will_do(client, grace):
    other = grace.addresses.create(email="gh@example.com", verified_at=cast.MONDAY)
    assert not other.is_primary

    sign_in(client, "gh@example.com")

    assert is_signed_in(client)


def test_an_address_that_nobody_confirmed_leads_to_nobody(client, grace):
    grace.addresses.create(email="claimed@example.com")

    response = sign_in(client, "claimed@example.com")

    assert MISMATCH in response.content.decode()
    assert not is_signed_in(client)


@pytest.mark.parametrize("password", ["", "!", PASSWORD, "None"])
def test_a_guest_has_no_password_that_works(client, db, password):
    guest = address_of("guest@example.org").user
    guest.addresses.update(verified_at=cast.MONDAY)

    sign_in(client, "guest@example.org", password)

    assert not is_signed_in(client)


def test_who_is_switched_off_is_told_what_everybody_is_told(client, grace):
    grace.is_active = False
    grace.save()

    response = sign_in(client, "grace@example.com")

    assert MISMATCH in response.content.decode()
    assert not is_signed_in(client)


def test_who_is_switched_off_meanwhile_is_out(client, grace):
    sign_in(client, "grace@example.com")

    grace.is_active = False
    grace.save()

    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "data", [{}, {"login": "grace"}, {"login": "grace@example.com"}, {"login": "x" * 5000 + "@y.z"}]
)
def test_what_is_missing_or_malformed_gets_a_sentence(client, grace, data):
    response = client.post(LOGIN, data)

    assert response.status_code == 422
    assert response.context["form"].errors


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/email/", "/accounts/confirm-email/", "/accounts/"])
def test_what_is_not_in_use_has_no_address(client, db, path):
    assert client.get(path).status_code == 404


# --- Sessions ------------------------------------------------------------------------------------


def test_the_session_gets_a_new_key(client, grace):
    session = client.session
    session["draft"] = "kept"
    session.save()
    before = session.session_key

    sign_in(client, "grace@example.com")

    assert client.session.session_key != before
    assert type(session)(before).load() == {}


def test_somebody_elses_session_leaves_nothing_behind(client, grace, ken):
    sign_in(client, "grace@example.com")
    session = client.session
    session["secret"] = "hers"
    session.save()
    client.post("/accounts/logout/")

    sign_in(client, "ken@example.com")

    assert "secret" not in client.session


def test_signing_out_takes_a_post(client, grace):
    sign_in(client, "grace@example.com")
    key = client.session.session_key

    assert client.get("/accounts/logout/").status_code == 200
    assert is_signed_in(client)

    assert client.post("/accounts/logout/")["Location"] == "/"
    assert not is_signed_in(client)
    assert type(client.session)(key).load() == {}


def test_signing_out_does_not_lead_elsewhere(client, grace):
    sign_in(client, "grace@example.com")

    assert client.post("/accounts/logout/", {"next": "//evil.example.net"})["Location"] == "/"


def test_forms_from_other_pages_sign_nobody_in(grace):
    client = Client(enforce_csrf_checks=True)

    assert sign_in(client, "grace@example.com").status_code == 403


# --- Throttles -----------------------------------------------------------------------------------


def test_after_five_wrong_passwords_even_the_right_one_is_not_looked_at(client, grace):
    assert wrong(client, "grace@example.com", TRIES_PER_ACCOUNT) == [422] * TRIES_PER_ACCOUNT

    refused = sign_in(client, "grace@example.com", "wrong again")
    right = sign_in(client, "grace@example.com")

    assert (refused.status_code, right.status_code) == (429, 429)
    assert TOO_MANY in right.content.decode()
    told = [str(error) for response in (refused, right) for error in response.context["form"].non_field_errors()]
    assert told[0] == told[1]
    assert not is_signed_in(client)


def test_an_account_is_throttled_from_wherever_one_tries(grace):
    clients = [Client(REMOTE_ADDR=f"192.0.2.{number}") for number in range(1, 8)]

    statuses = [wrong(client, "Grace@example.com ")[0] for client in clients]

    assert statuses == [422] * 5 + [429] * 2


def test_a_second_address_gives_no_further_tries(client, grace):
    grace.addresses.create(email="gh@example.com", verified_at=cast.MONDAY)

    statuses = wrong(client, "grace@example.com", 3) + wrong(client, "gh@example.com", 3)

    assert statuses == [422] * 5 + [429]


def test_accounts_that_do_not_exist_are_throttled_alike(client, grace):
    known = wrong(client, "grace@example.com", 6)
    unknown = wrong(client, "nobody@example.com", 6)

    assert known == unknown


def test_a_client_is_throttled_whatever_it_tries(db):
    client = Client(REMOTE_ADDR="192.0.2.1")

    statuses = [wrong(client, f"a{number}@example.com")[0] for number in range(TRIES_PER_CLIENT + 1)]

    assert statuses == [422] * TRIES_PER_CLIENT + [429]
    assert wrong(Client(REMOTE_ADDR="192.0.2.2"), "a0@example.com") == [422]


def test_signing_in_frees_the_accounts_slots(client, grace):
    for _ in range(3):
        wrong(client, "grace@example.com", TRIES_PER_ACCOUNT - 1)
        sign_in(client, "grace@example.com")
        assert is_signed_in(client)
        client.post("/accounts/logout/")


def test_signing_in_does_not_free_the_clients_other_tries(grace):
    client = Client(REMOTE_ADDR="192.0.2.1")
    for number in range(TRIES_PER_CLIENT - 1):
        wrong(client, f"a{number}@example.com")

    sign_in(client, "grace@example.com")
    client.post("/accounts/logout/")

    assert wrong(client, "b1@example.com") == [422]
    assert wrong(client, "b2@example.com") == [429]


def test_an_unknown_address_takes_the_time_of_a_known_one(client, grace, settings, monkeypatch):
    """Counted, not timed: each answer has one password hashed, whoever asks."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    grace.set_password(PASSWORD)
    grace.save()
    hashed = []
    encode = PBKDF2PasswordHasher.encode

    def counted(self, password, salt, iterations=None):
        hashed.append(password)
        return encode(self, password, salt, 1 if iterations is None else iterations)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", counted)
    counts = []
    for email in ("grace@example.com", "nobody@example.com"):
        hashed.clear()
        sign_in(client, email, "wrong")
        counts.append(len(hashed))

    assert counts == [1, 1]


# --- The demo ------------------------------------------------------------------------------------


@pytest.fixture
def demo_agent(grace, settings):
    settings.DEMO = True
    grace.is_demo = True
    grace.save()
    return grace


def test_demo_people_sign_in_from_the_machine_itself(client, demo_agent):
    sign_in(client, "grace@example.com")

    assert is_signed_in(client)


@pytest.mark.parametrize(
    "came",
    [
        {"REMOTE_ADDR": "192.0.2.1"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_FORWARDED_HOST": "localhost"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_VIA": "1.1 tunnel"},
        {"REMOTE_ADDR": "::ffff:192.0.2.1"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_demo_people_do_not_sign_in_from_elsewhere(demo_agent, came):
    client = Client(**came)

    response = sign_in(client, "grace@example.com")

    assert "Demo sign-ins work only on the machine" in response.content.decode()
    assert not is_signed_in(client)
    assert "demo_sign_ins" not in client.get(LOGIN).context


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_every_loopback_is_the_machine_itself(demo_agent, address):
    client = Client(REMOTE_ADDR=address)

    sign_in(client, "grace@example.com")

    assert is_signed_in(client)


def test_behind_a_public_name_nobody_is_at_the_machine(client, demo_agent, settings):
    """A proxy that adds no header makes all its visitors look local."""
    settings.PUBLIC_URL = "https://support.example.com"

    sign_in(client, "grace@example.com")

    assert not is_signed_in(client)


def test_demo_people_do_not_sign_in_where_no_demo_runs(client, demo_agent, settings):
    settings.DEMO = False

    sign_in(client, "grace@example.com")

    assert not is_signed_in(client)


def test_others_sign_in_from_everywhere_beside_a_demo(demo_agent, ken):
    client = Client(REMOTE_ADDR="192.0.2.1")

    sign_in(client, "ken@example.com")

    assert is_signed_in(client)
