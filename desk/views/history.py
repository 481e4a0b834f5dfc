"""A ticket's whole history: every step, by whom, when and why."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from desk.access import AgentRequest, agent_required, load_ticket
from desk.deeds import deed_url, ticket_url
from desk.history import step
from desk.names import Names
from desk.sidebar import Origin, read_id, shell
from tickets.models import Ticket, TicketEvent

PAGE_STEPS = 100


@agent_required
@require_safe
def history(request: AgentRequest, number: str) -> HttpResponse:
    ticket = load_ticket(request.principal, number)
    at, origin = now(), Origin.read(request.GET)
    context, _counts = shell(request.principal, at, origin)
    events, earlier, later = _read(
        ticket, read_id(request.GET.get("before", "")), read_id(request.GET.get("after", ""))
    )
    names = Names(events)
    url = deed_url("history", number, origin)
    joint = "&" if origin.query else "?"
    context |= {
        "ticket": ticket,
        "now": at,
        "back": {"label": f"#{number}", "url": ticket_url(number, origin)},
        "steps": [step(event, names) for event in events],
        "earlier_url": f"{url}{joint}before={earlier}" if earlier else "",
        "later_url": f"{url}{joint}after={later}" if later else "",
    }
    return render(request, "desk/history.html", context)


def _read(ticket: Ticket, before: int | None, after: int | None) -> tuple[list[TicketEvent], int, int]:
    """Return events, oldest first, and the numbers at the edges behind which there are more, else 0."""
    events = TicketEvent.objects.filter(ticket=ticket).select_related("by")
    if before is not None:
        rows = list(events.filter(number__lt=before).order_by("-number")[: PAGE_STEPS + 1])
        if rows:
            shown = rows[:PAGE_STEPS][::-1]
            return shown, shown[0].number if len(rows) > PAGE_STEPS else 0, shown[-1].number
    rows = list(events.filter(number__gt=after or 0).order_by("number")[: PAGE_STEPS + 1])
    if not rows and after:
        return _read(ticket, None, None)
    shown = rows[:PAGE_STEPS]
    return shown, shown[0].number if after else 0, shown[-1].number if len(rows) > PAGE_STEPS else 0
