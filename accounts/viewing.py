"""Seeing the desk as somebody else: what an administrator's session says, and that nothing is done meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now

from accounts import audit
from accounts.models import AuditKind, User

LASTS = timedelta(minutes=30)
KEY = "seeing_the_desk_as"
ENDS = "rights:end-viewing"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Viewing:
    """Whose rights the desk is seen with, by whom, and until when."""

    agent: User
    viewer: User
    until: datetime


def begin(request: HttpRequest, agent: User, *, at: datetime) -> None:
    """Let this session see the desk as `agent`, for LASTS; written into the audit log, as the end is."""
    assert isinstance(request.user, User)
    if before := _read(request):
        end(request, before, at=at)
    request.session[KEY] = {"agent": agent.pk, "until": (at + LASTS).timestamp()}
    _tell(request, request.user, agent, at, (None, "began"))


def end(request: HttpRequest, viewing: Viewing, *, at: datetime) -> None:
    del request.session[KEY]
    _tell(request, viewing.viewer, viewing.agent, min(at, viewing.until), ("began", "ended"))


def _tell(request: HttpRequest, viewer: User, agent: User, at: datetime, change: tuple[Any, Any]) -> None:
    audit.record(AuditKind.VIEWED_AS, by=viewer, at=at, target=agent, changes={"viewing": change})


def _read(request: HttpRequest) -> Viewing | None:
    """Return what the session says, whether or not it still holds."""
    kept = request.session.get(KEY)
    if kept is None or not isinstance(request.user, User):
        return None
    agent = User.objects.filter(pk=kept["agent"]).first()
    if agent is None:
        del request.session[KEY]
        return None
    return Viewing(agent, request.user, datetime.fromtimestamp(kept["until"], UTC))


class ViewingMiddleware:
    """Sets `request.viewing`; while it is set nothing can be sent, but what ends it.

    It ends by itself: when its time is over, when the agent may no longer sign in, when the viewer administers no more.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.viewing = None  # type: ignore[attr-defined]  # ours alone
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        # Without a session there is nothing to ask for; the health check tells about the database itself.
        match = request.resolver_match
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or match is None or match.url_name == "healthz":
            return None
        viewing = _read(request)
        if viewing is None:
            return None
        at = now()
        is_signing_out = request.method == "POST" and match.url_name == "account_logout"
        if not _holds(viewing, at) or is_signing_out:
            end(request, viewing, at=at)
            return None
        request.viewing = viewing  # type: ignore[attr-defined]  # ours alone
        if request.method in SAFE or match.view_name == ENDS:
            return None
        return render(request, "viewing_only.html", status=403)


def _holds(viewing: Viewing, at: datetime) -> bool:
    agent = viewing.agent
    return at < viewing.until and agent.is_agent and agent.is_active and viewing.viewer.is_staff


def viewing_of(request: HttpRequest) -> Viewing | None:
    found: Viewing | None = getattr(request, "viewing", None)
    return found
