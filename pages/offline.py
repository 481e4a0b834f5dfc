"""While the help desk is switched off for requesters (PARITY P03): who is let in, and what the others are told.

Closed is everything that is not opened here, so that a door that comes later is closed, too.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import ResolverMatch

from core.context import site_of
from core.machines import is_machine, plain
from core.middleware import GetResponse
from pages import live
from pages.models import PageKind

# When programs and search engines may ask again, in seconds.
RETRY_AFTER = 900
SENTENCE = "This help desk is switched off for a while. Try again later."

# What is for agents and administrators alone says so itself; mail is taken in; pages of their own are read.
OPEN_NAMESPACES = frozenset({"desk", "reports", "admin", "rights", "diagnosis", "hooks", "pages"})
# A mail that is posted is taken in, and wrong addresses say that they are wrong.
OPEN_OF_API = frozenset(
    {"email", "cron", "other-format", "email-http-php", "cron-http-php", "other-format-http-php", "root", "nothing"}
)
OPEN_NAMES = frozenset({"healthz", "metrics", "site-logo", "setup", "hide-next-steps"})
# These have no name.
OPEN_ROUTES = frozenset({"admin/", "favicon.ico"})
# Signing in, for agents. Whoever has no account gets none meanwhile.
OPEN_PREFIXES = ("account_", "mfa_", "usersessions_")
CLOSED_NAMES = frozenset(
    {
        *("account_register", "account_registration_sent", "account_confirm_registration", "account_registered"),
        "account_invitation",
    }
)


class OfflineMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or is_open(match) or site_of(request).is_online or works_here(request.user):
            return None
        if is_machine(request):
            return plain(503, SENTENCE, {"Retry-After": str(RETRY_AFTER)})
        shown = live.shown(request, PageKind.OFFLINE)
        response = render(request, "pages/offline.html", {"text": shown}, status=503)
        response["Retry-After"] = str(RETRY_AFTER)
        response["Cache-Control"] = "private, no-store"
        return response


def is_open(match: ResolverMatch) -> bool:
    """Say whether requesters, too, get what they would get if the help desk were not switched off."""
    name = match.url_name or ""
    if match.namespaces:
        place = match.namespaces[0]
        return place in OPEN_NAMESPACES or (place == "api" and name in OPEN_OF_API)
    return (
        name in OPEN_NAMES
        or match.route in OPEN_ROUTES
        or (name.startswith(OPEN_PREFIXES) and name not in CLOSED_NAMES)
    )


def works_here(user: Any) -> bool:
    return bool(getattr(user, "is_agent", False) or getattr(user, "is_administrator", False))
