"""The two doors of a ticket's page: a signed link, good for one ticket, and an account. Both are read every time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts import joining
from accounts.models import Address, User
from accounts.principal import Face, Principal
from portal.forms import CheckForm
from tickets import links
from tickets.links import LinkInvalid
from tickets.models import Participant, Ticket, TicketQuerySet

# What a ticket's page shows of it.
RELATED = ("department", "topic__parent__parent", "assignee", "team", "follow_up_of", "requester")


@dataclass(slots=True)
class Held:
    """A ticket in somebody's hands: who they are, through which door they came, where they are reached about it.

    `key` is what stands in the page's address: the link's token, or the ticket's number. Without a part in the ticket
    (`participant`), a colleague whose organisation shares its tickets just reads.
    """

    key: str
    principal: Principal
    ticket: Ticket
    participant: Participant | None

    @property
    def user(self) -> User:
        assert self.principal.user is not None  # a link is somebody's, and so is an account
        return self.principal.user

    @property
    def is_by_link(self) -> bool:
        return self.principal.face == Face.LINK

    def address(self) -> Address:
        """Return where they are reached about this ticket."""
        return self.participant.address if self.participant else self.user.addresses.get(is_primary=True)

    def url_of(self, page: str, *args: object) -> str:
        """Return the address of the ticket's page, or of one of its buttons, behind the same door."""
        return reverse(f"portal:{'' if self.is_by_link else 'my_'}{page}", args=[self.key, *args])

    @property
    def url(self) -> str:
        return self.url_of("ticket")

    @property
    def message_url(self) -> str:
        return self.url_of("message")

    @property
    def close_url(self) -> str:
        return self.url_of("close")

    @property
    def add_person_url(self) -> str:
        return self.url_of("add_person")

    @property
    def remove_person_url(self) -> str:
        return self.url_of("remove_person")

    @property
    def leave_url(self) -> str:
        return self.url_of("leave")

    def reload(self) -> None:
        """Read the ticket again, as far as it can still be seen."""
        self.ticket = find(self.principal, pk=self.ticket.pk) or self.ticket

    def confirm(self, at: datetime) -> None:
        """Note that the link's address is read by whoever holds the link, which only a mail to it gives.

        In a demo without a mail server the link stood on a page, and proves nothing. An account proves no address.
        Who had only claimed the address is not who acts: from now on the ticket is of whoever reads it.
        """
        if not (self.is_by_link and self.participant and (settings.MAIL_URL or not settings.DEMO)):
            return
        if self.participant.address.is_verified:
            return
        address = joining.shown_to_read(self.participant.address.email, at=at)
        if address.user_id != self.user.pk:
            self.principal = Principal.link(address.user, self.ticket.pk)
            self.participant = (
                self.ticket.participants.select_related("address", "user").filter(address=address).first()
            )
            self.reload()


HeldView = Callable[..., HttpResponseBase]


def by_link(view: HeldView) -> HeldView:
    """Let the view see the ticket behind `token` as `held`; an expired, forged or revoked link gets one page, 404."""

    @wraps(view)
    def opened(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponseBase:
        held = _by_link(token)
        return guard(view(request, held, **kwargs) if held else _not_found(request))

    return opened


def by_account(view: HeldView) -> HeldView:
    """Let the view see the ticket of that number as `held`, if it is for whoever is signed in; else it is not there."""

    @wraps(view)
    @signed_in
    def opened(request: HttpRequest, number: str, **kwargs: Any) -> HttpResponseBase:
        assert request.user.is_authenticated  # signed_in
        principal = Principal.requester(request.user)
        ticket = find(principal, number=number)
        if ticket is None:
            raise Http404
        part = ticket.participants.select_related("address", "user").filter(user=request.user).first()
        return view(request, Held(number, principal, ticket, part), **kwargs)

    return opened


def signed_in(view: HeldView) -> HeldView:
    """Let people in who are signed in; others sign in first, and come back to the page they were on."""

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return guard(view(request, *args, **kwargs))
        # From a form that could not be sent, back to its ticket, or else to the list.
        back = request.get_full_path()
        if request.method not in {"GET", "HEAD"}:
            number = kwargs.get("number")
            back = reverse("portal:my_ticket", args=[number]) if number else reverse("portal:tickets")
        return redirect_to_login(back)

    return guarded


def find(principal: Principal, **which: object) -> Ticket | None:
    """Return the ticket as its page needs it, if `principal` sees it."""
    seen: TicketQuerySet = Ticket.objects.visible_to(principal)
    return seen.select_related(*RELATED).filter(**which).first()


def guard(response: HttpResponseBase) -> HttpResponseBase:
    """Keep the page out of caches and search engines, and its address out of other sites' logs.

    "same-origin", not "no-referrer": with that, browsers send forms with "Origin: null" (Fetch, "append a request
    Origin header"), which the CSRF check has to refuse.
    """
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _by_link(token: str) -> Held | None:
    try:
        participant = links.read(token)
    except LinkInvalid:
        return None
    principal = Principal.link(participant.user, participant.ticket_id)
    ticket = find(principal, pk=participant.ticket_id)
    return Held(token, principal, ticket, participant) if ticket else None


def _not_found(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/link_invalid.html", {"form": CheckForm()}, status=404)
