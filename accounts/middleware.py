"""What holds for whoever is signed in: sessions end when nobody uses them, and agents may need a second factor."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import ResolverMatch, reverse
from django.utils.timezone import now

from accounts import sessions
from accounts.second_factor import lacks_second_factor
from core.context import site_of
from core.middleware import GetResponse

# Where an agent who has yet to set up the second factor may go: what requesters may see, and the pages of sign-in.
# Everything else is closed, so that a door that comes later is closed, too.
OPEN_NAMESPACES = frozenset({"portal", "pages"})
OPEN_PREFIXES = ("account_", "mfa_", "usersessions_")
OPEN_NAMES = frozenset({"site-logo", "healthz", "confirm_address"})


class SignedInMiddleware:
    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        # The health check tells about the database itself.
        if match is None or match.url_name == "healthz" or not request.user.is_authenticated:
            return None
        site = site_of(request)
        if not sessions.keep_or_end(request, request.user, site, at=now()):
            return None
        if _is_open(match) or not lacks_second_factor(request.user, site):
            return None
        if "HX-Request" in request.headers:
            return HttpResponse(headers={"HX-Redirect": reverse("mfa_index")})
        return redirect("mfa_index")


def _is_open(match: ResolverMatch) -> bool:
    if match.namespaces:
        return match.namespaces[0] in OPEN_NAMESPACES
    name = match.url_name or ""
    return name in OPEN_NAMES or name.startswith(OPEN_PREFIXES)
