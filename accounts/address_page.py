"""The page behind the link that confirms an address. Looking at it changes nothing: mail scanners look at links too."""

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import addresses, audit
from accounts.models import AuditKind, User
from accounts.people import confirm


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    try:
        address = addresses.read(token)
    except addresses.LinkInvalid:
        return _guarded(render(request, "account/address_invalid.html", status=404))
    if address.user.may_sign_in and request.user != address.user:
        # Whoever reads a confirmed address signs in by it: for an account only its owner adds one.
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return _guarded(render(request, "account/address_invalid.html", status=404))
    if request.method == "POST" and not address.is_verified:
        at, by = now(), request.user if isinstance(request.user, User) else None
        with transaction.atomic():
            confirm(address, at=at)
            audit.record(
                AuditKind.CHANGED,
                by=by,
                at=at,
                target=address,
                changes={"confirmed": (False, True)},
            )
    return _guarded(render(request, "account/address_confirm.html", {"address": address}))


def _guarded(answer: HttpResponse) -> HttpResponse:
    """Keep the link out of other sites' logs and out of search engines."""
    answer["Referrer-Policy"] = "same-origin"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
