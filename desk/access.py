"""Who may enter the desk, and how its views come by a ticket."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.db.models import F, FilteredRelation, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from accounts.principal import Principal
from accounts.viewing import viewing_of
from tickets import policy
from tickets.errors import DeedRefused
from tickets.models import Ticket, TicketQuerySet
from tickets.models.people import Part
from tickets.policy import Deed

P = ParamSpec("P")


class AgentRequest(HttpRequest):
    """A request behind `agent_required`."""

    user: User
    principal: Principal
    htmx: HtmxDetails


View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
AgentView = Callable[Concatenate[AgentRequest, P], HttpResponseBase]


def agent_required(view: AgentView[P]) -> View[P]:
    """Let agents in, and administrators who see the desk as one: others sign in first, or are told it is not theirs.

    A deed that is refused before its form can say so gets a page with the reason.
    """

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(cast(AgentRequest, request))
        viewing = viewing_of(request)
        if viewing is not None:
            # The pages are drawn for the agent: nothing can be sent from them (accounts.viewing).
            request.user = viewing.agent
            principal = Principal.seen_by(viewing.viewer, viewing.agent)
        else:
            principal = Principal.agent(request.user)
        if not principal.acts_as_agent:
            return render(request, "desk/not_an_agent.html", status=403)
        agent_request = cast(AgentRequest, request)
        agent_request.principal = principal
        try:
            return view(agent_request, *args, **kwargs)
        except DeedRefused as refused:
            return _refused(agent_request, refused, kwargs)

    return cast(View[P], guarded)


def load_ticket(
    principal: Principal, number: str, *, may: Deed = Deed.VIEW, among: TicketQuerySet | None = None
) -> Ticket:
    """Return the ticket with its relations and `requester_email`, `requester_confirmed_at`.

    Raises Http404 for a ticket that is not this agent's to see, whether or not it exists, and NotAllowed, with the
    reason, for one that is, when `may` is not open. `among` replaces the tickets to look in.
    """
    ticket = _find(among if among is not None else Ticket.objects.visible_to(principal), number)
    if may != Deed.VIEW:
        policy.require(principal, may, ticket)
    return ticket


def _find(tickets: TicketQuerySet, number: str) -> Ticket:
    ticket: Ticket | None = (
        tickets.filter(number=number)
        .select_related(
            *("department__parent__parent", "topic__parent__parent", "priority", "sla_plan"),
            *("assignee", "team", "requester", "organization"),
        )
        .annotate(asking=FilteredRelation("participants", condition=Q(participants__role=Part.REQUESTER)))
        .annotate(
            requester_email=F("asking__address__email"),
            requester_confirmed_at=F("asking__address__verified_at"),
            requester_address=F("asking__address"),
            requester_bounces_since=F("asking__address__bouncing_at"),
            requester_rests_until=F("asking__address__resting_until"),
            requester_soft_bounces=F("asking__address__soft_bounces"),
            requester_bounce_said=F("asking__address__bounce_said"),
        )
        .first()
    )
    if ticket is None:
        raise Http404(str(policy.UNSEEN))
    return ticket


def _to_sign_in(request: AgentRequest) -> HttpResponse:
    """Lead to the sign-in page and back here; from a form that could not be sent, back to its ticket."""
    back = request.get_full_path()
    match = request.resolver_match
    if request.htmx:
        back = request.htmx.current_url_abs_path or reverse("desk:home")
    elif request.method not in {"GET", "HEAD"}:
        number = match.kwargs.get("number") if match else None
        back = reverse("desk:ticket", args=[number]) if number else reverse("desk:home")
    answer = redirect_to_login(back)
    return HttpResponseClientRedirect(answer.url) if request.htmx else answer


def _refused(request: AgentRequest, refused: DeedRefused, kwargs: dict[str, object]) -> HttpResponse:
    number = kwargs.get("number")
    context = {
        "sentence": str(refused),
        "back_url": reverse("desk:ticket", args=[number]) if number else reverse("desk:home"),
        "is_page": not request.htmx,
    }
    if request.htmx:
        return render(request, "desk/_refused.html", context, status=422)
    return render(request, "desk/refused.html", context, status=403)
