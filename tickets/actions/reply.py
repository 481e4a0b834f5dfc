"""Answer the requester."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.principal import Principal
from core.models import NewFile
from tickets import clocks, events, policy
from tickets.actions.assign import take
from tickets.actions.locking import check_unchanged, lock
from tickets.actions.status import resolve
from tickets.models import Awaiting, EntryKind, Kind, Source, ThreadEntry, Ticket
from tickets.models.clock import Outcome
from tickets.policy import Deed
from tickets.thread import add_entry, sent_before


@transaction.atomic
def reply(
    *,
    ticket: Ticket,
    text: str,
    by: Principal,
    at: datetime,
    source: Source = Source.DESK,
    html: str = "",
    files: Sequence[NewFile] = (),
    keeps: bool = False,
    seen: int | None = None,
    request_key: str = "",
    deed: UUID | None = None,
) -> ThreadEntry:
    """Answer the requester, who is told by mail. It is their turn then, unless `keeps`: we keep working on it.

    In a department whose replies claim, a ticket that nobody has is the answering agent's from then on (PARITY D05).

    Raises NotAllowed, ChangedMeanwhile, NothingWritten.
    """
    ticket = lock(ticket)
    if before := sent_before(by.user, request_key):
        return before
    policy.require(by, Deed.REPLY, ticket)
    check_unchanged(ticket, by, seen)
    entry = add_entry(
        ticket,
        EntryKind.REPLY,
        author=by.user,
        text=text,
        source=source,
        at=at,
        html=html,
        files=files,
        request_key=request_key,
    )
    ticket.first_response_at = ticket.first_response_at or at
    ticket.awaiting = Awaiting.AGENT if keeps and ticket.is_working else Awaiting.REQUESTER
    ticket.save(update_fields=["first_response_at", "awaiting"])
    met = clocks.stop(ticket, clocks.RESPONSES, at=at, outcome=Outcome.MET, cause=Kind.REPLIED)
    deed = deed or events.new_deed()
    events.record(Kind.REPLIED, ticket, by=by, at=at, deed=deed, entry=entry, keeps=keeps, met=met)
    if _claims(ticket, by):
        take(ticket, by=by, at=at, deed=deed, why="reply")
    return entry


@transaction.atomic
def reply_and_resolve(
    *,
    ticket: Ticket,
    text: str,
    by: Principal,
    at: datetime,
    source: Source = Source.DESK,
    files: Sequence[NewFile] = (),
    seen: int | None = None,
    request_key: str = "",
) -> ThreadEntry:
    """Answer the requester and say that this solves it: one deed, one mail. Sent twice it is done once."""
    ticket = lock(ticket)
    if before := sent_before(by.user, request_key):
        return before
    deed = events.new_deed()
    entry = reply(
        ticket=ticket,
        text=text,
        by=by,
        at=at,
        source=source,
        files=files,
        seen=seen,
        request_key=request_key,
        deed=deed,
    )
    resolve(ticket=ticket, by=by, at=at, deed=deed)
    return entry


def _claims(ticket: Ticket, by: Principal) -> bool:
    """Say whether this reply claims the ticket: not for whom it could not be given to."""
    if not ticket.department.claims_on_reply or not ticket.is_working or ticket.held_by is not None or by.user is None:
        return False
    may_have = ticket.department.assignable_agents().filter(pk=by.user.pk)
    return policy.may(by, Deed.CLAIM, ticket).ok and may_have.exists()
