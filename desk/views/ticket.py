"""A ticket: its thread, its properties, and what may be done to it."""

from collections.abc import Sequence
from datetime import datetime
from itertools import starmap
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts import bouncing
from accounts.models import Preferences, ThreadOrder
from core.context import site_of
from core.policies import with_images_from_elsewhere
from core.uploads import MAX_FILES
from desk.access import AgentRequest, agent_required, load_ticket
from desk.bounce import Bounce, bounce_of
from desk.composer import ReplyForm, recipients_of
from desk.deeds import deed_url, offers, ticket_url
from desk.held import Held, read_held, take_again, take_up
from desk.history import Line
from desk.names import doer
from desk.senders import Senders, senders_of
from desk.sidebar import Origin, read_id, shell
from desk.thread import Look, read_thread
from desk.views.deliveries import ways_of
from mail import senders
from mail.models import Writer
from sla.models import Target
from tickets import policy
from tickets.actions.collaborators import MOST_COLLABORATORS
from tickets.models import HeldReply, Kind, Participant, Ticket, TicketClock
from tickets.models.clock import Outcome
from tickets.models.people import Part
from tickets.policy import Deed, Standing
from tickets.queues import neighbours
from tickets.quoting import Leak

# The requester's other tickets: counted up to the first number, shown up to the second.
PAST_LIMIT = 100
PAST_SHOWN = 5
RELATED_LIMIT = 20
KEPT_SHOWN = 50

# In this order. editor.js fetches the editor itself.
COMPOSER_SCRIPTS = ("js/composer.js", "js/toolbar.js", "js/editor.js", "js/uploads.js", "js/insert.js")


class Other(NamedTuple):
    """Another ticket, as far as the panel tells of it."""

    pk: int
    number: str
    subject: str
    status: str
    at: datetime
    follows: int | None


@agent_required
@require_safe
def ticket(request: AgentRequest, number: str) -> HttpResponseBase:
    """Show the ticket; only who asks for the images of a mail by a link of this page may have them loaded."""
    response = show_ticket(request, load_for_page(request, number))
    return with_images_from_elsewhere(request, response) if "images" in request.GET else response


def load_for_page(request: AgentRequest, number: str) -> Ticket:
    """Return the ticket with the numbers of its neighbours in the queue it was opened from, `has_held` and
    `has_writers`.
    """
    origin = Origin.read(request.GET)
    # Few tickets have any, and few help desks several addresses: then the page need not ask for them.
    tickets = Ticket.objects.visible_to(request.principal).annotate(
        has_held=Exists(HeldReply.objects.filter(ticket=OuterRef("pk"))), has_writers=Exists(Writer.objects.all())
    )
    if origin.queue is not None:
        sought = (request.principal, now(), origin.department_id, origin.source)
        in_queue, cut = origin.queue.tickets(*sought), origin.queue.first_by_grant(*sought)
        tickets = tickets.annotate(**neighbours(origin.queue, in_queue, cut))
    return load_ticket(request.principal, number, among=tickets)


def show_ticket(
    request: AgentRequest,
    ticket: Ticket,
    *,
    form: ReplyForm | None = None,
    newer: Sequence[Line] = (),
    leaks: Sequence[Leak] = (),
    status: int = 200,
) -> HttpResponse:
    """Return the ticket's page; with `form`, the composer as it was sent."""
    at = now()
    origin = Origin.read(request.GET)
    standing = policy.standing(request.principal, ticket)
    context, _counts = shell(request.principal, at, origin, anywhere=standing.anywhere, ticket=ticket)
    newest_first = Preferences.of(request.user).thread_order == ThreadOrder.NEWEST_FIRST
    thread = read_thread(
        ticket,
        _look(request, ticket, origin, standing, at),
        before=read_id(request.GET.get("before", "")),
        after=read_id(request.GET.get("after", "")),
        newest_first=newest_first,
    )
    context |= {
        "ticket": ticket,
        "now": at,
        "origin": origin,
        "thread": thread,
        "newest_first": newest_first,
        "ticket_url": ticket_url(ticket.number, origin),
        "earlier_url": _page_url(ticket, origin, "before", thread.earlier),
        "later_url": _page_url(ticket, origin, "after", thread.later),
        "is_part": bool(request.htmx),
    }
    if request.htmx:
        # Earlier entries alone are taken from this: what is to be said waits for somebody who reads.
        context["messages"] = ()
    context |= _head(ticket, standing, origin)
    context |= _clocks(ticket)
    people = _people(ticket)
    context |= _composer(request, ticket, standing, origin, form, newer)
    context["has_mail"] = senders.has_any_way()
    context["held"] = _held(request, ticket, standing, origin, at, context["form"], people)
    context["recipients"] = recipients_of(context["form"], people, by=request.user, at=at)
    context["leaks"] = leaks
    context |= _panel(request, ticket, standing, people)
    return render(request, "desk/ticket.html", context, status=status)


def _look(request: AgentRequest, ticket: Ticket, origin: Origin, standing: Standing, at: datetime) -> Look:
    """Return how the agent reads the thread. Images from elsewhere are shown by the page that is looked at."""
    place = {side: entry for side in ("before", "after") if (entry := read_id(request.GET.get(side, ""))) is not None}
    return Look(
        principal=request.principal,
        images_url=lambda entry: f"{_with(ticket, origin, **place, images=entry)}#e{entry}",
        mail_url=lambda entry: reverse("desk:mail", args=[ticket.number, entry]) + origin.query,
        images=read_id(request.GET.get("images", "")),
        recipients=read_id(request.GET.get("recipients", "")),
        move_url=(lambda entry: reverse("desk:move-entry", args=[ticket.number, entry]) + origin.query)
        if standing.may(Deed.MOVE_ENTRY, ticket)
        else None,
        ways=ways_of(ticket, origin, standing),
        at=at,
    )


def _page_url(ticket: Ticket, origin: Origin, side: str, entry: int | None) -> str:
    return _with(ticket, origin, **{side: entry}) if entry is not None else ""


def _with(ticket: Ticket, origin: Origin, **parameters: int) -> str:
    return f"{ticket_url(ticket.number, origin)}{'&' if origin.query else '?'}{urlencode(parameters)}"


def _head(ticket: Ticket, standing: Standing, origin: Origin) -> dict[str, Any]:
    deeds = offers(standing, ticket, origin)
    beside = {name: getattr(ticket, f"{name}_number", None) for name in ("previous", "next")}
    return {
        "back": {"label": origin.label, "url": origin.url},
        "previous_url": ticket_url(beside["previous"], origin) if beside["previous"] else "",
        "next_url": ticket_url(beside["next"], origin) if beside["next"] else "",
        "deeds": deeds,
        "main_deeds": [deed for deed in deeds.values() if deed.is_main],
        "more_deeds": [deed for deed in deeds.values() if not deed.is_main],
        "history_url": deed_url("history", ticket.number, origin),
        "clocks_url": deed_url("clocks", ticket.number, origin),
    }


def _clocks(ticket: Ticket) -> dict[str, Any]:
    """Return the newest clock of each target, in the order of the targets, and the one that is due next."""
    kept = ticket.clocks.exclude(outcome=Outcome.CANCELLED).select_related("hours")
    clocks: list[TicketClock] = list(kept.order_by("started_at", "id"))
    newest = {clock.target: clock for clock in clocks}
    running = [clock for clock in clocks if clock.is_running and clock.has_deadline]
    # Once there was a first response, the next one is the promise to look at.
    if Target.NEXT_RESPONSE in newest and newest[Target.NEXT_RESPONSE].is_running:
        newest.pop(Target.FIRST_RESPONSE, None)
    return {
        "clocks": [newest[target] for target in Target if target in newest],
        "due_clock": min(running, key=lambda clock: clock.deadline_at, default=None),
    }


def _composer(
    request: AgentRequest,
    ticket: Ticket,
    standing: Standing,
    origin: Origin,
    form: ReplyForm | None,
    newer: Sequence[Line],
) -> dict[str, Any]:
    return {
        "form": form if form is not None else _form(request, ticket, standing),
        "action": deed_url("reply", ticket.number, origin),
        "note_action": deed_url("note", ticket.number, origin),
        "can_reply": bool(standing.may(Deed.REPLY, ticket)),
        "can_note": bool(standing.may(Deed.NOTE, ticket)),
        "can_resolve": bool(standing.may(Deed.RESOLVE, ticket)),
        "newer": newer,
        "composer_scripts": COMPOSER_SCRIPTS,
        "upload_url": reverse("desk:upload", args=[ticket.number]),
        "canned_url": reverse("desk:canned", args=[ticket.number]),
        "quote_url": reverse("desk:quote", args=[ticket.number]),
        "max_files": MAX_FILES,
        "max_bytes": site_of(request).max_upload_mb * 1024 * 1024,
    }


def _form(request: AgentRequest, ticket: Ticket, standing: Standing) -> ReplyForm:
    """Return an empty composer, or one with the words of a reply that was taken back."""
    if standing.may(Deed.REPLY, ticket):
        edit, again = (read_id(request.GET.get(name, "")) for name in ("edit", "again"))
        by, offered = request.user, senders_of(request.principal, ticket)
        taken_up = take_up(ticket, edit, by=by, senders=offered) or take_again(ticket, again, by=by, senders=offered)
        return taken_up or ReplyForm(ticket=ticket, by=by, senders=offered)
    return ReplyForm(ticket=ticket, by=request.user, senders=Senders())


def _held(
    request: AgentRequest,
    ticket: Ticket,
    standing: Standing,
    origin: Origin,
    at: datetime,
    form: ReplyForm,
    people: Sequence[Participant],
) -> list[Held]:
    """Return what waits to be sent, or did not go, but for what is in the composer."""
    if not getattr(ticket, "has_held", True):
        return []
    editing = read_id(str(form["held"].value() or ""))
    may_reply = bool(standing.may(Deed.REPLY, ticket))
    return read_held(
        ticket,
        request.principal,
        origin,
        at,
        people=people,
        may_reply=may_reply,
        senders=form.sender_values,
        editing=editing,
    )


def _panel(request: AgentRequest, ticket: Ticket, standing: Standing, people: Sequence[Participant]) -> dict[str, Any]:
    origin = Origin.read(request.GET)
    others = _others_of_requester(request, ticket)
    past = [other for other in others if not _relation(ticket, other)]
    return {
        "address": getattr(ticket, "requester_email", None) or "",
        "address_confirmed": getattr(ticket, "requester_confirmed_at", None) is not None,
        "bounce": _bounce(ticket, origin, standing),
        "past_tickets": [_mini(ticket, other) for other in past[:PAST_SHOWN]],
        "past_count_text": _past_words(len(past)),
        "related": [_mini(ticket, other) for other in others if _relation(ticket, other)],
        "collaborators": [one for one in people if one.role == Part.COLLABORATOR],
        "add_collaborator_url": deed_url("add-collaborator", ticket.number, origin),
        "may_add_collaborators": bool(standing.may(Deed.ADD_COLLABORATOR, ticket)),
        "may_remove_collaborators": bool(standing.may(Deed.REMOVE_COLLABORATOR, ticket)),
        "remove_collaborator_url": deed_url("remove-collaborator", ticket.number, origin),
        "kept_access": _kept_access(ticket, standing),
        "due_date": _due_date(ticket),
        "due_date_deed": offers(standing, ticket, origin).get("due-date"),
        "remove_url": deed_url("remove-referral", ticket.number, origin),
    }


def _due_date(ticket: Ticket) -> dict[str, Any] | None:
    """Return the due date that was set by hand, who set it and when; most tickets have none, and it asks nothing."""
    if ticket.manual_due_at is None:
        return None
    event = ticket.events.filter(kind=Kind.DUE_DATE_SET).select_related("by").order_by("-number").first()
    return {
        "at": ticket.manual_due_at,
        "by": doer(event) if event else _("The help desk"),
        "set_at": event.at if event else None,
    }


def _bounce(ticket: Ticket, origin: Origin, standing: Standing) -> Bounce | None:
    """Return what is wrong with the requester's address, as `load_ticket` found it."""
    since, until, times, said = (
        getattr(ticket, f"requester_{name}", None)
        for name in ("bounces_since", "rests_until", "soft_bounces", "bounce_said")
    )
    address = getattr(ticket, "requester_address", None)
    may_clear = address is not None and standing.may(Deed.REPLY, ticket)
    clear = reverse("desk:clear-bounce", args=[ticket.number, address]) + origin.query if may_clear else ""
    return bounce_of(since, bouncing.rests_until(until, times or 0, now()), said or "", clear)


def _others_of_requester(request: AgentRequest, ticket: Ticket) -> list[Other]:
    """Return the requester's other tickets that this agent may see, newest first, and those that this one follows
    or that follow it, whoever asked.
    """
    visible = Ticket.objects.visible_to(request.principal).exclude(pk=ticket.pk)
    recent = visible.filter(requester=ticket.requester_id).order_by("-id").values("pk")[:PAST_LIMIT]
    # Joined by "or", these conditions would be asked of every ticket there is.
    keys = (
        Ticket.objects.filter(pk__in=recent)
        .values("pk")
        .union(
            Ticket.objects.filter(follow_up_of=ticket).values("pk"),
            Ticket.objects.filter(follow_ups=ticket).values("pk"),
        )
    )
    found = visible.filter(pk__in=keys).order_by("-id")
    columns = ("id", "number", "subject", "status", "last_activity_at", "follow_up_of")
    return list(starmap(Other, found.values_list(*columns)[: PAST_LIMIT + RELATED_LIMIT]))


def _relation(ticket: Ticket, other: Other) -> str:
    if other.pk == ticket.follow_up_of_id:
        return _("came before")
    return _("came after") if other.follows == ticket.pk else ""


def _mini(ticket: Ticket, other: Other) -> dict[str, Any]:
    return {
        "number": other.number,
        "subject": other.subject,
        "status": other.status,
        "at": other.at,
        "url": ticket_url(other.number, Origin()),
        "relation": _relation(ticket, other),
    }


def _past_words(count: int) -> str:
    if count >= PAST_LIMIT:
        return _("More than %(count)s other tickets") % {"count": PAST_LIMIT - 1}
    return ngettext("%(count)s other ticket", "%(count)s other tickets", count) % {"count": count} if count else ""


def _people(ticket: Ticket) -> list[Participant]:
    """Return who takes part, the requester among them; a ticket has so many at most."""
    found = ticket.participants.select_related("user", "address")
    return list(found.order_by("added_at", "pk")[: MOST_COLLABORATORS + 1])


def _kept_access(ticket: Ticket, standing: Standing) -> list[dict[str, Any]]:
    """Return who may read the ticket because it was referred to them."""
    referrals = ticket.referrals.select_related("department__parent__parent", "agent", "team").order_by("id")[
        :KEPT_SHOWN
    ]
    may_remove = bool(standing.may(Deed.REMOVE_REFERRAL, ticket))
    return [{"id": referral.pk, "holder": referral.holder, "may_remove": may_remove} for referral in referrals]
