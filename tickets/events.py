"""Recording what happened, and running what follows from it.

helpdesk hands over its table of handlers at start (helpdesk/subscriptions.py); this floor knows none by name.
"""

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction

from accounts.models import Team, User
from accounts.principal import Principal
from core.models.work import holding
from core.prepared import Prepared, gathering, insert
from core.retries import next_try
from tickets.models import Department, FailedHandler, Kind, ThreadEntry, Ticket, TicketEvent

logger = logging.getLogger(__name__)

Handler = Callable[[TicketEvent], None]

_handlers: dict[Kind, tuple[Handler, ...]] = {}

# What thread, clocks and events keep on a locked ticket; whichever of them changed it, it is saved once.
KEPT = ["entry_count", "next_due_at", "last_event_number", "last_activity_at"]

_TICKET = Prepared(lambda pk: Ticket.objects.filter(pk=pk))


def subscribe(table: Mapping[Kind, Sequence[Handler]]) -> None:
    """Replace the table of handlers. Called once, when the apps are ready."""
    _handlers.clear()
    _handlers.update({kind: tuple(handlers) for kind, handlers in table.items()})


def new_deed() -> UUID:
    """Return the id under which all events of one deed are recorded."""
    return uuid4()


def ref(holder: User | Team | Department) -> str:
    """Return how an event's data names an agent, a team or a department: "user:1", "team:2", "department:3"."""
    kind = "team" if isinstance(holder, Team) else "department" if isinstance(holder, Department) else "user"
    return f"{kind}:{holder.pk}"


def record(
    kind: Kind, ticket: Ticket, *, by: Principal, at: datetime, deed: UUID | None = None, **data: Any
) -> TicketEvent:
    """Record one event of a locked ticket and run its handlers, all in the caller's transaction.

    `data` takes ids and codes, never text that people typed. What was written is handed over as `entry`; of it `data`
    has the number. What became of clocks since the last event goes along. Saves what is KEPT on the ticket; the caller
    saves what else it changed.
    """
    _count(ticket, at)
    _TICKET.update({name: getattr(ticket, name) for name in KEPT}, pk=ticket.pk)
    return record_counted(kind, ticket, by=by, at=at, deed=deed, **data)


def record_counted(
    kind: Kind, ticket: Ticket, *, by: Principal, at: datetime, deed: UUID | None = None, **data: Any
) -> TicketEvent:
    """Record an event, as `record` does, of a new ticket in which it is counted already."""
    if ticket.clock_changes:
        data["clocks"] = list(ticket.clock_changes)
        ticket.clock_changes.clear()
    entry: ThreadEntry | None = data.get("entry")
    if entry is not None:
        data["entry"] = entry.number
    event = _event(kind, ticket, by, at, deed, data)
    event.entry = entry
    insert(event)
    _follow(event)
    return event


def record_for_all(kind: Kind, tickets: Sequence[Ticket], *, by: Principal, at: datetime, **data: Any) -> None:
    """Record the same event of many locked tickets, each a deed of its own, in a fixed number of queries."""
    for ticket in tickets:
        _count(ticket, at)
    Ticket.objects.bulk_update(tickets, ["last_event_number", "last_activity_at"])
    for event in TicketEvent.objects.bulk_create(_event(kind, ticket, by, at, None, data) for ticket in tickets):
        _follow(event)


def record_reckoned(tickets: Sequence[Ticket], *, by: Principal, at: datetime, **data: Any) -> None:
    """Record that the clocks of many locked tickets were reckoned anew, each told of its own; nothing follows from it.

    No activity: nobody did anything to these tickets, and lists by activity stay as they are.
    """
    told = []
    for ticket in tickets:
        ticket.last_event_number += 1
        changed = {"next_due_at": ticket.next_due_at, "last_event_number": ticket.last_event_number}
        _TICKET.update(changed, pk=ticket.pk)
        told.append(_event(Kind.RECKONED, ticket, by, at, None, {**data, "clocks": list(ticket.clock_changes)}))
        ticket.clock_changes.clear()
    TicketEvent.objects.bulk_create(told)


def run(handler: Handler, event: TicketEvent) -> bool:
    """Run one handler in its own savepoint; say whether it succeeded.

    A failure is kept as a FailedHandler and the deed stands. A lost connection is not caught: then
    nothing stands, neither the deed nor what follows.
    """
    try:
        with transaction.atomic():
            handler(event)
    except Exception as error:
        if not connection.in_atomic_block or is_lost():
            raise
        logger.exception("handler %s failed on %s", name_of(handler), event.kind)
        _keep_failure(handler, event, error)
        return False
    return True


def retry(failed: FailedHandler, *, claim: UUID, at: datetime) -> bool:
    """Run a handler that failed once more; say whether it succeeded. Without the claim nothing of it stands.

    A handler that is no longer subscribed is given up.
    """
    rows = holding(FailedHandler.objects.all(), failed.pk, claim)
    handler = handler_named(failed.handler)
    if handler is None:
        rows.update(due_at=None, claim=None, error="This handler is no longer subscribed.")
        return False
    try:
        with transaction.atomic():
            if rows.update(succeeded_at=at, due_at=None, claim=None, attempts=failed.attempts + 1) != 1:
                return False
            handler(failed.event)
    except Exception as error:
        if is_lost():
            raise
        logger.exception("handler %s failed again on %s", failed.handler, failed.event.kind)
        again = next_try(at, failures=failed.attempts, since=failed.failed_at)
        rows.update(error=_told(error), attempts=failed.attempts + 1, due_at=again, claim=None)
        return False
    return True


def name_of(handler: Handler) -> str:
    return f"{handler.__module__}.{handler.__qualname__}"


def handler_named(name: str) -> Handler | None:
    """Return the subscribed handler of that dotted name, if it still exists."""
    return next((h for handlers in _handlers.values() for h in handlers if name_of(h) == name), None)


def _keep_failure(handler: Handler, event: TicketEvent, error: Exception) -> None:
    FailedHandler.objects.get_or_create(
        event=event,
        handler=name_of(handler),
        defaults={
            "error": _told(error),
            "failed_at": event.at,
            "due_at": next_try(event.at, failures=0, since=event.at),
        },
    )


def is_lost() -> bool:
    """Say whether the transaction or its connection is beyond use.

    The error's class does not tell: a missing column is an OperationalError in SQLite, as a deadlock that a
    savepoint survives is in PostgreSQL.
    """
    return connection.connection is None or connection.needs_rollback or not connection.is_usable()


def _told(error: Exception) -> str:
    return "".join(traceback.format_exception(error))[-10_000:]


def _count(ticket: Ticket, at: datetime) -> None:
    ticket.last_event_number += 1
    ticket.last_activity_at = max(ticket.last_activity_at, at)


def _event(
    kind: Kind, ticket: Ticket, by: Principal, at: datetime, deed: UUID | None, data: dict[str, Any]
) -> TicketEvent:
    return TicketEvent(
        ticket=ticket,
        number=ticket.last_event_number,
        kind=kind,
        deed=deed or new_deed(),
        by=by.user,
        face=by.face,
        cause=by.cause,
        at=at,
        data=data,
    )


def _follow(event: TicketEvent) -> None:
    """Run the handlers, all in one savepoint; if one of them fails, each in its own."""
    handlers = _handlers.get(Kind(event.kind), ())
    if len(handlers) > 1 and _run_together(handlers, event):
        return
    for handler in handlers:
        run(handler, event)


def _run_together(handlers: Sequence[Handler], event: TicketEvent) -> bool:
    try:
        with transaction.atomic(), gathering():
            for handler in handlers:
                handler(event)
    except Exception:
        if not connection.in_atomic_block or is_lost():
            raise
        return False
    return True
