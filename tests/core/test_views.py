"""Pages that belong to no face, and the time zone that every page is shown in."""

from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from core.middleware import TimeZoneMiddleware
from core.models import SiteSettings


def test_the_health_check_says_ok_with_one_cheap_query(client, db, django_assert_num_queries):
    with django_assert_num_queries(1):
        response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies


def test_the_health_check_says_when_the_database_is_gone(client, db):
    with patch.object(connection, "cursor", side_effect=OperationalError):
        response = client.get("/healthz")

    assert response.status_code == 503


def test_the_health_check_is_not_sent_to_https(client, db, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz").status_code == 200
    assert client.get("/accounts/login/").status_code == 301


def test_a_form_without_our_token_gets_a_page_that_says_what_to_do(db):
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "ada@example.com"})

    assert response.status_code == 403
    assert "reload the page" in response.content.decode()


@pytest.fixture
def broken_home(monkeypatch, settings):
    """The start page fails, and so does the database."""
    settings.DEMO = True

    def fail(*args: object, **kwargs: object) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr("portal.views.home.render", fail)
    monkeypatch.setattr("core.context.SiteSettings.load", fail)


def test_a_page_that_fails_says_so_and_that_it_is_the_demo_without_the_database(broken_home, db):
    client = Client(raise_request_exception=False)
    client.cookies["theme"] = "dark"

    response = client.get("/")

    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text
    assert "This is a demo help desk" in response.text
    assert 'data-theme="dark"' in response.text


def test_a_request_that_cannot_be_read_gets_a_page_of_ours(client, db, settings):
    settings.DEMO = True

    response = client.post(
        "/accounts/login/", {f"field{number}": "" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}
    )

    assert response.status_code == 400
    assert "We could not read this request" in response.text
    assert "This is a demo help desk" in response.text


def test_elsewhere_these_pages_tell_of_no_demo(client, db):
    response = client.post("/accounts/login/", {f"field{number}": "" for number in range(1001)})

    assert "demo" not in response.text


class Reader:
    """A signed-in reader, as far as the time zone is concerned."""

    def __init__(self, time_zone: str) -> None:
        self.time_zone = time_zone


@pytest.mark.parametrize(
    ("own", "site", "shown"),
    [
        ("Asia/Tokyo", "Europe/Berlin", "Asia/Tokyo"),
        ("", "Europe/Berlin", "Europe/Berlin"),
        (None, "Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_times_are_shown_in_the_readers_zone_else_in_the_sites(db, rf, own, site, shown):
    SiteSettings.objects.update(time_zone=site)
    seen = pages_zone(rf, object() if own is None else Reader(own))

    assert seen == shown
    assert timezone.get_current_timezone_name() == "UTC"


def pages_zone(rf: RequestFactory, user: object) -> str:
    """Return the time zone in which this reader's pages are rendered."""
    seen = []

    def respond(request: HttpRequest) -> HttpResponse:
        middleware.process_view(request, None, (), {})
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    middleware = TimeZoneMiddleware(respond)
    request = rf.get("/")
    request.user, request.resolver_match = user, None
    middleware(request)
    return seen[0]
