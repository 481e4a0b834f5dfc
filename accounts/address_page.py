"""The page behind the link that confirms an address. Looking at it changes nothing: mail scanners look at links too."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import addresses
from accounts.people import confirm


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    try:
        address = addresses.read(token)
    except addresses.LinkInvalid:
        return _guarded(render(request, "account/address_invalid.html", status=404))
    if request.method == "POST":
        confirm(address, at=now())
    return _guarded(render(request, "account/address_confirm.html", {"address": address}))


def _guarded(answer: HttpResponse) -> HttpResponse:
    """Keep the link out of other sites' logs and out of search engines."""
    answer["Referrer-Policy"] = "same-origin"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
