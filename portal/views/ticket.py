"""A requester's ticket: look, write, confirm, fetch files, by its link or signed in. Looking changes nothing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core import throttle
from core.downloads import file_response
from core.policies import with_images_from_elsewhere
from portal import reading
from portal.forms import MessageForm, PersonForm, SeenForm
from portal.views.door import Held
from portal.views.sent import sent_token
from tickets import actions, policy
from tickets.errors import ChangedMeanwhile, DeedRefused, NothingWritten
from tickets.models import Attachment, Source, Status, TicketEvent
from tickets.policy import Deed

CLIENT_LIMIT, WINDOW = 60, timedelta(hours=1)


@require_safe
def ticket(request: HttpRequest, held: Held) -> HttpResponseBase:
    """Show the ticket; only who asks for the images of a mail by a link of this page may have them loaded."""
    response = page(request, held, at=now())
    return with_images_from_elsewhere(request, response) if "images" in request.GET else response


@require_http_methods(["GET", "HEAD", "POST"])
def message(request: HttpRequest, held: Held) -> HttpResponseBase:
    """Add a message. A resolved or closed ticket comes back by it; one closed too long ago is followed by a new one."""
    if request.method != "POST":
        return HttpResponseRedirect(held.url)
    at = now()
    if not throttle.allow(request, "portal.message", CLIENT_LIMIT, WINDOW):
        form = MessageForm(request.POST)
        form.add_error(
            None, _("These are many messages in a short time. Wait a while, choose your files again, and send.")
        )
        return page(request, held, form=form, at=at, status=429)
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        return page(request, held, form=form, at=at, status=422)
    held.confirm(at)
    try:
        entry = actions.add_message(
            ticket=held.ticket,
            address=held.address(),
            text=form.cleaned_data["text"],
            files=form.cleaned_data["attachments"],
            source=Source.WEB,
            by=held.principal,
            at=at,
            seen=_seen(request, held),
            request_key=form.sent_as(),
        )
    except ChangedMeanwhile as refusal:
        return page(request, held, form=form, at=at, status=409, problem=str(refusal), changed=refusal.events)
    except NothingWritten as refusal:
        form.add_error("text", str(refusal))
        return page(request, held, form=form, at=at, status=422)
    except DeedRefused as refusal:
        return page(request, held, form=form, at=at, status=409, problem=str(refusal))
    if entry.ticket_id != held.ticket.pk:
        return redirect("portal:sent", sent_token(entry.ticket))
    messages.success(request, _("Your message is sent."))
    return HttpResponseRedirect(f"{held.url}#e{reading.place_of(entry)}")


@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, held: Held) -> HttpResponseBase:
    """Confirm that it is solved. Sent twice, it is closed once."""
    if request.method != "POST":
        return HttpResponseRedirect(held.url)
    at = now()
    held.confirm(at)
    if held.ticket.status != Status.CLOSED:
        try:
            actions.close(ticket=held.ticket, by=held.principal, at=at, seen=_seen(request, held))
        except ChangedMeanwhile as refusal:
            return page(request, held, at=at, status=409, problem=_changed(), changed=refusal.events)
        except DeedRefused as refusal:
            held.ticket.refresh_from_db()
            # Sent twice at once, the other one was faster.
            if held.ticket.status != Status.CLOSED:
                return page(request, held, at=at, status=409, problem=str(refusal))
    messages.success(request, _("Thank you. The ticket is closed."))
    return HttpResponseRedirect(held.url)


@require_safe
def file(request: HttpRequest, held: Held, pk: int) -> HttpResponseBase:
    """Send a file of what the requester may read in this ticket."""
    public = Attachment.objects.public().filter(entry__ticket=held.ticket).select_related("blob")
    attachment = public.filter(pk=pk).first()
    if attachment is None:
        raise Http404
    return file_response(
        request,
        attachment.blob,
        name=attachment.name,
        content_type=attachment.content_type,
        inline="inline" in request.GET,
    )


def page(
    request: HttpRequest,
    held: Held,
    *,
    at: datetime,
    form: MessageForm | None = None,
    person_form: PersonForm | None = None,
    status: int = 200,
    problem: str = "",
    changed: Iterable[TicketEvent] = (),
) -> HttpResponse:
    """Draw the ticket as it is now, with what was typed."""
    if status != 200:
        held.reload()
    ticket = held.ticket
    standing = policy.standing(held.principal, ticket)
    # Counted before the thread is read: what comes between counts as not seen.
    seen = reading.count_seen(ticket)
    events = reading.known_events(ticket)
    before = _place(request, "before")
    back = {"before": before} if before is not None else {}
    conversation = reading.conversation(
        ticket,
        events,
        reader=held.user,
        url_of=lambda attachment: held.url_of("file", attachment.pk),
        images_url=lambda place: f"{held.url}?{urlencode(back | {'images': place})}#e{place}",
        before=before,
        images=_place(request, "images"),
    )
    form = form or MessageForm()
    person_form = person_form or PersonForm()
    context: dict[str, Any] = {
        "held": held,
        "ticket": ticket,
        "now": at,
        "seen": seen,
        "form": form,
        "person_form": person_form,
        "refused_form": person_form if person_form.errors else form,
        "problem": problem,
        "changed": reading.changes(changed),
        "steps": reading.steps(ticket, events),
        "conversation": conversation,
        "people": reading.people_on(ticket, reader=held.user),
        "can_write": standing.may(Deed.MESSAGE, ticket).ok,
        "can_close": standing.may(Deed.CLOSE, ticket).ok,
        # By writing: whoever may write brings a ticket back that is done, until it is too late.
        "can_reopen": not ticket.is_working and not policy.is_past_reopening(ticket, at),
        "can_add_people": standing.may(Deed.ADD_COLLABORATOR, ticket).ok,
        "can_leave": standing.may(Deed.LEAVE, ticket).ok,
        "reopens_until": policy.reopens_until(ticket),
        "took": ticket.resolved_at - ticket.opened_at if ticket.resolved_at else None,
        "nav_current": "" if held.is_by_link else "tickets",
    }
    return render(request, "portal/ticket.html", context, status=status)


def _seen(request: HttpRequest, held: Held) -> int:
    """Return the number of the last event that the form's page told of."""
    return reading.event_seen(held.ticket, SeenForm(request.POST).count())


def _changed() -> str:
    return _("This ticket changed before you confirmed. Look at what is new, then decide.")


def _place(request: HttpRequest, name: str) -> int | None:
    """Return the place of the entry to page back from, or to show images of; 404 for what no page of ours links to."""
    text = request.GET.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404
    return int(text)
