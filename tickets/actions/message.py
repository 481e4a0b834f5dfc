"""Add a requester's message."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import Address, User
from accounts.principal import Principal
from core.models import NewFile
from sla.models import Target
from tickets import clocks, events, policy
from tickets.actions.locking import check_unchanged, lock
from tickets.actions.open import open_ticket
from tickets.actions.status import bring_back
from tickets.actions.waiting import end_waits
from tickets.models import EntryKind, Kind, Source, Status, ThreadEntry, Ticket
from tickets.policy import Deed
from tickets.thread import add_entry, sent_before


def add_message(
    *,
    ticket: Ticket,
    address: Address,
    text: str,
    source: Source,
    by: Principal,
    at: datetime,
    html: str = "",
    files: Sequence[NewFile] = (),
    seen: int | None = None,
    acknowledges: bool = True,
    request_key: str = "",
    is_limited: bool = True,
) -> ThreadEntry:
    """Add what the requester wrote; a resolved or closed ticket comes back by it.

    The system, as which `by` may come, puts down what the person behind `address` wrote in another way. Unless
    `acknowledges`, no mail confirms it.
    Once the time for reopening has passed, the message opens a new ticket that follows the old one: look at
    the entry's ticket. Raises NotAllowed, ChangedMeanwhile, NothingWritten, TooManyOpen as `open_ticket` does.
    """
    author = by.user or address.user
    with transaction.atomic():
        ticket = lock(ticket)
        # Sent twice at once, the second waited for the lock and finds what the first left.
        if before := sent_before(author, request_key):
            return before
        policy.require(by, Deed.MESSAGE, ticket)
        comes_too_late = policy.is_past_reopening(ticket, at)
        if not comes_too_late:
            check_unchanged(ticket, by, seen)
            return _append(ticket, author, text, html, source, by, at, files, request_key, acknowledges)
    follow_up = open_ticket(
        address=address,
        topic=ticket.topic if ticket.topic and ticket.topic.is_offered else None,
        subject=ticket.subject,
        text=text,
        source=source,
        by=by,
        at=at,
        html=html,
        files=files,
        acknowledges=acknowledges,
        request_key=request_key,
        follows=ticket,
        is_limited=is_limited,
    )
    return follow_up.first_entry


def _append(
    ticket: Ticket,
    author: User,
    text: str,
    html: str,
    source: Source,
    by: Principal,
    at: datetime,
    files: Sequence[NewFile],
    request_key: str,
    acknowledges: bool,
) -> ThreadEntry:
    deed = events.new_deed()
    entry = add_entry(
        ticket,
        EntryKind.MESSAGE,
        author=author,
        text=text,
        source=source,
        at=at,
        html=html,
        files=files,
        request_key=request_key,
    )
    if ticket.status in (Status.RESOLVED, Status.CLOSED):
        bring_back(ticket, by=by, at=at, deed=deed)
    end_waits(ticket, at=at, cause=Kind.MESSAGE_ADDED)
    if ticket.first_response_at:
        clocks.start(ticket, [Target.NEXT_RESPONSE], since=at, cause=Kind.MESSAGE_ADDED)
    quiet = {} if acknowledges else {"quiet": True}
    events.record(Kind.MESSAGE_ADDED, ticket, by=by, at=at, deed=deed, entry=entry, **quiet)
    return entry
