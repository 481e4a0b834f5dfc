"""An agent's notices: how many are unread, what they are about, and that they were read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from accounts.principal import Principal
from notices.models import Notice
from tickets.models import Ticket

PAGE = 50
# So many are told one by one when they are new.
MOST_NEWS = 3
# More are not counted.
MOST_COUNTED = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice as it is shown: of a ticket that the agent may not see any more nothing but that there was one."""

    notice: Notice
    is_seen: bool


def unread(agent: User) -> QuerySet[Notice]:
    return Notice.objects.filter(agent=agent, read_at=None)


def count_text(count: int) -> str:
    return f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else str(count or "")


def page(principal: Principal, *, before: int | None = None, limit: int = PAGE) -> tuple[list[Shown], int | None]:
    """Return the newest notices below the key `before`, and the key to go on with; None at the end. Two queries."""
    rows = Notice.objects.filter(agent=principal.user)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(_told(rows)[: limit + 1])
    shown = _shown(principal, found[:limit])
    return shown, shown[-1].notice.pk if len(found) > limit else None


def news(principal: Principal, *, after: int) -> list[Shown]:
    """Return the latest unread notices above the key `after` that are to be announced, oldest first."""
    rows = Notice.objects.filter(agent=principal.user, pk__gt=after, read_at=None, is_quiet=False)
    return [one for one in reversed(_shown(principal, list(_told(rows)[:MOST_NEWS]))) if one.is_seen]


def newest(agent: User) -> int:
    """Return the key of the agent's latest notice, 0 without any."""
    return Notice.objects.filter(agent=agent).order_by("-pk").values_list("pk", flat=True).first() or 0


def mark_read(agent: User, at: datetime, **which: Any) -> int:
    """Mark the agent's own notices as read, all or those that are meant; say how many."""
    return unread(agent).filter(**which).update(read_at=at)


def _told(rows: QuerySet[Notice]) -> QuerySet[Notice]:
    return rows.select_related("ticket", "event__by").order_by("-pk")


def _shown(principal: Principal, notices: Sequence[Notice]) -> list[Shown]:
    seen = _seen(principal, {notice.ticket_id for notice in notices})
    return [Shown(notice, notice.ticket_id in seen) for notice in notices]


def _seen(principal: Principal, tickets: Iterable[int]) -> set[int]:
    """Return which of these tickets the agent may see now: that they were told of one once says nothing."""
    keys = list(tickets)
    return set(Ticket.objects.visible_to(principal).filter(pk__in=keys).values_list("pk", flat=True)) if keys else set()
