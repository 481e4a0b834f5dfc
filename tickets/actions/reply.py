"""Answer the requester."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Signs
from accounts.principal import Principal
from core.models import NewFile
from tickets import clocks, events, policy
from tickets.actions.assign import take
from tickets.actions.locking import check_unchanged, lock
from tickets.actions.status import resolve
from tickets.models import Awaiting, EntryKind, Kind, Source, ThreadEntry, Ticket
from tickets.models.clock import Outcome
from tickets.policy import Deed
from tickets.sending import require_sender
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
    to: Collection[int] | None = None,
    signs: Signs | None = None,
    sender: int | None = None,
    seen: int | None = None,
    request_key: str = "",
    deed: UUID | None = None,
) -> ThreadEntry:
    """Answer the requester, who is told by mail. It is their turn then, unless `keeps`: we keep working on it.

    In a department whose replies claim, a ticket that nobody has is the answering agent's from then on (PARITY D05).

    `to` are keys of addresses: of those who take part, these alone are mailed. None: everybody.
    `signs` is how the mail ends. None: as its author always signs.
    `sender` is the key of the address that it comes from. None: that of all mails of the ticket.

    Raises NotAllowed, ChangedMeanwhile, NothingWritten, SenderNotOffered.
    """
    ticket = lock(ticket)
    if before := sent_before(by.user, request_key):
        return before
    policy.require(by, Deed.REPLY, ticket)
    check_unchanged(ticket, by, seen)
    require_sender(by, ticket, sender)
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
    met = clocks.stop(ticket, clocks.RESPONSES, at=at, outcome=Outcome.MET)
    clocks.follow_waits(ticket, at=at, cause=Kind.REPLIED)
    deed = deed or events.new_deed()
    told: dict[str, Any] = {} if to is None else {"to": _among(ticket, to)}
    if signs is not None:
        told["signs"] = signs.value
    if sender is not None:
        told["sender"] = sender
    events.record(Kind.REPLIED, ticket, by=by, at=at, deed=deed, entry=entry, keeps=keeps, met=met, **told)
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
    html: str = "",
    files: Sequence[NewFile] = (),
    to: Collection[int] | None = None,
    signs: Signs | None = None,
    sender: int | None = None,
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
        html=html,
        files=files,
        to=to,
        signs=signs,
        sender=sender,
        seen=seen,
        request_key=request_key,
        deed=deed,
    )
    resolve(ticket=ticket, by=by, at=at, deed=deed)
    return entry


def _among(ticket: Ticket, addresses: Collection[int]) -> list[int]:
    """Return those of the addresses that take part: nobody else is ever mailed a reply."""
    return sorted(ticket.participants.filter(address__in=addresses).values_list("address", flat=True))


def _claims(ticket: Ticket, by: Principal) -> bool:
    """Say whether this reply claims the ticket: not for whom it could not be given to."""
    if not ticket.department.claims_on_reply or not ticket.is_working or ticket.held_by is not None or by.user is None:
        return False
    may_have = ticket.department.assignable_agents().filter(pk=by.user.pk)
    return policy.may(by, Deed.CLAIM, ticket).ok and may_have.exists()
