"""Switched off for requesters: what they see, and who works on (PARITY P03)."""

import json
import re

import pytest
from django.urls import resolve

from core.models import SiteSettings
from mail.models import IncomingMail
from pages import offline
from pages.models import PageKind
from tests.cast import PASSWORD
from tests.pages.making import own_page, publish
from tests.security.routes import routes
from tickets import links
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def off(db) -> None:
    SiteSettings.objects.update(is_online=False)


def test_requesters_see_why_and_programs_when_to_come_back(client, off):
    answer = client.get("/")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "900"
    assert "no-store" in answer["Cache-Control"]
    assert "We are back soon" in answer.content.decode()
    assert '<a href="/accounts/login/?next=/desk/">' in answer.content.decode()


def test_the_page_says_it_in_the_words_and_the_language_that_were_written(client, off):
    publish(PageKind.OFFLINE, {"en": ("Moving", "<p>Until noon.</p>"), "de": ("Umzug", "<p>Bis mittags.</p>")})

    german = client.get("/new/", headers={"Accept-Language": "de"}).content.decode()

    assert "Umzug" in german
    assert "<p>Bis mittags.</p>" in german
    assert "We are back soon" not in german


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["/", "/new/", "/check/", "/tickets/", "/profile/", "/accounts/register/"])
def test_nothing_of_the_portal_works_for_requesters_signed_in_or_not(client, sign_in, ada_confirmed, off, method, path):
    for browser in (client, sign_in(ada_confirmed)):
        assert getattr(browser, method)(path).status_code == 503
    assert not Ticket.objects.exists()


def test_a_ticket_link_shows_nothing_and_confirms_nothing(client, ticket, off):
    token = links.token_for(ticket.participants.get())

    answer = client.post(f"/t/{token}/message/", {"text": "Hello"})

    assert answer.status_code == 503
    assert ticket.subject not in answer.content.decode()
    assert ticket.participants.get().address.verified_at is None


def test_agents_and_administrators_work_on_and_are_told(sign_in, ken, admin_user, support, off):
    desk = sign_in(ken).get("/desk/queues/open/")

    assert desk.status_code == 200
    assert "switched off for requesters" in desk.content.decode()
    assert sign_in(ken).get("/").status_code == 200
    assert sign_in(admin_user).get("/admin/").status_code == 200
    assert sign_in(admin_user).get("/new/").status_code == 200


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/password/reset/", "/accounts/link/", "/logo", "/favicon.ico"]
)
def test_signing_in_stays_where_it_is(client, off, path):
    assert client.get(path).status_code in {200, 302, 404}


def test_agents_are_led_to_the_sign_in(client, off):
    for path in ("/desk/", "/admin/", "/admin/core/sitesettings/"):
        assert client.get(path)["Location"].startswith("/accounts/login/?next=")


def test_who_signs_in_as_a_requester_sees_the_page(client, ada_confirmed, off):
    answer = client.post("/accounts/login/", {"login": "ada@example.org", "password": PASSWORD}, follow=True)

    assert answer.status_code == 503
    assert "You work here?" not in answer.content.decode()


def test_pages_of_their_own_are_still_read(client, off):
    own_page(in_footer=True)

    assert client.get("/pages/imprint/").status_code == 200
    assert "/pages/imprint/" in client.get("/").content.decode()


def test_the_api_says_when_to_come_back_and_mail_is_taken_in(client, off, settings):
    body = json.dumps({"email": "ada@example.org", "name": "Ada", "subject": "x", "message": "y"})
    for path in ("/api/tickets.json", "/api/http.php/tickets.json", "/api/tickets.xml"):
        answer = client.post(path, body, content_type="application/json")
        assert (answer.status_code, answer["Retry-After"]) == (503, "900")
        assert answer["Content-Type"].startswith("text/plain")
        assert "switched off" in answer.content.decode()
    # Not refused for being switched off: it asks for its key.
    assert client.post("/api/tickets.email", b"From: a@b.c\n\nx", content_type="text/plain").status_code == 401
    assert client.post("/hooks/mail/postmark/inbound/", {}).status_code != 503
    assert client.get("/healthz").status_code == 200
    assert not IncomingMail.objects.exists()


def test_switched_on_again_everything_is_there(client, off):
    SiteSettings.objects.update(is_online=True)

    assert client.get("/").status_code == 200


# Whoever adds an address decides here whether requesters reach it while the help desk is switched off.
def test_every_door_is_closed_but_those_that_are_named():
    opened = set()
    for route in routes():
        place = route.name.partition(":")[0]
        if place not in offline.OPEN_NAMESPACES and not route.pattern.startswith("admin/") and _is_open(route.pattern):
            opened.add(route.name)

    assert {name for name in opened if not name.startswith(offline.OPEN_PREFIXES)} == {
        *("healthz", "metrics", "site-logo", "favicon.ico", "setup"),
        *("api:email", "api:email-http-php", "api:cron", "api:cron-http-php"),
        *("api:other-format", "api:other-format-http-php", "api:root", "api:nothing"),
    }
    assert not {"account_register", "account_invitation", "portal:new", "portal:home"} & opened


def _is_open(pattern: str) -> bool:
    words = {"int": "1", "str": "abc", "slug": "abc", "path": "abc", "ticket_number": "123"}
    if "(?P<" in pattern:
        return True
    path = re.sub(r"<(?:(\w+):)?\w+>", lambda found: words[found[1] or "str"], pattern)
    return offline.is_open(resolve("/" + path))
