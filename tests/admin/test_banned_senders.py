"""Banned senders: what a pattern may be, whom it hits, and that it holds at every door (PARITY N11)."""

import pytest
from django.test import Client

from accounts.models import Address, AuditEvent
from accounts.people import address_of
from mail import bans
from mail.addresses import matches
from mail.models import BannedSender
from tests.portal.conftest import filled_in  # noqa: F401 - a fixture
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

LIST = "/admin/mail/bannedsender/"
ADD = LIST + "add/"
KNOWN = (
    "ada@example.org",
    "bob@mail.example.org",
    "eve@notexample.org",
    "news+letter@shop.example",
    "a.b@x-y.example",
    "odd[1]@example.com",
    "100%_sure@example.com",
)


@pytest.fixture
def known(db: None) -> None:
    for email in KNOWN:
        address_of(email, name="Somebody")


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [
        ("ada@example.org", {"ada@example.org"}),
        ("example.org", {"ada@example.org", "bob@mail.example.org"}),
        ("org", {"ada@example.org", "bob@mail.example.org", "eve@notexample.org"}),
        ("*@example.org", {"ada@example.org"}),
        ("*@*.example.org", {"bob@mail.example.org"}),
        ("news*@shop.*", {"news+letter@shop.example"}),
        ("?.b@x-y.example", {"a.b@x-y.example"}),
        ("odd[?]@*", {"odd[1]@example.com"}),
        ("*%_sure@*", {"100%_sure@example.com"}),
        ("nobody@nowhere.example", set()),
    ],
)
def test_counting_and_screening_agree_on_whom_a_pattern_hits(known, pattern, hit):
    assert bans.read(pattern) == pattern
    assert set(bans.hit_by(pattern).values_list("email", flat=True)) == hit
    assert {email for email in KNOWN if matches(pattern, email)} == hit


@pytest.mark.parametrize(
    ("text", "pattern"),
    [(" Jane@Example.COM ", "jane@example.com"), ("@example.com", "example.com"), ("*.Example", "*.example")],
)
def test_patterns_are_kept_in_one_form(db, text, pattern):
    assert bans.read(text) == pattern


@pytest.mark.parametrize(
    "text",
    ["*", "*@*", "**", "?*@*.*", "two words", "a@b@c", "<jane@example.com>", "a@b.example, c@d.example", "@", "."],
)
def test_what_bans_nobody_or_everybody_is_refused(root, text):
    assert root.post(ADD, {"pattern": text, "is_active": "on"}).status_code == 200
    assert not BannedSender.objects.exists()


def test_our_own_address_cannot_be_banned(root, settings):
    settings.MAIL_FROM = "Support <help@desk.example>"

    for text in ("help@desk.example", "desk.example", "help@*"):
        assert "an address of the help desk itself" in root.post(ADD, {"pattern": text}).content.decode()
    assert not BannedSender.objects.exists()


def test_adding_tells_whom_it_hits(root, known, grace):
    page = root.post(ADD, {"pattern": "example.org", "is_active": "on", "notes": "Rude"}, follow=True).content.decode()
    assert "2 known addresses." in page

    page = root.post(ADD, {"pattern": "example.com", "is_active": "on"}, follow=True).content.decode()
    assert "1 of them is an agent&#x27;s." in page or "1 of them is an agent's." in page
    assert "is in the list already" in root.post(ADD, {"pattern": "Example.org"}).content.decode()
    assert (
        "2 known addresses."
        in root.get(f"{LIST}{BannedSender.objects.get(pattern='example.org').pk}/change/").content.decode()
    )


def test_whom_it_is_about_stays_out_of_the_log(root):
    root.post(ADD, {"pattern": "jane@example.net", "is_active": "on", "notes": "Rude"})

    assert "jane" not in str(AuditEvent.objects.get().changes)


def test_rows_are_found_and_switched(root):
    first, second = (BannedSender.objects.create(pattern=f"{name}@example.net") for name in ("jane", "john"))

    page = root.get(LIST, {"q": "jane"}).content.decode()
    assert "jane@example.net" in page
    assert "john@example.net" not in page
    root.post(LIST, {"action": "deactivate", "_selected_action": [first.pk, second.pk]})
    assert not BannedSender.objects.filter(is_active=True).exists()
    assert AuditEvent.objects.count() == 2


def test_a_banned_sender_opens_no_ticket_by_the_web_form(filled_in, client):  # noqa: F811 - a fixture
    BannedSender.objects.create(pattern="example.org")

    response = client.post("/new/", filled_in())

    assert response.status_code == 422
    assert "Tickets cannot be opened with this e-mail address." in response.content.decode()
    assert not Ticket.objects.exists()
    assert not Address.objects.filter(email="ada@example.org").exists()
    BannedSender.objects.update(is_active=False)
    assert Client().post("/new/", filled_in()).status_code == 302
