"""The list of agents: who works where, and how they are reached."""

from urllib.parse import urlencode

from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from accounts.models import Team, User
from core.keyset import read_slice
from desk.access import AgentRequest, agent_required
from desk.sidebar import Origin, read_id, shell
from tickets.models import DepartmentAccess
from tickets.models.tree import path_of

PAGE_SIZE = 25
LONGEST = 100


@agent_required
@require_safe
def agents(request: AgentRequest) -> HttpResponse:
    find = request.GET.get("find", "").replace("\x00", "").strip()[:LONGEST]
    access = DepartmentAccess.objects.filter(department__archived_at=None).select_related("department__parent__parent")
    found = _named(find) if find else User.objects.agents()
    page = read_slice(
        found.prefetch_related(
            Prefetch("department_access", queryset=access.order_by(path_of("department__"), "id")),
            Prefetch("teams", queryset=Team.objects.filter(archived_at=None).order_by("name", "id")),
        ),
        field="name",
        size=PAGE_SIZE,
        after=read_id(request.GET.get("after", "")),
        before=read_id(request.GET.get("before", "")),
    )
    context, _counts = shell(request.principal, now(), Origin())
    context |= {
        "section": "agents",
        "find": find,
        "longest": LONGEST,
        "agents": page.rows,
        "earlier_url": _page_url(find, "before", page.before),
        "later_url": _page_url(find, "after", page.after),
    }
    return render(request, "desk/agents.html", context)


def _named(find: str) -> QuerySet[User]:
    """Return the agents of whom a name, address or phone, a department or a team contains what was typed."""
    places = DepartmentAccess.objects.filter(department__archived_at=None, department__name__icontains=find)
    teams = Team.members.through.objects.filter(team__archived_at=None, team__name__icontains=find)
    return User.objects.agents().filter(
        Q(name__icontains=find)
        | Q(email__icontains=find)
        | Q(phone__icontains=find)
        | Q(pk__in=places.values("agent"))
        | Q(pk__in=teams.values("user"))
    )


def _page_url(find: str, side: str, key: int | None) -> str:
    if key is None:
        return ""
    query = {"find": find} if find else {}
    return f"{reverse('desk:agents')}?{urlencode(query | {side: key})}"
