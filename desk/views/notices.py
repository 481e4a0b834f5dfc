"""What the agent is told of at the desk: the list behind the bell, what is new, and that it was read."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from desk.access import AgentRequest, agent_required
from desk.notice_sentences import sentence
from desk.sidebar import Origin, read_id, shell
from notices import reading
from notices.reading import Shown

# In the menu of the bell.
LATEST = 8


@agent_required
@require_safe
def notices(request: AgentRequest) -> HttpResponse:
    """Show the agent's notices, newest first; asked for by the bell, the latest of them alone."""
    at = now()
    if request.htmx:
        shown, _more = reading.page(request.principal, limit=LATEST)
        return render(request, "desk/_notice_list.html", {"notices": _lines(shown), "now": at})
    before = read_id(request.GET.get("before", ""))
    shown, more = reading.page(request.principal, before=before)
    context, _counts = shell(request.principal, at, Origin())
    context |= {
        "section": "notices",
        "notices": _lines(shown),
        "now": at,
        "is_first": before is None,
        "older_url": f"{reverse('desk:notices')}?before={more}" if more else "",
        "newest": shown[0].notice.pk if shown else None,
    }
    return render(request, "desk/notices.html", context)


@agent_required
@require_safe
def notice_news(request: AgentRequest) -> HttpResponse:
    """Return how many notices are unread, and what came after the one that the page knows."""
    agent = request.user
    after = read_id(request.GET.get("after", ""))
    count = len(reading.unread(agent).values_list("pk")[: reading.MOST_COUNTED])
    newest = reading.newest(agent)
    fresh = reading.news(request.principal, after=after) if after is not None and newest > after else []
    context = {"unread_text": reading.count_text(count), "newest": newest, "notices": _lines(fresh)}
    return render(request, "desk/_notice_news.html", context)


@agent_required
@require_POST
def read_notices(request: AgentRequest) -> HttpResponse:
    """Mark one notice as read, or all up to the one that the page showed first."""
    which: dict[str, Any] = {}
    if (one := read_id(request.POST.get("notice", ""))) is not None:
        which["pk"] = one
    elif (until := read_id(request.POST.get("until", ""))) is not None:
        which["pk__lte"] = until
    if which:
        reading.mark_read(request.user, now(), **which)
    return redirect("desk:notices")


def _lines(shown: list[Shown]) -> list[dict[str, Any]]:
    return [
        {
            "pk": one.notice.pk,
            "is_seen": one.is_seen,
            "is_unread": one.notice.read_at is None,
            "at": one.notice.created_at,
            "sentence": sentence(one.notice) if one.is_seen else "",
            "number": one.notice.ticket.number if one.is_seen else "",
            "subject": one.notice.ticket.subject if one.is_seen else "",
            "url": reverse("desk:ticket", args=[one.notice.ticket.number]) if one.is_seen else "",
            "alert": one.notice.alert,
        }
        for one in shown
    ]
