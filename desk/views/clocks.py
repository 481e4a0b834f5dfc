"""A ticket's clocks: when each ran, was paused or closed, and why it is due when it is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.access import AgentRequest, agent_required, load_ticket
from desk.deeds import deed_url, ticket_url
from desk.milestones import Milestones
from desk.names import doer
from desk.sidebar import Origin, read_id, shell
from sla.telling import Mark, Told, tell
from sla.timelines import lay_out, reaching
from tickets.models import Kind, Ticket, TicketClock
from tickets.models.clock import Outcome

# Besides those that run, of which there is one for each target.
PAGE_CLOCKS = 10
# Of more due dates set by hand only these are named.
MOST_SET = 100


@dataclass(frozen=True, slots=True)
class Card:
    """A clock as templates/desk/_clocks.html draws it; without `told` its business hours contradict themselves."""

    clock: TicketClock
    told: Told | None


@agent_required
@require_safe
def clocks(request: AgentRequest, number: str) -> HttpResponse:
    """Show them in a dialog of the ticket's page; where no script runs, as a page of their own."""
    ticket = load_ticket(request.principal, number)
    at, origin = now(), Origin.read(request.GET)
    before = read_id(request.GET.get("before", ""))
    found, has_more = _read(ticket, before)
    set_by, milestones = _who_set(ticket, found), Milestones(ticket, found, at)
    url = deed_url("clocks", number, origin)
    context = {
        "ticket": ticket,
        "now": at,
        "back": {"label": f"#{number}", "url": ticket_url(number, origin)},
        "cards": [_card(clock, at, set_by.get(clock.deadline_at, ""), milestones.of(clock)) for clock in found],
        "newest_url": url if before else "",
        "earlier_url": f"{url}{'&' if origin.query else '?'}before={found[-1].pk}" if has_more else "",
    }
    if request.htmx:
        return render(request, "desk/_clocks_dialog.html", context)
    shell_context, _counts = shell(request.principal, at, origin)
    return render(request, "desk/clocks.html", shell_context | context)


def _read(ticket: Ticket, before: int | None) -> tuple[list[TicketClock], bool]:
    """Return a page of clocks, what runs first and then the newest, and whether there are earlier ones."""
    clocks: QuerySet[TicketClock] = ticket.clocks.select_related("hours", "plan").prefetch_related("spans")
    stopped = clocks.exclude(stopped_at=None).order_by("-pk")
    if before is not None:
        stopped = stopped.filter(pk__lt=before)
    rows = list(stopped[: PAGE_CLOCKS + 1])
    running = list(clocks.filter(stopped_at=None).order_by("deadline_at", "pk")) if before is None else []
    return [*running, *rows[:PAGE_CLOCKS]], len(rows) > PAGE_CLOCKS


def _who_set(ticket: Ticket, clocks: Sequence[TicketClock]) -> dict[datetime, str]:
    """Return deadline → who set it by hand."""
    if not any(clock.is_manual for clock in clocks):
        return {}
    events = ticket.events.filter(kind=Kind.DUE_DATE_SET).select_related("by").order_by("-number")[:MOST_SET]
    return {datetime.fromisoformat(event.data["to"]): doer(event) for event in reversed(events)}


def _card(clock: TicketClock, at: datetime, set_by: str, milestones: Sequence[Mark]) -> Card:
    calendar = clock.calendar()
    if calendar is None:
        return Card(clock, None)
    due = clock.deadline_at if clock.has_deadline else None
    timeline = lay_out(clock.spells(), clock.within, calendar, at=at, due=due)
    timeline = reaching(timeline, [mark.at for mark in milestones if mark.at])
    zone: tzinfo | None = ZoneInfo(clock.hours.time_zone) if clock.hours else None
    by = (set_by or _("an agent")) if clock.is_manual else ""
    hours = clock.hours.name if clock.hours else ""
    return Card(clock, tell(timeline, hours, zone, [*milestones, *_happened(clock)], set_by=by))


def _happened(clock: TicketClock) -> Sequence[Mark]:
    """Return what became of it, in order."""
    outcome = _("Met") if clock.outcome == Outcome.MET else _("Cancelled")
    marks = [
        ("breached", _("Breached"), clock.breached_at),
        ("stopped", outcome, clock.stopped_at),
    ]
    return [Mark(name, label, at) for name, label, at in marks if at is not None]
