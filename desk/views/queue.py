"""A queue: its tickets in order, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Exists, JSONField, OuterRef, Subquery
from django.db.models.functions import JSONObject, Left
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from accounts.models import Preferences
from desk.access import AgentRequest, agent_required
from desk.deeds import ticket_url
from desk.sidebar import Origin, queue_url, read_id, read_source, shell
from tickets.counting import Counts, count_text
from tickets.models import EntryKind, HeldReply, Source, ThreadEntry, Ticket, TicketClock, TicketQuerySet
from tickets.queues import (
    BY_SLUG,
    DEFAULT,
    DUE_LABELS,
    CursorInvalid,
    Due,
    Narrow,
    Page,
    Queue,
    Sort,
    by_due,
    read_page,
)

SNIPPET = 200
TONES: Mapping[Due, str] = {Due.BREACHED: "danger", Due.SOON: "warning"}


@agent_required
@require_safe
def home(request: AgentRequest) -> HttpResponse:
    """Lead to the queue where the day starts: the agent's own choice, as long as there is such a queue."""
    return HttpResponseRedirect(queue_url(BY_SLUG.get(Preferences.of(request.user).default_queue, DEFAULT)))


@agent_required
@require_safe
def queue(request: AgentRequest, slug: str) -> HttpResponse:
    shown = BY_SLUG.get(slug)
    if shown is None:
        raise Http404
    at = now()
    origin = Origin(shown, _department(request), _source(request))
    context, counts = shell(request.principal, at, origin)
    department = next((d for d in counts.departments if d.pk == origin.department_id), None)
    if origin.department_id is not None and department is None:
        raise Http404
    sought = (request.principal, at, origin.department_id, origin.source)
    page = _read(request, shown, shown.tickets(*sought), shown.first_by_grant(*sought))
    count = _count(counts, origin)
    context |= {
        "queue": shown,
        "chips": _chips(origin, department.name if department else ""),
        "sources": _sources(origin),
        "now": at,
        "groups": _groups(shown, page.tickets, origin, at),
        "label": _label(shown),
        "sorted_by": shown.sort.value,
        "page_count": count_text(count) if count else "",
        "count_text": _page_words(len(page.tickets), count),
        "newer_url": queue_url(shown, **origin.narrowing, before=page.newer) if page.newer else "",
        "older_url": queue_url(shown, **origin.narrowing, after=page.older) if page.older else "",
    }
    if request.htmx:
        # A script looks what is new: what is to be said waits for somebody who reads.
        context["messages"] = ()
    if not page.tickets:
        context |= _empty(origin, department.name if department else "")
    return render(request, "desk/queue.html", context)


def _department(request: AgentRequest) -> int | None:
    """Return the department to narrow to. Raises Http404 for what can be none."""
    given = request.GET.get("department", "")
    department_id = read_id(given)
    if given and department_id is None:
        raise Http404
    return department_id


def _source(request: AgentRequest) -> Source | None:
    """Return the source to narrow to. Raises Http404 for what is none."""
    given = request.GET.get("source", "")
    source = read_source(given)
    if given and source is None:
        raise Http404
    return source


def _chips(origin: Origin, department: str) -> list[dict[str, Any]]:
    """Return what the queue is narrowed by, each with the address of the queue without it."""
    assert origin.queue is not None
    chips: list[dict[str, Any]] = []
    if department:
        url = replace(origin, department_id=None).url
        chips.append({"label": department, "url": url, "remove": _("Show all departments")})
    if origin.source:
        url = replace(origin, source=None).url
        chips.append({"label": origin.source.label, "url": url, "remove": _("Show tickets from all sources")})
    return chips


def _sources(origin: Origin) -> list[dict[str, Any]]:
    """Return the choices of the menu that narrows a queue to the way by which its tickets came."""
    choices: list[tuple[Source | None, str | Promise]] = [(None, _("All sources"))]
    choices += [(source, source.label) for source in Source]
    return [
        {"label": label, "url": replace(origin, source=source).url, "is_current": source == origin.source}
        for source, label in choices
    ]


def _read(request: AgentRequest, queue: Queue, tickets: TicketQuerySet, cut: Narrow | None) -> Page:
    rows = tickets.select_related("requester", "department__parent__parent", "assignee", "team", "priority").annotate(
        newest=Subquery(
            # What a help topic answers by itself hides no question.
            ThreadEntry.objects.public()
            .filter(ticket=OuterRef("pk"))
            .exclude(kind=EntryKind.AUTOMATIC)
            .order_by("-number")
            .values(newest=JSONObject(kind="kind", text=Left("text", SNIPPET)))[:1],
            output_field=JSONField(),
        ),
        # Few tickets have any: held_by_ticket finds that out for each row that is shown.
        waiting=Exists(HeldReply.objects.filter(ticket=OuterRef("pk"), why="")),
        stopped=Exists(HeldReply.objects.filter(ticket=OuterRef("pk")).exclude(why="")),
    )
    size = Preferences.of(request.user).page_size
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    try:
        return read_page(queue, rows, after=after, before=before, size=size, cut=cut)
    except CursorInvalid:
        messages.warning(request, _("That place in the queue is not known. This is its beginning."))
        return read_page(queue, rows, size=size, cut=cut)


def _groups(queue: Queue, tickets: Sequence[Ticket], origin: Origin, at: datetime) -> list[dict[str, Any]]:
    clocks = _next_due(tickets)

    def rows(members: Sequence[Ticket]) -> list[dict[str, Any]]:
        return [_row(queue, ticket, clocks.get(ticket.pk), origin) for ticket in members]

    if queue.sort == Sort.ACTIVITY:
        return [{"slug": "all", "label": "", "tone": "", "rows": rows(tickets)}] if tickets else []
    return [
        {"slug": due.value, "label": DUE_LABELS[due], "tone": TONES.get(due, ""), "rows": rows(members)}
        for due, members in by_due(tickets, at)
    ]


def _next_due(tickets: Sequence[Ticket]) -> dict[int, TicketClock]:
    """Return each ticket's running clock that is due next."""
    clocks = TicketClock.objects.running().filter(ticket__in=[ticket.pk for ticket in tickets]).select_related("hours")
    # The nearest deadline comes last and stays.
    return {clock.ticket_id: clock for clock in clocks.order_by("-deadline_at")}


def _row(queue: Queue, ticket: Ticket, clock: TicketClock | None, origin: Origin) -> dict[str, Any]:
    newest = getattr(ticket, "newest", None) or {"kind": "", "text": ""}
    snippet = " ".join(newest["text"].split())
    return {
        "ticket": ticket,
        "url": ticket_url(ticket.number, origin),
        "snippet": snippet,
        "holder_text": _holder_words(ticket) if queue.slug == "handed-over" else "",
        "clock": clock,
        # The requester spoke last and waits.
        "is_waiting": ticket.is_working and newest["kind"] == EntryKind.MESSAGE,
    }


def _holder_words(ticket: Ticket) -> str:
    """Return who has the ticket that was handed over."""
    names = {"department": ticket.department.path, "name": ticket.held_by}
    if ticket.held_by is None:
        return _("Nobody in %(department)s has it yet") % names
    return _("With %(name)s, %(department)s") % names


def _count(counts: Counts, origin: Origin) -> int | None:
    """Return how many tickets there are, None where nobody counted."""
    assert origin.queue is not None
    if origin.source is not None:
        return None
    if origin.department_id is None:
        return counts.queues[origin.queue.slug]
    if origin.queue is DEFAULT:
        return next((d.count for d in counts.departments if d.pk == origin.department_id), None)
    return None


def _page_words(shown: int, count: int | None) -> str:
    if not shown:
        return ""
    if not count or shown == count:
        return ngettext("%(shown)s ticket", "%(shown)s tickets", shown) % {"shown": shown}
    return _("%(shown)s of about %(count)s") % {"shown": shown, "count": count_text(count)}


def _label(queue: Queue) -> str:
    if queue.sort == Sort.DUE:
        return _("Tickets in the queue %(name)s, due soonest first") % {"name": queue.label}
    return _("Tickets in the queue %(name)s, latest activity first") % {"name": queue.label}


# --- Empty queues: why, and where to go -----------------------------------------------------------

EMPTY: "Mapping[str, tuple[str | Promise, str | Promise, str]]" = {
    "open": (
        gettext_lazy("No open tickets"),
        gettext_lazy("Everything in your departments is resolved or closed. New tickets stand here as they come in."),
        "resolved",
    ),
    "mine": (
        gettext_lazy("You have no tickets"),
        gettext_lazy("What you claim, or what is assigned to you or your teams, stands here."),
        "unassigned",
    ),
    "unassigned": (
        gettext_lazy("Every ticket here has an owner"),
        gettext_lazy("New tickets of your departments stand here until somebody takes them."),
        "mine",
    ),
    "overdue": (
        gettext_lazy("Nothing is overdue"),
        gettext_lazy("Every promise of an SLA plan has been kept so far, or is not due yet."),
        "open",
    ),
    "awaiting-requester": (
        gettext_lazy("No requester has to answer"),
        gettext_lazy("Tickets stand here after a reply, until the requester writes again."),
        "open",
    ),
    "awaiting-third-party": (
        gettext_lazy("No third party has to act"),
        gettext_lazy("Tickets stand here that an agent has set to await somebody else, such as a supplier."),
        "open",
    ),
    "snoozed": (
        gettext_lazy("Nothing is snoozed"),
        gettext_lazy("Tickets that rest until some time stand here, until then or until their requester writes."),
        "open",
    ),
    "handed-over": (
        gettext_lazy("You have handed nothing over"),
        gettext_lazy("Tickets that you transfer and keep access to stand here, with whoever has them now."),
        "open",
    ),
    "resolved": (
        gettext_lazy("No resolved tickets"),
        gettext_lazy("Resolved tickets wait here for their requester, then close by themselves."),
        "closed",
    ),
    "closed": (
        gettext_lazy("No closed tickets"),
        gettext_lazy("Tickets come here when the requester confirms, or says nothing for long enough."),
        "open",
    ),
}


def _empty(origin: Origin, department: str) -> dict[str, Any]:
    assert origin.queue is not None
    title, reason, other = EMPTY[origin.queue.slug]
    links = [{"label": _("Go to %(queue)s") % {"queue": BY_SLUG[other].label}, "url": queue_url(BY_SLUG[other])}]
    if department:
        reason = _("Only tickets of %(department)s are shown.") % {"department": department}
        links.insert(0, {"label": _("Show all departments"), "url": replace(origin, department_id=None).url})
    if origin.source:
        reason = _("Only tickets from this source are shown: %(source)s.") % {"source": origin.source.label}
        links.insert(0, {"label": _("Show tickets from all sources"), "url": replace(origin, source=None).url})
    return {"empty_title": title, "empty_reason": reason, "empty_links": links}
