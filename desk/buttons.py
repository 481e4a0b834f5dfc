"""Buttons without a form of their own: they are pressed, never visited."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect

from desk.access import AgentRequest
from desk.deeds import ticket_url
from desk.sidebar import Origin

P = ParamSpec("P")
Pressed = Callable[Concatenate[AgentRequest, str, P], HttpResponse]


def button(view: Pressed[P]) -> Pressed[P]:
    """Answer POST alone; whoever comes by the address, such as after signing in, is led to the ticket."""

    @wraps(view)
    def guarded(request: AgentRequest, number: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        return only_post(request, number) or view(request, number, *args, **kwargs)

    return cast("Pressed[P]", guarded)


def only_post(request: AgentRequest, number: str) -> HttpResponse | None:
    """Return the answer to anything but POST, None to a POST."""
    if request.method == "POST":
        return None
    if request.method in {"GET", "HEAD"}:
        return HttpResponseRedirect(ticket_url(number, Origin.read(request.GET)))
    return HttpResponseNotAllowed(["POST"])
