"""Check a ticket: mails a fresh link, and answers the same whether or not there is such a ticket."""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.people import normalise
from core import throttle
from mail import notifications, senders
from portal import pace
from portal.forms import CheckForm
from tickets.models import Participant

CLIENT_LIMIT, WINDOW = 20, timedelta(hours=1)
# Links that strangers may have mailed to one person about one ticket.
LINK_LIMIT, LINK_WINDOW = 3, timedelta(minutes=10)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def check(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, CheckForm(), 200)
    form = CheckForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    if not throttle.allow(request, "portal.check", CLIENT_LIMIT, WINDOW):
        form.add_error(None, _("You asked for many links in a short time. Wait a while, then ask again."))
        return _page(request, form, 429)
    with pace.even():
        _mail_link(request, form.cleaned_data["email"], form.cleaned_data["number"], at=now())
    return redirect("portal:check_sent")


@require_safe
def check_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/check_sent.html", {"nav_current": "check", "has_mail": senders.has_any_way()})


def _mail_link(request: HttpRequest, email: str, number: str, *, at: datetime) -> None:
    """Mail the link if this address takes part in this ticket, and was not sent a few already."""
    participant = (
        Participant.objects.by_own_address()
        .select_related("address", "ticket")
        .filter(address__email=normalise(email), ticket__number=number)
        .filter(ticket__trashed_at=None, ticket__merged_into=None)
        .first()
    )
    # Counted for what does not exist, too: the same work.
    key = f"{number} {normalise(email)}"
    if throttle.allow(request, "portal.link", LINK_LIMIT, LINK_WINDOW, key=key) and participant:
        notifications.send_link(participant, at=at)


def _page(request: HttpRequest, form: CheckForm, status: int) -> HttpResponse:
    context = {"form": form, "nav_current": "check", "has_mail": senders.has_any_way()}
    return render(request, "portal/check.html", context, status=status)
