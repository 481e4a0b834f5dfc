"""Mails that tell people what changed of how they sign in."""

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from accounts import addresses, own_addresses, second_factor
from accounts.models import AuditEvent, AuditKind
from accounts.notices import SENTENCES, Notice, tell
from accounts.people import address_of, confirm
from accounts.principal import Principal
from tests.accounts.factors import STEP, by_password, code, give_app, give_recovery_codes
from tests.cast import MONDAY, PASSWORD
from tickets import actions

pytestmark = pytest.mark.django_db

NEW = "a new horse, five letters"


@pytest.fixture
def her(grace) -> Client:
    """Grace's browser, in which she has just signed in, from 203.0.113.7."""
    client = Client(REMOTE_ADDR="203.0.113.7")
    by_password(client, grace)
    return client


@pytest.fixture
def asker(ada_confirmed):
    """Ada with an account."""
    ada_confirmed.set_password(PASSWORD)
    ada_confirmed.save()
    return ada_confirmed


def told() -> list[tuple[str, Notice]]:
    """Return who was told what, in the order of the mails; other mails are left out."""
    which = {str(sentence): notice for notice, sentence in SENTENCES.items()}
    lines = [(mail.to[0], line) for mail in mail.outbox for line in mail.body.splitlines()]
    return [(to, which[line]) for to, line in lines if line in which]


def passkey_of(user, name: str = "Phone") -> Authenticator:
    return Authenticator.objects.create(user=user, type="webauthn", data={"name": name, "credential": {}})


# --- One's own doing ---------------------------------------------------------------------------------------


def test_an_app_that_comes_and_goes(her, grace):
    secret = her.get("/accounts/app/use/").context["form"].secret
    her.post("/accounts/app/use/", {"code": code(secret)})
    her.post("/accounts/app/stop/")

    assert told() == [("grace@example.com", Notice.APP_ADDED), ("grace@example.com", Notice.APP_REMOVED)]
    first = mail.outbox[0]
    assert first.subject == "Your account at Help desk was changed"
    assert "From: 203.0.113.7" in first.body
    assert "http://localhost:8000/accounts/security/" in first.body
    assert "By:" not in first.body
    assert secret not in first.body


def test_a_passkey_that_goes(her, grace):
    passkey = passkey_of(grace, "My secret phone")

    her.post(reverse("mfa_remove_webauthn", args=[passkey.pk]))

    assert told() == [("grace@example.com", Notice.PASSKEY_REMOVED)]
    assert "My secret phone" not in mail.outbox[0].body


def test_new_recovery_codes(her, grace):
    give_app(grace)

    her.post("/accounts/codes/new/")

    assert told() == [("grace@example.com", Notice.CODES_NEW)]


def test_a_recovery_code_that_is_used(client, grace):
    give_app(grace)
    given = give_recovery_codes(grace)[0]
    by_password(client, grace)

    client.post(STEP, {"code": given})

    assert told() == [("grace@example.com", Notice.CODE_USED)]
    event = AuditEvent.objects.get(kind=AuditKind.SECOND_FACTOR)
    assert (event.by, event.changes) == (grace, {"recovery_code": [None, "used"]})
    assert given not in mail.outbox[0].body


def test_a_code_of_the_app_is_no_news(client, grace):
    give_app(grace)
    by_password(client, grace)

    client.post(STEP, {"code": code()})

    assert told() == []


def test_a_password(her, grace):
    her.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})

    assert told() == [("grace@example.com", Notice.PASSWORD_CHANGED)]
    assert NEW not in mail.outbox[0].body


def test_addresses_of_ones_own(asker):
    second = own_addresses.add(asker, "second@example.net", at=MONDAY)
    addresses.make_primary(second, by=asker, at=MONDAY)
    first = asker.addresses.get(email="ada@example.org")
    actions.remove_address(address=first, by=Principal.requester(asker), at=MONDAY)

    assert told() == [
        ("ada@example.org", Notice.ADDRESS_ADDED),
        # Where the mails went until now: whoever took the account reads the new one.
        ("ada@example.org", Notice.ADDRESS_CHANGED),
        ("second@example.net", Notice.ADDRESS_REMOVED),
    ]


# --- What others do ----------------------------------------------------------------------------------------


def test_who_did_it_is_said_and_from_where_is_not(sign_in, admin_user, grace):
    root = sign_in(admin_user)

    give_app(grace)

    for action in ("reset_second_factor", "remove_password"):
        root.post("/admin/accounts/agent/", {"action": action, "_selected_action": [grace.pk]})

    assert [notice for _to, notice in told()] == [Notice.FACTORS_RESET, Notice.PASSWORD_REMOVED]
    assert all("By: Rosa Root" in mail.body for mail in mail.outbox)
    assert not any("From:" in mail.body for mail in mail.outbox)


def test_an_address_that_an_agent_adds(asker, ken):
    addresses.add(asker, "second@example.net", by=ken, at=MONDAY)

    assert told() == [("ada@example.org", Notice.ADDRESS_ADDED)]
    assert "By: Ken" in next(mail for mail in mail.outbox if mail.to == ["ada@example.org"]).body


# --- Who is told nothing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["a guest", "switched off", "of the demo", "without a confirmed address"])
def test_nobody_is_told_who_has_nothing_to_sign_in_with(ada, asker, who):
    person = address_of("guest@example.net").user if who == "a guest" else asker
    person.is_active = who != "switched off"
    person.is_demo = who == "of the demo"
    if who == "without a confirmed address":
        person.email = ""
    person.save()

    tell(person, Notice.PASSWORD_CHANGED, by=person, at=MONDAY)

    assert mail.outbox == []


def test_times_are_those_of_the_person(grace):
    grace.time_zone = "Asia/Tokyo"
    grace.save()

    tell(grace, Notice.PASSWORD_CHANGED, by=None, at=MONDAY)

    assert "When: 2 Nov 2026, 18:00 (Asia/Tokyo)" in mail.outbox[0].body


# --- Passkeys by name; recovery codes once --------------------------------------------------------------------


def test_a_passkey_is_renamed_by_its_owner_alone(her, grace, ken):
    mine, theirs = passkey_of(grace), passkey_of(ken)

    her.post(reverse("mfa_edit_webauthn", args=[mine.pk]), {"name": "  Key   on the ring "})
    refused = her.post(reverse("mfa_edit_webauthn", args=[theirs.pk]), {"name": "Mine now"})

    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.data["name"], theirs.data["name"]) == ("Key on the ring", "Phone")
    assert refused.status_code == 404
    assert told() == []


def test_a_passkey_without_a_name_keeps_the_one_it_had(her, grace):
    mine = passkey_of(grace)

    assert her.post(reverse("mfa_edit_webauthn", args=[mine.pk]), {"name": " "}).status_code == 422

    mine.refresh_from_db()
    assert mine.data["name"] == "Phone"


def test_recovery_codes_are_shown_once_to_keep(her, grace):
    give_app(grace)
    her.post("/accounts/codes/new/")

    first, second = her.get("/accounts/codes/"), her.get("/accounts/codes/")

    given = first.context["unused_codes"]
    assert len(given) == 10
    page = first.content.decode()
    assert "They are shown this once." in page
    assert f"%0A{given[0]}%0A{given[1]}%0A" in page
    assert not any(code in second.content.decode() for code in given)
    assert "10 codes are left." in second.content.decode()


def test_a_factor_that_is_reset_is_told_only_where_there_was_one(grace, admin_user):
    second_factor.reset(grace, by=admin_user, at=now())

    assert told() == []


def test_a_confirmed_second_address_is_told_nothing(asker):
    other = addresses.claim(asker, "other@example.net")
    confirm(other, at=MONDAY)

    tell(asker, Notice.PASSWORD_CHANGED, by=asker, at=MONDAY)

    assert [message.to for message in mail.outbox] == [["ada@example.org"]]
