"""The door of ticket pages: a signed link, good for one ticket, read anew by every request."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from accounts.models import Address
from accounts.principal import Principal
from portal.forms import CheckForm
from tickets import links
from tickets.links import LinkInvalid
from tickets.models import Ticket


@dataclass(slots=True)
class Held:
    """What the holder of a valid link has: who they are, and their ticket."""

    token: str
    address: Address
    principal: Principal
    ticket: Ticket


LinkView = Callable[..., HttpResponseBase]


def by_link(view: LinkView) -> LinkView:
    """Let the view see the ticket behind `token` as `held`; an expired, forged or revoked link gets one page, 404."""

    @wraps(view)
    def opened(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponseBase:
        held = _read(token)
        return guard(view(request, held, **kwargs) if held else _not_found(request))

    return opened


def load(principal: Principal, ticket_id: int) -> Ticket | None:
    """Return the ticket as its page needs it, if `principal` sees it."""
    related = ("department", "topic", "assignee", "team", "follow_up_of")
    return Ticket.objects.visible_to(principal).select_related(*related).filter(pk=ticket_id).first()


def guard(response: HttpResponseBase) -> HttpResponseBase:
    """Keep the page out of caches and search engines, and its address out of other sites' logs.

    "same-origin", not "no-referrer": with that, browsers send forms with "Origin: null" (Fetch, "append a request
    Origin header"), which the CSRF check has to refuse.
    """
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _read(token: str) -> Held | None:
    try:
        participant = links.read(token)
    except LinkInvalid:
        return None
    principal = Principal.link(participant.user, participant.ticket_id)
    ticket = load(principal, participant.ticket_id)
    return Held(token, participant.address, principal, ticket) if ticket else None


def _not_found(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/link_invalid.html", {"form": CheckForm()}, status=404)
