"""Queues: saved searches over the tickets that somebody may see, read a page at a time."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.principal import Principal
from tickets import nearest
from tickets.models import FAR_FUTURE, PAUSED, Source, Ticket, TicketQuerySet
from tickets.models.grants import OWN_GRANTS, WORK_GRANTS

PAGE_ROWS = 25


class CursorInvalid(ValueError):
    """A place in a queue that was not written by us."""


class Sort(StrEnum):
    DUE = "due"
    ACTIVITY = "activity"


# Which columns order a queue, and whether they rise; the key comes last and makes the order total.
SORT_FIELDS: Mapping[Sort, tuple[str, bool]] = {
    Sort.DUE: ("next_due_at", True),
    Sort.ACTIVITY: ("last_activity_at", False),
}


@dataclass(frozen=True, slots=True)
class Queue:
    """A saved search. `narrow` gets the tickets that the agent sees by one of the grants `by`, the agent and the time.

    They leave out what was handed over: that has a queue of its own.
    """

    slug: str
    label: "str | Promise"
    icon: str
    sort: Sort
    narrow: Callable[[TicketQuerySet, User, datetime], TicketQuerySet]
    by: Set[str] = WORK_GRANTS
    # Found by a list of keys, which is short already; all others are read grant by grant (tickets.nearest).
    is_listed: bool = False

    def tickets(
        self, principal: Principal, at: datetime, department_id: int | None = None, source: Source | None = None
    ) -> TicketQuerySet:
        """Return what `principal` finds in this queue at `at`, unordered: all, or what is of a department or source."""
        if principal.user is None:
            return Ticket.objects.none()
        seen = Ticket.objects.visible_to(principal, by=self.by)
        return _narrowed(self.narrow(seen, principal.user, at), department_id, source)

    def first_by_grant(
        self, principal: Principal, at: datetime, department_id: int | None = None, source: Source | None = None
    ) -> "Narrow | None":
        """Return what cuts `tickets` down to the few that come first beyond a place; None where that is no help."""
        if not self.is_read_by_grant(principal):
            return None

        def cut(found: TicketQuerySet, field: str, rises: bool, place: "Place | None", size: int) -> TicketQuerySet:
            def wanted(tickets: TicketQuerySet, depth: int) -> TicketQuerySet:
                assert principal.user is not None
                tickets = _narrowed(self.narrow(tickets, principal.user, at), department_id, source)
                return _beyond(tickets, field, rises, place and (_within(place[0], depth), _within(place[1], depth)))[
                    :size
                ]

            return found.filter(nearest.keys_among(principal, self.by, wanted))

        return cut

    def is_read_by_grant(self, principal: Principal) -> bool:
        """Say whether its tickets are to be looked for in each grant by itself."""
        return not self.is_listed and nearest.is_worth_it(principal)


def _narrowed(tickets: TicketQuerySet, department_id: int | None, source: Source | None) -> TicketQuerySet:
    if department_id is not None:
        tickets = tickets.filter(department=department_id)
    return tickets if source is None else tickets.filter(source=source)


QUEUES: tuple[Queue, ...] = (
    Queue("open", _("Open"), "circle-dot", Sort.DUE, lambda tickets, agent, at: tickets.working().awake(at)),
    Queue(
        "mine",
        _("Mine"),
        "inbox",
        Sort.DUE,
        lambda tickets, agent, at: tickets.working().awake(at).assigned_to(agent),
        by=OWN_GRANTS,
    ),
    Queue(
        "unassigned",
        _("Unassigned"),
        "circle-dashed",
        Sort.DUE,
        lambda tickets, agent, at: tickets.working().awake(at).unassigned(),
    ),
    Queue("overdue", _("Overdue"), "clock-alert", Sort.DUE, lambda tickets, agent, at: tickets.working().overdue(at)),
    Queue(
        "awaiting-requester",
        _("Awaiting requester"),
        "pause",
        Sort.DUE,
        lambda tickets, agent, at: tickets.working().awaiting_requester(),
    ),
    Queue(
        "awaiting-third-party",
        _("Awaiting a third party"),
        "hourglass",
        Sort.DUE,
        lambda tickets, agent, at: tickets.working().awaiting_third_party(),
    ),
    Queue("snoozed", _("Snoozed"), "alarm-clock", Sort.DUE, lambda tickets, agent, at: tickets.working().snoozed(at)),
    Queue(
        "handed-over",
        _("Handed over"),
        "corner-up-right",
        Sort.ACTIVITY,
        lambda tickets, agent, at: tickets.handed_over_by(agent),
        by=WORK_GRANTS | {"referral"},
        is_listed=True,
    ),
    Queue(
        "resolved",
        _("Resolved"),
        "circle-check",
        Sort.ACTIVITY,
        lambda tickets, agent, at: tickets.resolved(),
    ),
    Queue(
        "closed",
        _("Closed"),
        "archive",
        Sort.ACTIVITY,
        lambda tickets, agent, at: tickets.closed(),
    ),
)
BY_SLUG: Mapping[str, Queue] = {queue.slug: queue for queue in QUEUES}
DEFAULT = BY_SLUG["open"]


# --- Pages ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a queue in order, and the cursors of the pages on either side ("" where there is none)."""

    tickets: list[Ticket]
    newer: str
    older: str


# A moment and a key, of a row or of the row of a query around.
Place = tuple[datetime, int] | tuple[OuterRef, OuterRef]
Narrow = Callable[[TicketQuerySet, str, bool, "Place | None", int], TicketQuerySet]


def read_page(
    queue: Queue,
    tickets: TicketQuerySet,
    *,
    after: str = "",
    before: str = "",
    size: int = PAGE_ROWS,
    cut: Narrow | None = None,
) -> Page:
    """Return the rows behind the cursor `after`, or those just ahead of `before`, else the first ones.

    `cut` is the queue's `first_by_grant` for the same tickets. A page that came out short going back is the first page.
    Raises CursorInvalid.
    """
    field, rises = SORT_FIELDS[queue.sort]
    if before:
        rows = list(_first(tickets, field, not rises, _read_cursor(before), size + 1, cut))
        if len(rows) > size:
            rows = rows[:size][::-1]
            return Page(rows, newer=cursor_of(queue, rows[0]), older=cursor_of(queue, rows[-1]))
    rows = list(_first(tickets, field, rises, _read_cursor(after) if after else None, size + 1, cut))
    if after and not rows:
        return read_page(queue, tickets, size=size, cut=cut)
    more, rows = len(rows) > size, rows[:size]
    return Page(
        rows,
        newer=cursor_of(queue, rows[0]) if after else "",
        older=cursor_of(queue, rows[-1]) if more else "",
    )


def neighbours(queue: Queue, tickets: TicketQuerySet, cut: Narrow | None = None) -> dict[str, Subquery]:
    """Return annotations for one Ticket: `previous_number` and `next_number` in the queue, null at its ends.

    `cut` is the queue's `first_by_grant` for the same tickets.
    """
    field, rises = SORT_FIELDS[queue.sort]
    here = OuterRef(field), OuterRef("pk")
    return {
        "previous_number": Subquery(_first(tickets, field, not rises, here, 1, cut).values("number")),
        "next_number": Subquery(_first(tickets, field, rises, here, 1, cut).values("number")),
    }


def cursor_of(queue: Queue, ticket: Ticket) -> str:
    """Return the place of a ticket in the queue: microseconds since 1970, and the key."""
    moment: datetime = getattr(ticket, SORT_FIELDS[queue.sort][0])
    return f"{(moment - _EPOCH) // timedelta(microseconds=1)}.{ticket.pk}"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})", re.ASCII)


def _read_cursor(text: str) -> tuple[datetime, int]:
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise CursorInvalid(text)
    try:
        return _EPOCH + timedelta(microseconds=int(found[1])), int(found[2])
    except OverflowError as error:
        raise CursorInvalid(text) from error


def _first(
    tickets: TicketQuerySet, field: str, rises: bool, place: "Place | None", size: int, cut: Narrow | None
) -> TicketQuerySet:
    found = _beyond(tickets, field, rises, place)
    return (found if cut is None else cut(found, field, rises, place, size))[:size]


def _within(one: Any, depth: int) -> Any:
    """Return what refers to the same row from so many queries further within."""
    for _query in range(depth if isinstance(one, OuterRef) else 0):
        one = OuterRef(one)
    return one


def _beyond(tickets: TicketQuerySet, field: str, rises: bool, place: "Place | None") -> TicketQuerySet:
    """Return the tickets beyond `place` in the given direction, nearest first."""
    sign, way = ("", "gt") if rises else ("-", "lt")
    tickets = tickets.order_by(f"{sign}{field}", f"{sign}id")
    if place is None:
        return tickets
    moment, key = place
    # The first condition alone is a range of the index; the second takes the ties apart.
    return tickets.filter(
        Q(**{f"{field}__{way}e": moment}), Q(**{f"{field}__{way}": moment}) | Q(**{f"id__{way}": key})
    )


# --- Groups by what is due -------------------------------------------------------------------------


class Due(StrEnum):
    """The groups of a queue by deadline, in order."""

    BREACHED = "breached"
    SOON = "soon"
    TODAY = "today"
    LATER = "later"
    PAUSED = "paused"
    NONE = "none"


DUE_LABELS: Mapping[Due, "str | Promise"] = {
    Due.BREACHED: _("Breached"),
    Due.SOON: _("Due within the hour"),
    Due.TODAY: _("Later today"),
    Due.LATER: _("Later"),
    Due.PAUSED: _("Clock paused"),
    Due.NONE: _("No deadline"),
}


def due_group(next_due_at: datetime, at: datetime) -> Due:
    """Return the group of a deadline as seen at `at`; "today" ends at midnight in the active time zone."""
    if next_due_at <= at:
        return Due.BREACHED
    if next_due_at <= at + timedelta(hours=1):
        return Due.SOON
    tomorrow = timezone.localtime(at).date() + timedelta(days=1)
    if next_due_at < timezone.make_aware(datetime.combine(tomorrow, time.min)):
        return Due.TODAY
    if next_due_at < PAUSED:
        return Due.LATER
    return Due.PAUSED if next_due_at < FAR_FUTURE else Due.NONE


def by_due(tickets: Sequence[Ticket], at: datetime) -> Iterator[tuple[Due, list[Ticket]]]:
    """Split tickets that are sorted by deadline into their groups, leaving out empty ones."""
    for group, members in groupby(tickets, key=lambda ticket: due_group(ticket.next_due_at, at)):
        yield group, list(members)
