"""Whether a request was made on this very machine."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from core.middleware import FORWARDING_HEADERS
from core.throttle import client_ip

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_local(request: HttpRequest) -> bool:
    """Say whether the request came over loopback and nobody forwarded it: no proxy, no tunnel.

    Never where PUBLIC_URL is a name for others: such a help desk has a proxy before it, and one on the same machine
    that adds no header would make all its visitors look as if they sat there.
    """
    if urlsplit(settings.PUBLIC_URL).hostname not in LOCAL_NAMES:
        return False
    if getattr(request, "came_by_proxy", False) or any(name in request.META for name in FORWARDING_HEADERS):
        return False
    try:
        return ip_address(client_ip(request)).is_loopback
    except ValueError:
        return False
