"""Who is let in: keys, the addresses they are bound to, and how often (PARITY Y01, Y04)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import AuditEvent, AuditKind
from accounts.tries import TRIES_PER_CLIENT
from api import keys
from api.models import ApiKey
from core import wakeups
from tests.api.conftest import KEY, wanted
from tickets.models import HelpTopic, Ticket

pytestmark = pytest.mark.django_db

PLACES = ("tickets.json", "tickets.xml", "tickets.email", "tasks/cron")


def said(response) -> tuple[int, str]:
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    return response.status_code, response.content.decode()


@pytest.mark.parametrize("place", [*PLACES, *(f"http.php/{place}" for place in PLACES)])
def test_without_a_good_key_nobody_comes_in(send, api_key, place):
    assert said(send(place, wanted(), key=None)) == (401, "Valid API key required")
    assert said(send(place, wanted(), key="no such key")) == (401, "Valid API key required")
    assert said(send(place, wanted(), key="x" * 100_000)) == (401, "Valid API key required")
    ApiKey.objects.update(is_active=False)
    assert said(send(place, wanted()))[0] == 401
    assert said(send(place, wanted()))[1] == "API key not found/active or source IP not authorized"
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("place", PLACES)
def test_a_key_does_only_what_it_is_for(send, place):
    ApiKey.objects.update(can_create_tickets=False)

    assert said(send(place, wanted())) == (401, "API key not authorized")


def test_cron_answers_as_osticket_does_and_wakes_the_relay(send, monkeypatch):
    woken = []
    monkeypatch.setattr(wakeups, "wake", lambda: woken.append(True))
    ApiKey.objects.update(can_run_cron=True, can_create_tickets=False)

    assert said(send("tasks/cron", "")) == (200, "Completed")
    assert woken == [True]


@pytest.mark.parametrize(
    ("networks", "peer", "forwarded", "proxies", "status"),
    [
        ("", "203.0.113.5", "", "", 201),
        ("203.0.113.5", "203.0.113.5", "", "", 201),
        ("198.51.100.0/24\n203.0.113.0/29", "203.0.113.5", "", "", 201),
        ("203.0.113.6", "203.0.113.5", "", "", 401),
        ("2001:db8::/48", "2001:db8::7", "", "", 201),
        ("203.0.113.5", "::ffff:203.0.113.5", "", "", 201),
        # Whoever says so themselves is not believed; who comes by our proxy is.
        ("198.51.100.7", "203.0.113.5", "198.51.100.7", "", 401),
        ("198.51.100.7", "203.0.113.5", "198.51.100.7", "203.0.113.5/32", 201),
        ("203.0.113.5", "203.0.113.5", "198.51.100.7", "203.0.113.5/32", 401),
    ],
)
def test_a_key_is_bound_to_its_addresses(api_key, settings, networks, peer, forwarded, proxies, status):
    from ipaddress import ip_network

    settings.TRUSTED_PROXIES = [ip_network(each) for each in proxies.split()]
    ApiKey.objects.update(networks=networks)
    extra = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}

    response = Client(REMOTE_ADDR=peer).post(
        "/api/tickets.json", wanted(), content_type="application/json", HTTP_X_API_KEY=KEY, **extra
    )

    assert response.status_code == status


def test_a_key_may_be_for_some_help_topics_alone(send, api_key, topic):
    api_key.topics.add(topic)
    other = HelpTopic.objects.create(name="Refunds")

    assert "topicId: This API key may not" in said(send("tickets.json", wanted(topicId=other.pk)))[1]
    assert "topicId: This API key may not" in said(send("tickets.json", wanted()))[1]
    assert said(send("tickets.email", "Subject: x\n\nx")) == (401, "API key not authorized")
    assert send("tickets.json", wanted(topicId=topic.pk)).status_code == 201


def test_failed_keys_count_like_failed_sign_ins(send):
    for _time in range(TRIES_PER_CLIENT):
        assert send("tickets.json", wanted(), key="wrong").status_code == 401

    response = send("tickets.json", wanted(), key="wrong")

    assert said(response) == (429, "Too many requests. Wait a minute, then send this again.")
    assert response["Retry-After"] == "300"
    told = list(AuditEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert told == [AuditKind.REFUSED] * TRIES_PER_CLIENT + [AuditKind.LOCKED]
    assert "wrong" not in str(list(AuditEvent.objects.values()))
    # A good key from the same address is not kept out by them.
    assert send("tickets.json", wanted()).status_code == 201


def test_a_key_is_throttled(send, api_key, monkeypatch, throttle_clock):
    monkeypatch.setattr(keys, "MOST_OF_KEY", 2)

    assert [send("tickets.json", wanted()).status_code for _time in range(3)] == [201, 201, 429]


def test_a_client_is_throttled_before_its_key_is_looked_at(send, monkeypatch, throttle_clock):
    monkeypatch.setattr(keys, "MOST_OF_CLIENT", 1)

    assert [send("tickets.json", wanted(), key="wrong").status_code for _time in range(2)] == [401, 429]


def test_the_last_use_is_written_once_a_minute(api_key, rf, django_assert_num_queries):
    at = now()
    for moment in (at, at + timedelta(seconds=30)):
        keys._note_use(ApiKey.objects.get(), moment)
        assert ApiKey.objects.get().last_used_at == at
    keys._note_use(ApiKey.objects.get(), at + timedelta(seconds=60))
    assert ApiKey.objects.get().last_used_at == at + timedelta(seconds=60)


def test_a_key_is_kept_as_a_digest_alone(api_key):
    kept = str(ApiKey.objects.values().get())

    assert KEY not in kept
    assert keys.find(KEY) == api_key
    assert keys.find(KEY.lower()) is None


# --- The door itself ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("place", [*PLACES, "", "nothing/here", "http.php", "http.php/tickets.json"])
def test_only_post_means_anything_and_nothing_is_redirected(api_key, place, method):
    response = Client().generic(method, f"/api/{place}", headers={"X-API-Key": KEY})

    assert response.status_code == 400
    assert method == "HEAD" or response.content == b"URL not supported"


def test_formats_that_nobody_reads_are_told(send):
    assert said(send("tickets.yaml", "a: b")) == (415, "Unsupported data format")
    assert said(send("http.php/tickets.yaml", "a: b")) == (415, "Unsupported data format")
    assert said(send("tickets.json", "x", Content_Encoding="gzip")) == (415, "Unsupported data format")


def test_a_cookie_means_nothing_here(api_key, sign_in, grace):
    client = sign_in(grace)

    response = client.post("/api/tickets.json", wanted(), content_type="application/json", HTTP_X_API_KEY=KEY)

    assert response.status_code == 201
    assert not response.cookies


def test_the_key_is_not_taken_in_the_clear(send, settings):
    settings.SECURE_SSL_REDIRECT = True

    response = send("tickets.json", wanted())

    assert said(response) == (400, "HTTPS protocol required")
    assert not Ticket.objects.exists()


def test_what_breaks_is_told_in_plain_text(send, monkeypatch):
    def fail(*args: object, **given: object) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr("api.opening.open_ticket", fail)
    client = Client(raise_request_exception=False)

    response = client.post("/api/tickets.json", wanted(), content_type="application/json", HTTP_X_API_KEY=KEY)

    assert said(response) == (500, "unknown error")


def test_a_host_that_is_not_ours_is_told_in_plain_text(api_key):
    response = Client(SERVER_NAME="evil.example").post("/api/tickets.json", {}, content_type="application/json")

    assert said(response)[0] == 400


def test_a_body_that_is_too_large_is_refused_before_it_is_read(send):
    client = Client()

    response = client.generic(
        "POST", "/api/tickets.json", b"{}", headers={"X-API-Key": KEY}, CONTENT_LENGTH=str(100 * 1024 * 1024)
    )

    assert said(response) == (400, "This request is too large. Up to 64 MB are taken.")
