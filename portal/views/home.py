"""The start page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from accounts.principal import Principal
from mail import senders
from portal import listing
from portal.forms import CheckForm
from portal.views.door import guard

# The newest tickets of whoever is signed in.
TICKETS_SHOWN = 5


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    context = {"form": CheckForm(), "now": now(), "has_mail": senders.has_any_way()}
    if not request.user.is_authenticated:
        return render(request, "portal/home.html", context)
    context["tickets"] = listing.newest(listing.own(Principal.requester(request.user)), TICKETS_SHOWN)
    response = render(request, "portal/home.html", context)
    guard(response)
    return response
