"""Whose word is taken for where a request comes from."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from core.middleware import TrustedProxyMiddleware

PROXY = "10.0.0.1"
INNER_PROXY = "10.0.0.2"
CLIENT = "203.0.113.7"
STRANGER = "198.51.100.9"


@pytest.fixture(autouse=True)
def proxies(settings):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/24"), ip_network("fd00::/8")]


def arrive(peer: str, **headers: str) -> Any:
    """Return the request as views see it."""
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    TrustedProxyMiddleware(view)(RequestFactory().get("/", REMOTE_ADDR=peer, **named))
    return seen[0]


def test_without_proxies_the_peer_is_the_client():
    request = arrive(CLIENT)

    assert request.client_ip == request.META["REMOTE_ADDR"] == CLIENT
    assert not request.came_by_proxy


def test_our_proxy_tells_the_client_and_the_scheme():
    request = arrive(PROXY, x_forwarded_for=CLIENT, x_forwarded_proto="https")

    assert request.client_ip == request.META["REMOTE_ADDR"] == CLIENT
    assert request.is_secure()
    assert request.came_by_proxy


def test_a_stranger_may_claim_what_he_likes():
    request = arrive(STRANGER, x_forwarded_for="127.0.0.1", x_forwarded_proto="https")

    assert request.client_ip == STRANGER
    assert not request.is_secure()


@pytest.mark.parametrize("peer", [PROXY, STRANGER])
@pytest.mark.parametrize(
    "name", ["x_forwarded_for", "x_forwarded_proto", "x_forwarded_host", "x_real_ip", "forwarded", "via"]
)
def test_forwarding_headers_end_here_but_leave_their_mark(peer, name):
    request = arrive(peer, **{name: "127.0.0.1"})

    assert f"HTTP_{name.upper()}" not in request.META
    assert name.replace("_", "-") not in request.headers
    assert request.came_by_proxy


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        (f"127.0.0.1, {CLIENT}", CLIENT),
        (f"127.0.0.1, {CLIENT}, {INNER_PROXY}", CLIENT),
        (f"127.0.0.1,{CLIENT},{INNER_PROXY} , 10.0.0.3", CLIENT),
        (INNER_PROXY, INNER_PROXY),
        ("", PROXY),
        ("unknown", PROXY),
        (f"{CLIENT}, unknown", PROXY),
        (f"unknown, {INNER_PROXY}", INNER_PROXY),
        (f"{CLIENT}:4711", CLIENT),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        (f"::ffff:{CLIENT}", CLIENT),
        ("<script>", PROXY),
    ],
)
def test_the_list_is_read_from_our_side_up_to_the_first_stranger(forwarded_for, client):
    assert arrive(PROXY, x_forwarded_for=forwarded_for).client_ip == client


@pytest.mark.parametrize("peer", ["fd00::1", f"::ffff:{PROXY}"])
def test_a_proxy_may_speak_ipv6(peer):
    assert arrive(peer, x_forwarded_for=CLIENT).client_ip == CLIENT


@pytest.mark.parametrize(
    ("proto", "secure"),
    [("https", True), ("HTTPS", True), ("http", False), ("http, https", True), ("javascript", False), ("", False)],
)
def test_only_a_real_scheme_counts_and_the_nearest_proxy_has_the_last_word(proto, secure):
    assert arrive(PROXY, x_forwarded_for=CLIENT, x_forwarded_proto=proto).is_secure() is secure


def test_a_peer_without_an_address_is_nobody():
    request = arrive("", x_forwarded_for=CLIENT)

    assert request.client_ip == ""


def test_nobody_is_trusted_by_default(settings):
    settings.TRUSTED_PROXIES = []

    assert arrive("127.0.0.1", x_forwarded_for=CLIENT).client_ip == "127.0.0.1"
