"""A requester's ticket by its link: look, write, confirm, fetch files. Looking changes nothing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import people
from accounts.models import Address
from core import throttle
from core.downloads import file_response
from portal import reading
from portal.forms import MessageForm, SeenForm
from portal.views.link import Held, by_link, load
from portal.views.new import sent_token
from tickets import actions, policy
from tickets.errors import ChangedMeanwhile, DeedRefused, NothingWritten
from tickets.models import Attachment, Source, Status, TicketEvent
from tickets.policy import Deed

CLIENT_LIMIT, WINDOW = 60, timedelta(hours=1)


@require_safe
@by_link
def ticket(request: HttpRequest, held: Held) -> HttpResponseBase:
    return _page(request, held, MessageForm(), at=now())


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def message(request: HttpRequest, held: Held) -> HttpResponseBase:
    """Add a message. A resolved or closed ticket comes back by it; one closed too long ago is followed by a new one."""
    if request.method != "POST":
        return redirect("portal:ticket", held.token)
    at = now()
    if not throttle.allow(request, "portal.message", CLIENT_LIMIT, WINDOW):
        form = MessageForm(request.POST)
        form.add_error(
            None, _("These are many messages in a short time. Wait a while, choose your files again, and send.")
        )
        return _page(request, held, form, at=at, status=429)
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, held, form, at=at, status=422)
    _confirm(held.address, at)
    try:
        entry = actions.add_message(
            ticket=held.ticket,
            address=held.address,
            text=form.cleaned_data["text"],
            files=form.cleaned_data["attachments"],
            source=Source.WEB,
            by=held.principal,
            at=at,
            seen=_seen(request, held),
            request_key=form.sent_as(),
        )
    except ChangedMeanwhile as refusal:
        return _page(request, held, form, at=at, status=409, problem=str(refusal), changed=refusal.events)
    except NothingWritten as refusal:
        form.add_error("text", str(refusal))
        return _page(request, held, form, at=at, status=422)
    except DeedRefused as refusal:
        return _page(request, held, form, at=at, status=409, problem=str(refusal))
    if entry.ticket_id != held.ticket.pk:
        return redirect("portal:sent", sent_token(entry.ticket))
    messages.success(request, _("Your message is sent."))
    return redirect(f"{reverse('portal:ticket', args=[held.token])}#e{reading.place_of(entry)}")


@require_http_methods(["GET", "HEAD", "POST"])
@by_link
def close(request: HttpRequest, held: Held) -> HttpResponseBase:
    """Confirm that it is solved. Sent twice, it is closed once."""
    if request.method != "POST":
        return redirect("portal:ticket", held.token)
    at = now()
    _confirm(held.address, at)
    if held.ticket.status != Status.CLOSED:
        try:
            actions.close(ticket=held.ticket, by=held.principal, at=at, seen=_seen(request, held))
        except ChangedMeanwhile as refusal:
            events = refusal.events
            return _page(request, held, MessageForm(), at=at, status=409, problem=_changed(), changed=events)
        except DeedRefused as refusal:
            held.ticket.refresh_from_db()
            # Sent twice at once, the other one was faster.
            if held.ticket.status != Status.CLOSED:
                return _page(request, held, MessageForm(), at=at, status=409, problem=str(refusal))
    messages.success(request, _("Thank you. The ticket is closed."))
    return redirect("portal:ticket", held.token)


@require_safe
@by_link
def file(request: HttpRequest, held: Held, pk: int) -> HttpResponseBase:
    """Send a file of what the requester may read in this ticket."""
    public = Attachment.objects.public().filter(entry__ticket=held.ticket).select_related("blob")
    attachment = public.filter(pk=pk).first()
    if attachment is None:
        raise Http404
    return file_response(request, attachment.blob, name=attachment.name, content_type=attachment.content_type)


def _confirm(address: Address, at: datetime) -> None:
    """Note that the address is read by whoever holds the link, which only a mail to it gives.

    In a demo without a mail server the link stood on a page, and proves nothing.
    """
    if settings.MAIL_URL or not settings.DEMO:
        people.confirm(address, at=at)


def _seen(request: HttpRequest, held: Held) -> int:
    """Return the number of the last event that the form's page told of."""
    return reading.event_seen(held.ticket, SeenForm(request.POST).count())


def _changed() -> str:
    return _("This ticket changed before you confirmed. Look at what is new, then decide.")


def _page(
    request: HttpRequest,
    held: Held,
    form: MessageForm,
    *,
    at: datetime,
    status: int = 200,
    problem: str = "",
    changed: Iterable[TicketEvent] = (),
) -> HttpResponse:
    """Draw the ticket as it is now, with what was typed."""
    if status != 200:
        held.ticket = load(held.principal, held.ticket.pk) or held.ticket
    ticket = held.ticket
    standing = policy.standing(held.principal, ticket)
    # Counted before the thread is read: what comes between counts as not seen.
    seen = reading.count_seen(ticket)
    events = reading.known_events(ticket)
    assert held.principal.user is not None  # a link is somebody's
    conversation = reading.conversation(
        ticket,
        events,
        reader=held.principal.user,
        url_of=lambda attachment: reverse("portal:file", args=[held.token, attachment.pk]),
        before=_before(request),
    )
    context: dict[str, Any] = {
        "held": held,
        "ticket": ticket,
        "now": at,
        "seen": seen,
        "form": form,
        "problem": problem,
        "changed": reading.changes(changed),
        "steps": reading.steps(ticket, events),
        "conversation": conversation,
        "can_close": standing.may(Deed.CLOSE, ticket).ok,
        "can_reopen": standing.may(Deed.REOPEN, ticket, at=at).ok,
        "reopens_until": policy.reopens_until(ticket),
        "took": ticket.resolved_at - ticket.opened_at if ticket.resolved_at else None,
    }
    return render(request, "portal/ticket.html", context, status=status)


def _before(request: HttpRequest) -> int | None:
    """Return the place of the entry to page back from; 404 for what no page of ours links to."""
    text = request.GET.get("before", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404
    return int(text)
