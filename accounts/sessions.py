"""Sessions: in which browsers somebody is signed in, when they were there last, and ending them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import logout
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext

from accounts import audit
from accounts.models import AuditKind, User
from core import throttle
from core.models import SiteSettings

# When somebody was there last is written down once in so much time, not with every page.
EVERY = timedelta(minutes=1)
SEEN = "seen_at"
MOST_SHOWN = 50

# The first that fits; others call themselves by several of these names.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    pk: int
    browser: str
    ip: str
    since: datetime
    seen_at: datetime
    is_this_one: bool


def idle_after(user: User, site: SiteSettings) -> timedelta:
    works_here = user.is_agent or user.is_administrator
    return site.agents_idle_after if works_here else site.requesters_idle_after


def keep_or_end(request: HttpRequest, user: User, site: SiteSettings, *, at: datetime) -> bool:
    """Note that the session is in use, or end it if it was not for too long; say whether it goes on."""
    idle, seen = idle_after(user, site), request.session.get(SEEN)
    ago = at.timestamp() - seen if seen is not None else None
    if ago is not None and ago > idle.total_seconds():
        UserSession.objects.filter(session_key=request.session.session_key).delete()
        logout(request)
        return False
    if ago is None or ago > EVERY.total_seconds():
        request.session[SEEN] = int(at.timestamp())
        # The cookie and the row go by themselves, should nobody come back.
        request.session.set_expiry(int(idle.total_seconds()))
        mine = UserSession.objects.filter(session_key=request.session.session_key)
        ip = throttle.client_ip(request)
        if not mine.update(last_seen_at=at, **({"ip": ip} if ip else {})):
            UserSession.objects.create_from_request(request)
    return True


def shown(request: HttpRequest, user: User) -> list[Shown]:
    """Return the person's sessions, this one first, then those used last."""
    rows = _live(user).order_by("-last_seen_at", "-pk")[:MOST_SHOWN]
    found = [
        Shown(
            pk=row.pk,
            browser=name_of(row.user_agent),
            ip="" if row.ip == "::" else row.ip,
            since=row.created_at,
            seen_at=row.last_seen_at,
            is_this_one=row.session_key == request.session.session_key,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: not one.is_this_one)


@transaction.atomic
def end(user: User, pk: int, *, request: HttpRequest, at: datetime) -> bool:
    """End one session of the person from another one of theirs; say whether there was one."""
    others = _live(user).exclude(session_key=request.session.session_key)
    return bool(_end(others.filter(pk=pk), user, request=request, at=at))


@transaction.atomic
def end_others(request: HttpRequest, user: User, *, at: datetime | None = None) -> int:
    """End every session but this one; say how many. With `at` the audit log tells of it."""
    others = UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key)
    return _end(others, user, request=request, at=at)


def end_all(user: User) -> None:
    """End every session of the person."""
    _end(UserSession.objects.filter(user=user), user, request=None, at=None)


def sweep(at: datetime) -> None:
    """Forget the sessions that are no more."""
    UserSession.objects.filter(~Exists(_rows())).delete()


def name_of(user_agent: str) -> str:
    """Return what a browser calls itself, in words: "Firefox on Windows"."""
    browser = next((name for part, name in BROWSERS if part in user_agent), "")
    system = next((name for part, name in SYSTEMS if part in user_agent), "")
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or gettext("Unknown browser")


def _rows() -> "QuerySet[Session]":
    return Session.objects.filter(session_key=OuterRef("session_key"))


def _live(user: User) -> "QuerySet[Any]":
    mine: QuerySet[Any] = UserSession.objects.filter(Exists(_rows()), user=user)
    return mine


def _end(rows: "QuerySet[Any]", user: User, *, request: HttpRequest | None, at: datetime | None) -> int:
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    if keys and request is not None and at is not None:
        changes = {"sessions": (len(keys), 0)}
        audit.record(AuditKind.SESSION_REVOKED, by=user, at=at, target=user, changes=changes)
    return len(keys)
