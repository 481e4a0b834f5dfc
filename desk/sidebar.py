"""The shell's context: queues and departments with their counts, where the agent came from."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import Permission, Preferences, User
from accounts.principal import Principal
from notices import reading as notices
from notices.models import Notice
from notices.reading import MOST_COUNTED
from tickets import policy
from tickets.counting import Counts, count_all, count_text
from tickets.models import Source, Ticket
from tickets.queues import BY_SLUG, DEFAULT, QUEUES, Queue


@dataclass(frozen=True, slots=True)
class Origin:
    """The queue a ticket was opened from, kept in its address; None when it was reached in another way."""

    queue: Queue | None = None
    department_id: int | None = None
    source: Source | None = None

    @classmethod
    def read(cls, parameters: QueryDict) -> "Origin":
        """Return what the address says, as far as it is known to us."""
        queue = BY_SLUG.get(parameters.get("queue", ""))
        if queue is None:
            return cls()
        return cls(queue, read_id(parameters.get("department", "")), read_source(parameters.get("source", "")))

    @property
    def query(self) -> str:
        """Return it as the end of an address: "?queue=open&department=3", or ""."""
        if self.queue is None:
            return ""
        return "?" + urlencode({"queue": self.queue.slug, **self.narrowing})

    @property
    def url(self) -> str:
        """Return the address of the queue itself."""
        return queue_url(self.queue or DEFAULT, **self.narrowing)

    @property
    def narrowing(self) -> dict[str, str]:
        """Return what the queue is narrowed by, as parameters of an address."""
        narrowed = {"department": str(self.department_id) if self.department_id else "", "source": self.source or ""}
        return {name: value for name, value in narrowed.items() if value}

    @property
    def label(self) -> "str | Promise":
        return (self.queue or DEFAULT).label


def queue_url(queue: Queue, **parameters: str) -> str:
    query = urlencode(parameters)
    return reverse("desk:queue", args=[queue.slug]) + (f"?{query}" if query else "")


def read_id(text: str) -> int | None:
    """Return a key that a client sent, None if it cannot be one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def read_source(text: str) -> Source | None:
    """Return the source that a client named, None if there is none of that name."""
    return Source(text) if text in Source.values else None


def _unread(agent: User, _ticket: Ticket) -> "QuerySet[Notice, Any]":
    return notices.unread(agent).values("pk")[:MOST_COUNTED]


def _unread_here(agent: User, ticket: Ticket) -> "QuerySet[Notice, Any]":
    return notices.unread(agent).filter(ticket=ticket).values("pk")[:MOST_COUNTED]


_UNREAD = {"unread": _unread}
_UNREAD_AND_HERE = {"unread": _unread, "unread_here": _unread_here}


def shell(
    principal: Principal,
    at: datetime,
    origin: Origin,
    *,
    anywhere: frozenset[str] | None = None,
    ticket: Ticket | None = None,
) -> tuple[dict[str, Any], Counts]:
    """Return the context of desk/base.html, and the counts it shows. Two queries.

    One, if the caller knows already what the agent's roles allow `anywhere`. Whoever opens `ticket` has read what
    notices say of it: that is one more, where there are such.
    """
    assert principal.user is not None  # the desk is for agents
    counts = count_all(principal, at, also=_UNREAD if ticket is None else _UNREAD_AND_HERE, ticket=ticket)
    count = counts.queues["unread"]
    if counts.queues.get("unread_here") and not principal.only_looks:
        count -= notices.mark_read(principal.user, at, ticket=ticket)
    is_narrowed = origin.department_id is not None and origin.queue is DEFAULT
    queues = [
        {
            "slug": queue.slug,
            "label": queue.label,
            "icon": queue.icon,
            "url": queue_url(queue),
            "count_text": count_text(counts.queues[queue.slug]),
            "is_alert": queue.slug == "overdue" and counts.queues[queue.slug] > 0,
            "is_current": queue is origin.queue and not is_narrowed,
        }
        for queue in QUEUES
    ]
    departments = [
        {
            "label": department.name,
            "icon": "hash",
            "url": queue_url(DEFAULT, department=str(department.pk)),
            "count_text": count_text(department.count),
            "is_alert": False,
            "is_current": is_narrowed and department.pk == origin.department_id,
        }
        for department in counts.departments
    ]
    if anywhere is None:
        anywhere = policy.permissions_anywhere(principal)
    context = {
        "queues": queues,
        "departments": departments,
        "records": records(anywhere),
        "reports": reports(anywhere),
        "unread_text": notices.count_text(max(count, 0)),
        "may_create": Permission.CREATE in anywhere,
        "preferences": Preferences.of(principal.user),
    }
    return context, counts


def records(permissions: Collection[str]) -> list[dict[str, Any]]:
    """Return the lines of the sidebar below the queues: what the agent's roles let them look up and write."""
    lines = (
        (Permission.PERSON_VIEW, "people", _("People"), "users"),
        (Permission.PERSON_VIEW, "organizations", _("Organisations"), "building-2"),
        (Permission.CANNED_EDIT, "canned-responses", _("Canned responses"), "message-square-text"),
    )
    return [
        {"name": name, "label": label, "icon": icon, "url": reverse(f"desk:{name}")}
        for permission, name, label, icon in lines
        if permission in permissions
    ]


def reports(permissions: Collection[str]) -> list[dict[str, Any]]:
    """Return the lines below those: the pages of the app that stands on the desk."""
    if Permission.REPORTS not in permissions:
        return []
    name = "reports:attainment"
    return [{"name": name, "label": _("Promises kept"), "icon": "chart-no-axes-column", "url": reverse(name)}]
