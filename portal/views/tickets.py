"""My tickets: what whoever is signed in takes part in, and what their organisation shares with them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from accounts.principal import Principal
from portal import listing
from portal.views.door import signed_in
from tickets.models import TicketQuerySet


@signed_in
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    principal = _principal(request)
    return _page(request, listing.own(principal), is_shared=False, has_shared=listing.shared(principal).exists())


@signed_in
@require_safe
def shared(request: HttpRequest) -> HttpResponse:
    return _page(request, listing.shared(_principal(request)), is_shared=True, has_shared=True)


def _principal(request: HttpRequest) -> Principal:
    assert request.user.is_authenticated  # signed_in
    return Principal.requester(request.user)


def _page(request: HttpRequest, tickets: TicketQuerySet, *, is_shared: bool, has_shared: bool) -> HttpResponse:
    found = listing.read(tickets, listing.Wanted.read(request.GET))
    context = {
        "listing": found,
        "sorts": [(name, sort.label) for name, sort in listing.SORTS.items()],
        "is_shared": is_shared,
        "has_shared": has_shared,
        "now": now(),
        "nav_current": "tickets",
    }
    return render(request, "portal/tickets.html", context)
