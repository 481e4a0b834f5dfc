"""Who is asking, from where, in which language and time zone: set on every request before anything looks."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from core import clients
from core.context import site_of
from core.languages import has_choice, offered
from core.machines import is_machine

IPAddress = IPv4Address | IPv6Address
GetResponse = Callable[[HttpRequest], HttpResponse]

# What proxies add. Only the first two are ever read, and only from TRUSTED_PROXIES; the rest is in
# nobody's contract with us.
FORWARDED_FOR = "HTTP_X_FORWARDED_FOR"
FORWARDED_PROTO = "HTTP_X_FORWARDED_PROTO"
FORWARDING_HEADERS = (
    FORWARDED_FOR,
    FORWARDED_PROTO,
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_SERVER",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_VIA",
)


class AddressedRequest(HttpRequest):
    """A request after TrustedProxyMiddleware."""

    # The address of who asks, as far as we believe it; what throttles count by.
    client_ip: str
    # Whether anybody said that the request was forwarded, believed or not.
    came_by_proxy: bool


class TrustedProxyMiddleware:
    """Take the client's address and scheme from X-Forwarded-* if the direct peer is one of TRUSTED_PROXIES.

    The headers are dropped either way, so that nothing behind can believe a stranger's.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request = cast(AddressedRequest, request)
        said = {name: request.META.pop(name) for name in FORWARDING_HEADERS if name in request.META}
        request.came_by_proxy = bool(said)
        peer = _parse(request.META.get("REMOTE_ADDR", ""))
        if peer is not None and _is_trusted(peer):
            peer = _client_behind(peer, said.get(FORWARDED_FOR, ""))
            scheme = said.get(FORWARDED_PROTO, "").split(",")[-1].strip().lower()
            if scheme in {"http", "https"}:
                cast(Any, request).environ["wsgi.url_scheme"] = scheme
                request.META["wsgi.url_scheme"] = scheme
        request.client_ip = str(peer) if peer is not None else ""
        request.META["REMOTE_ADDR"] = request.client_ip
        with clients.answering(request.client_ip):
            return self.get_response(request)


class MachineMiddleware:
    """Let no cookie through to the doors for programs: who happens to be signed in there means nothing."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_machine(request):
            request.META.pop("HTTP_COOKIE", None)
            request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        return self.get_response(request)


class LanguageMiddleware:
    """Speak the language that the reader has chosen; without one what the browser asks for stays (LocaleMiddleware)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        # With one language nobody is asked who they are.
        if has_choice() and (language := offered(getattr(request.user, "language", ""))):
            translation.activate(language)
            request.LANGUAGE_CODE = language


class TimeZoneMiddleware:
    """Show times in the reader's time zone, else in the site's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        # The health check tells about the database itself.
        if request.resolver_match and request.resolver_match.url_name == "healthz":
            return
        name = getattr(request.user, "time_zone", "") or site_of(request).time_zone
        timezone.activate(ZoneInfo(name))


def _client_behind(peer: IPAddress, forwarded_for: str) -> IPAddress:
    """Return the nearest address that is not one of our proxies, reading from our side.

    What stands further left was written by strangers.
    """
    for text in reversed(forwarded_for.split(",")):
        address = _parse(text.strip())
        if address is None:
            break
        peer = address
        if not _is_trusted(peer):
            break
    return peer


def _is_trusted(address: IPAddress) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def _parse(text: str) -> IPAddress | None:
    """Return the address without a port, and an IPv4 address written as IPv6 (RFC 4291 2.5.5.2) as IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
