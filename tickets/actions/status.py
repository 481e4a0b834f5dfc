"""Resolve, close, reopen."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principal import Principal
from core.models import SiteSettings
from sla.models import Target
from tickets import clocks, events, policy
from tickets.actions.assign import HOLDER_FIELDS
from tickets.actions.locking import check_unchanged, lock
from tickets.actions.note import add_note
from tickets.errors import NothingWritten, NotOffered
from tickets.models import CloseReason, EntryKind, Kind, ThreadEntry, Ticket, TicketTimer, TimerKind
from tickets.models.clock import Outcome
from tickets.policy import Deed

STATUS_FIELDS = [
    *("status", "awaiting", "resolved_at", "closed_at", "closes_at", "close_reason", "reopened_count"),
    "snoozed_until",
]


@transaction.atomic
def resolve(
    *,
    ticket: Ticket,
    by: Principal,
    at: datetime,
    resolution: str = "",
    explained_by: ThreadEntry | None = None,
    seen: int | None = None,
    deed: UUID | None = None,
) -> Ticket:
    """Say that the ticket is solved. It closes by itself after `close_after`, unless the requester objects.

    Needs a reply in the thread, or `resolution`: how it was solved, kept as an internal note; `explained_by` is a note
    of the same deed that says so. Raises NothingWritten without any of them, NotAllowed, ChangedMeanwhile.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.RESOLVE, ticket)
    check_unchanged(ticket, by, seen)
    deed = deed or events.new_deed()
    data: dict[str, Any] = {}
    if resolution.strip():
        data["entry"] = add_note(ticket=ticket, text=resolution, by=by, at=at, deed=deed)
        ticket = lock(ticket)
    elif explained_by is not None:
        data["entry"] = explained_by
    elif not ticket.entries.filter(kind=EntryKind.REPLY).exists():
        raise NothingWritten(_("Nobody has answered yet. Reply, or say here how it was solved."))
    ticket.resolve(at, ticket.department.close_after or SiteSettings.load().close_after)
    ticket.save(update_fields=STATUS_FIELDS)
    ticket.timers.filter(kind=TimerKind.WAKE).delete()
    TicketTimer.objects.update_or_create(
        ticket=ticket, kind=TimerKind.CLOSE, defaults={"due_at": ticket.closes_at, "claim": None}
    )
    met = clocks.stop(ticket, [Target.RESOLUTION], at=at, outcome=Outcome.MET)
    clocks.stop(ticket, clocks.RESPONSES, at=at, outcome=Outcome.CANCELLED)
    assert ticket.closes_at is not None
    data |= {"closes_at": ticket.closes_at.isoformat(), "met": met}
    events.record(Kind.RESOLVED, ticket, by=by, at=at, deed=deed, **data)
    return ticket


@transaction.atomic
def close(*, ticket: Ticket, by: Principal, at: datetime, seen: int | None = None, deed: UUID | None = None) -> Ticket:
    """Close a resolved ticket: the requester confirms, an agent says so, or silence did (the system).

    Raises NotAllowed, ChangedMeanwhile.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.CLOSE, ticket)
    check_unchanged(ticket, by, seen)
    reason = (
        CloseReason.CONFIRMED
        if by.acts_as_requester
        else CloseReason.AGENT
        if by.acts_as_agent
        else CloseReason.SILENCE
    )
    ticket.close(at, reason)
    _save_closed(ticket)
    events.record(Kind.CLOSED, ticket, by=by, at=at, deed=deed, reason=reason)
    return ticket


@transaction.atomic
def close_unresolved(
    *,
    ticket: Ticket,
    reason: CloseReason,
    by: Principal,
    at: datetime,
    note: str = "",
    seen: int | None = None,
    deed: UUID | None = None,
) -> Ticket:
    """Close a ticket that was never resolved, with a reason such as spam. The requester is not told.

    Raises NotOffered for a reason that only resolved tickets have, NotAllowed, ChangedMeanwhile.
    """
    if reason not in CloseReason.for_unresolved():
        raise NotOffered(_("Choose why this ticket is closed without an answer."))
    ticket = lock(ticket)
    policy.require(by, Deed.CLOSE_UNRESOLVED, ticket)
    check_unchanged(ticket, by, seen)
    deed = deed or events.new_deed()
    if note.strip():
        add_note(ticket=ticket, text=note, by=by, at=at, deed=deed)
        ticket = lock(ticket)
    ticket.close_unresolved(at, reason)
    _save_closed(ticket)
    clocks.stop(ticket, Target, at=at, outcome=Outcome.CANCELLED)
    events.record(Kind.CLOSED, ticket, by=by, at=at, deed=deed, reason=reason)
    return ticket


@transaction.atomic
def reopen(*, ticket: Ticket, by: Principal, at: datetime, seen: int | None = None, deed: UUID | None = None) -> Ticket:
    """Take a resolved or closed ticket up again; whoever had it keeps it, unless the department wants it otherwise.

    A requester may within `reopen_within` of closing, agents always. Raises NotAllowed, ChangedMeanwhile.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.REOPEN, ticket, at=at)
    check_unchanged(ticket, by, seen)
    bring_back(ticket, by=by, at=at, deed=deed)
    return ticket


def bring_back(ticket: Ticket, *, by: Principal, at: datetime, deed: UUID | None) -> None:
    """Reopen a ticket that is locked and may be reopened, and promise anew what is owed again.

    That is a solution; a first response if there never was one; and an answer to the requester who objects.
    """
    before, held_by = ticket.status, ticket.held_by
    deed = deed or events.new_deed()
    ticket.reopen()
    gives_back = held_by is not None and not ticket.department.keeps_assignee
    if gives_back:
        ticket.release()
    data: dict[str, Any] = {"from": before}
    if ticket.manual_due_at is not None and ticket.manual_due_at <= at:
        # What was due then is done; for what comes now the plan promises.
        data["due_dropped"] = ticket.manual_due_at.isoformat()
        ticket.manual_due_at = None
    ticket.save(update_fields=[*STATUS_FIELDS, *HOLDER_FIELDS, "manual_due_at"])
    ticket.timers.filter(kind=TimerKind.CLOSE).delete()
    owed = [Target.RESOLUTION]
    if ticket.first_response_at is None:
        owed.append(Target.FIRST_RESPONSE)
    elif by.acts_as_requester:
        owed.append(Target.NEXT_RESPONSE)
    clocks.start(ticket, owed, since=at, cause=Kind.REOPENED)
    events.record(Kind.REOPENED, ticket, by=by, at=at, deed=deed, **data)
    if gives_back and held_by is not None:
        # After the reopening, whose alert goes to the department then: it is nobody's.
        given = {"from": events.ref(held_by), "why": "reopened"}
        events.record(Kind.RELEASED, ticket, by=by, at=at, deed=deed, **given)


def _save_closed(ticket: Ticket) -> None:
    ticket.save(update_fields=STATUS_FIELDS)
    ticket.timers.all().delete()
