"""What people keep about themselves: contact data, and addresses that are theirs once they proved it."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.utils import timezone

from accounts import own_addresses
from accounts.models import Address, AuditEvent, User
from tests import cast
from tests.cast import address_for
from tickets import links

HOME = "ada@home.example.org"


@pytest.fixture
def adas(ada_confirmed, sign_in):
    return sign_in(ada_confirmed)


@pytest.fixture(autouse=True)
def _letters(settings):
    """Account mails as Django's own test backend keeps them."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def link() -> str:
    """Return the path of the link in the newest mail."""
    return urlsplit(re.search(r"https?://\S+", mail.outbox[-1].body)[0]).path


def filled_in(**changes):
    return {"name": "Ada Lovelace", "phone": "+44 20 7946 0000", "time_zone": "Europe/London"} | changes


# --- Contact data ----------------------------------------------------------------------------------------


def test_what_is_saved_is_kept_and_the_log_says_that_it_changed(adas, ada):
    answer = adas.post("/profile/", filled_in())

    ada.refresh_from_db()
    assert answer["Location"] == "/profile/"
    assert (ada.name, ada.phone, ada.time_zone) == ("Ada Lovelace", "+44 20 7946 0000", "Europe/London")
    event = AuditEvent.objects.latest("pk")
    assert event.by == ada
    assert event.changes["name"] == [None, None]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "Write your name"),
        ({"name": "x" * 121}, "Up to 120 characters fit"),
        ({"phone": "call me"}, "Write a phone number"),
        ({"phone": "+"}, "Write a phone number"),
        ({"phone": "1" * 41}, "Write a phone number"),
        ({"time_zone": "Mars/Olympus"}, "Choose from the list."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(adas, ada, wrong, said):
    answer = adas.post("/profile/", filled_in(**wrong))

    ada.refresh_from_db()
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert ada.name == "Ada"


def test_the_language_of_mails_is_asked_for(adas, ada):
    assert "Language of mails" in adas.get("/profile/").content.decode()
    adas.post("/profile/", filled_in(language="de"))

    ada.refresh_from_db()
    assert ada.language == "de"


def test_an_agent_finds_theirs_at_the_desk(sign_in, grace):
    assert sign_in(grace).get("/profile/")["Location"] == "/desk/settings/"


def test_an_administrator_is_changed_in_the_administration(sign_in, admin_user):
    answer = sign_in(admin_user).post("/profile/", filled_in())

    assert answer.status_code == 409
    admin_user.refresh_from_db()
    assert admin_user.name == "Rosa Root"


# --- Addresses -------------------------------------------------------------------------------------------


def test_an_address_is_added_by_the_link_mailed_to_it_and_not_before(adas, ada):
    adas.post("/profile/addresses/add/", {"email": "Ada@Home.example.org"})

    assert [one.to for one in mail.outbox] == [[HOME]]
    assert not Address.objects.filter(email=HOME).exists()

    looked = adas.get(link())

    assert HOME in looked.content.decode()
    assert not Address.objects.filter(email=HOME).exists()

    adas.post(link())

    added = Address.objects.get(email=HOME)
    assert (added.user, added.is_verified, added.is_primary) == (ada, True, False)


def test_what_was_asked_and_not_proved_leads_nobody_to_anybody(adas, ada):
    """Ada typed an address that is not hers; what its owner asks later is not hers to see."""
    adas.post("/profile/addresses/add/", {"email": "victim@example.org"})

    victim = cast.make_person("victim@example.org", "Victim", confirmed=False)

    assert victim != ada


def test_the_link_is_of_no_use_to_somebody_else(adas, browser, sign_in, linus):
    adas.post("/profile/addresses/add/", {"email": HOME})
    there = link()

    assert browser.get(there)["Location"].startswith("/accounts/login/")
    assert sign_in(linus).post(there).status_code == 404
    assert adas.post(there[:-3] + "xx/").status_code == 404
    assert not Address.objects.filter(email=HOME).exists()


def test_the_link_works_for_a_day(adas, ada, monkeypatch):
    token = own_addresses.token_for(ada, HOME)
    monkeypatch.setattr(own_addresses, "LASTS", timedelta(seconds=-1))

    assert adas.get(f"/profile/addresses/add/{token}/").status_code == 404


def test_somebody_else_s_address_is_told_alike_and_never_taken(adas, ada, linus):
    free = adas.post("/profile/addresses/add/", {"email": HOME})
    taken = adas.post("/profile/addresses/add/", {"email": "linus@example.com"})

    assert (free.status_code, free["Location"]) == (taken.status_code, taken["Location"])
    assert len(mail.outbox) == 2

    refused = adas.post(link())

    assert refused.status_code == 409
    assert "Somebody has an account with this address" in refused.content.decode()
    assert address_for(linus).email == "linus@example.com"


def test_of_two_who_ask_for_an_address_the_first_to_prove_it_has_it(adas, ada, sign_in):
    bob = cast.make_person("bob@example.org", "Bob")
    tokens = [own_addresses.token_for(one, HOME) for one in (ada, bob)]

    first = adas.post(f"/profile/addresses/add/{tokens[0]}/")
    second = sign_in(bob).post(f"/profile/addresses/add/{tokens[1]}/")

    assert (first.status_code, second.status_code) == (302, 409)
    assert Address.objects.get(email=HOME).user == ada


def test_pressed_twice_it_is_added_once(adas, ada):
    token = own_addresses.token_for(ada, HOME)

    for _ in range(2):
        assert adas.post(f"/profile/addresses/add/{token}/").status_code == 302

    assert ada.addresses.count() == 2


def test_links_are_counted(adas, monkeypatch):
    monkeypatch.setattr("portal.views.profile.LINK_LIMIT", 2)

    answers = [adas.post("/profile/addresses/add/", {"email": f"one{n}@example.org"}).status_code for n in range(3)]

    assert answers == [302, 302, 429]
    assert len(mail.outbox) == 2


def test_another_address_becomes_the_primary_one(adas, ada):
    other = ada.addresses.create(email=HOME, verified_at=timezone.now())

    adas.post(f"/profile/addresses/{other.pk}/primary/")

    ada.refresh_from_db()
    assert address_for(ada) == other
    assert ada.email == HOME


def test_one_that_is_not_confirmed_does_not(adas, ada):
    other = ada.addresses.create(email=HOME)

    adas.post(f"/profile/addresses/{other.pk}/primary/")

    assert address_for(ada).email == "ada@example.org"


def test_a_removed_address_hands_its_tickets_to_the_primary_one(adas, ada_confirmed, topic):
    other = ada_confirmed.addresses.create(email=HOME, verified_at=timezone.now())
    ticket = cast.make_ticket(ada_confirmed, topic, address=other)
    token = links.token_for(ticket.participants.get())

    adas.post(f"/profile/addresses/{other.pk}/remove/")

    assert ticket.participants.get().address.email == "ada@example.org"
    with pytest.raises(links.LinkInvalid):
        links.read(token)


def test_the_primary_address_stays(adas, ada):
    adas.post(f"/profile/addresses/{address_for(ada).pk}/remove/")

    assert ada.addresses.count() == 1


@pytest.mark.parametrize("deed", ["primary", "remove"])
def test_another_s_address_is_not_there(adas, linus, deed):
    other = linus.addresses.create(email="l@example.org", verified_at=timezone.now())

    assert adas.post(f"/profile/addresses/{other.pk}/{deed}/").status_code == 404
    assert Address.objects.filter(pk=other.pk, is_primary=False).exists()


# --- Opening a ticket, signed in -------------------------------------------------------------------------


def test_who_is_signed_in_need_not_say_who_they_are(adas, ada, filled_in):
    shown = adas.get("/new/").content.decode()
    adas.post("/new/", filled_in(email="victim@example.org", name="Victim"))

    assert 'name="email"' not in shown
    assert "ada@example.org" in shown
    ticket = ada.tickets.get()
    assert ticket.participants.get().address == address_for(ada)
    assert not Address.objects.filter(email="victim@example.org").exists()


def test_a_phone_number_is_kept_of_whoever_is_new_or_signed_in(adas, browser, ada, filled_in):
    browser.post("/new/", filled_in(email="new@example.org", name="Nora", phone="030 1234"))
    adas.post("/new/", filled_in(phone="040 5678"))

    ada.refresh_from_db()
    assert User.objects.get(name="Nora").phone == "030 1234"
    assert ada.phone == "040 5678"
    assert b'name="phone"' not in adas.get("/new/").content


def test_nobody_changes_a_known_person_by_claiming_to_be_them(browser, ada, filled_in):
    ada.phone = "030 1111"
    ada.save()

    browser.post("/new/", filled_in(phone="0900 666"))

    ada.refresh_from_db()
    assert ada.phone == "030 1111"
    assert ada.tickets.get().entries.get().text == "We were billed twice.\n\nPhone: 0900 666"
