"""Changing a password, and setting one by a mailed link."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.passwords import reset_url
from accounts.views import pages
from tests.cast import PASSWORD

ASK = "/accounts/password/reset/"
CHANGE = "/accounts/password/change/"
NEW = "another horse, 5 letters"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Answers of equal length are worth waiting for in the one test that is about them."""
    monkeypatch.setattr(pages, "ANSWER_AFTER_SECONDS", 0)


def link_in(message) -> str:
    found = re.search(r"http://localhost:8000(/accounts/password/reset/key/\S+)", message.body)
    assert found, message.body
    return found[1]


def set_password(client: Client, link: str, first: str = NEW, second: str = NEW):
    form = client.get(link, follow=True)
    if form.context.get("token_fail"):
        return form
    return client.post(
        form.redirect_chain[-1][0] if form.redirect_chain else link, {"password1": first, "password2": second}
    )


# --- By a mailed link ----------------------------------------------------------------------------


def test_a_mailed_link_sets_a_new_password(client, grace):
    client.post(ASK, {"email": "Grace@example.com"})
    set_password(client, link_in(mail.outbox[0]))

    grace.refresh_from_db()
    assert grace.check_password(NEW)
    assert mail.outbox[0].to == ["grace@example.com"]
    assert not EmailAddress.objects.exists()
    assert not get_user(client).is_authenticated


def test_the_link_carries_the_help_desks_own_address(grace):
    Client(HTTP_HOST="127.0.0.1").post(ASK, {"email": "grace@example.com"})

    assert "127.0.0.1" not in mail.outbox[0].body
    assert link_in(mail.outbox[0])


def test_a_link_works_once(client, grace):
    link = reset_url(grace)
    set_password(client, link)

    again = set_password(Client(), link, "a third horse, well", "a third horse, well")

    assert "This link does not work any more" in again.content.decode()
    grace.refresh_from_db()
    assert grace.check_password(NEW)


def test_a_link_works_for_a_day(client, grace, settings, monkeypatch):
    link = reset_url(grace)
    later = timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + 60)
    monkeypatch.setattr(
        "django.contrib.auth.tokens.PasswordResetTokenGenerator._now", lambda self: later.replace(tzinfo=None)
    )

    response = client.get(link)

    assert "This link does not work any more" in response.content.decode()


@pytest.mark.parametrize("damage", [lambda link: link[:-3] + "x/", lambda link: link.replace("key/", "key/z")])
def test_a_damaged_link_opens_nothing(client, grace, damage):
    response = client.get(damage(reset_url(grace)), follow=True)

    assert "This link does not work any more" in response.content.decode()


def test_a_link_is_worth_nothing_after_the_next_sign_in(client, grace):
    link = reset_url(grace)
    client.post("/accounts/login/", {"login": "grace@example.com", "password": PASSWORD})

    response = Client().get(link, follow=True)

    assert "This link does not work any more" in response.content.decode()


def test_setting_a_password_signs_other_devices_out(sign_in, grace):
    other = sign_in(grace)

    set_password(Client(), reset_url(grace))

    assert not get_user(other).is_authenticated


@pytest.mark.parametrize(("first", "second"), [("short", "short"), (NEW, NEW + "x"), ("password1234", "password1234")])
def test_a_password_that_will_not_do_is_refused(client, grace, first, second):
    response = set_password(client, reset_url(grace), first, second)

    assert response.status_code == 422
    grace.refresh_from_db()
    assert grace.check_password(PASSWORD)


def test_a_new_agent_sets_the_first_password(client, grace):
    grace.set_unusable_password()
    grace.save()

    client.post(ASK, {"email": "grace@example.com"})
    set_password(client, link_in(mail.outbox[0]))

    grace.refresh_from_db()
    assert grace.check_password(NEW)
    assert "you are an agent at Help desk now" in mail.outbox[0].body


# --- The same answer for everybody ---------------------------------------------------------------


@pytest.mark.parametrize("email", ["grace@example.com", "nobody@example.com", "ada@example.org"])
def test_the_answer_does_not_tell_who_signs_in_here(client, grace, ada, email):
    response = client.post(ASK, {"email": email}, follow=True)

    assert response.redirect_chain == [("/accounts/password/reset/done/", 302)]
    assert email not in response.content.decode()


def test_the_answer_takes_the_same_time_for_everybody(client, grace, monkeypatch):
    waits = []
    monkeypatch.setattr(pages, "ANSWER_AFTER_SECONDS", 100)
    monkeypatch.setattr(pages.time, "monotonic", lambda: 1000.0)
    monkeypatch.setattr(pages.time, "sleep", waits.append)

    for email in ("grace@example.com", "nobody@example.com"):
        client.post(ASK, {"email": email})

    assert waits == [100, 100]


@pytest.mark.parametrize("who", ["nobody", "guest", "switched off", "demo"])
def test_no_mail_goes_to_whom_it_would_not_help(client, grace, ada, who):
    email = "grace@example.com"
    if who == "nobody":
        email = "nobody@example.com"
    elif who == "guest":
        email = "ada@example.org"
        ada.addresses.update(verified_at=timezone.now())
    elif who == "switched off":
        grace.is_active = False
    else:
        grace.is_demo = True
    grace.save()

    client.post(ASK, {"email": email})

    assert mail.outbox == []


def test_three_links_an_hour_go_to_one_address(grace):
    for number in range(5):
        response = Client(REMOTE_ADDR=f"192.0.2.{number}").post(ASK, {"email": "grace@example.com"})
        assert response.status_code == 302

    assert len(mail.outbox) == pages.LINKS_PER_ADDRESS


def test_a_client_asks_for_ten_links_an_hour(client, db):
    statuses = [client.post(ASK, {"email": f"a{number}@example.com"}).status_code for number in range(11)]

    assert statuses == [302] * 10 + [429]


def test_a_malformed_address_gets_a_sentence(client, db):
    response = client.post(ASK, {"email": "grace"})

    assert response.status_code == 422
    assert "valid email" in response.content.decode()


# --- Changing it ---------------------------------------------------------------------------------


def change(client: Client, old: str, new: str = NEW):
    return client.post(CHANGE, {"oldpassword": old, "password1": new, "password2": new})


def test_a_password_is_changed_by_who_knows_the_old_one(sign_in, grace):
    client, other = sign_in(grace), sign_in(grace)

    response = change(client, PASSWORD)

    assert response["Location"] == "/desk/"
    grace.refresh_from_db()
    assert grace.check_password(NEW)
    assert get_user(client).is_authenticated
    assert not get_user(other).is_authenticated


def test_an_open_browser_is_no_place_to_guess(sign_in, grace):
    client = sign_in(grace)

    statuses = [change(client, f"guess {number}").status_code for number in range(6)]

    assert statuses == [422] * 5 + [429]
    assert change(client, PASSWORD).status_code == 429
    grace.refresh_from_db()
    assert grace.check_password(PASSWORD)


def test_strangers_change_nothing(client, db):
    assert client.get(CHANGE)["Location"].startswith("/accounts/login/")


def test_the_demo_keeps_its_passwords(sign_in, grace):
    grace.is_demo = True
    grace.save()

    response = change(sign_in(grace), PASSWORD)

    assert "passwords stay" in response.content.decode()
    grace.refresh_from_db()
    assert grace.check_password(PASSWORD)
