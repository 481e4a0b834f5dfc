"""Add an internal note."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.principal import Principal
from core.models import NewFile
from tickets import events, policy
from tickets.actions.locking import check_unchanged, lock
from tickets.models import EntryKind, Kind, Source, ThreadEntry, Ticket
from tickets.policy import Deed
from tickets.thread import add_entry, sent_before


@transaction.atomic
def add_note(
    *,
    ticket: Ticket,
    text: str,
    by: Principal,
    at: datetime,
    source: Source = Source.DESK,
    html: str = "",
    files: Sequence[NewFile] = (),
    seen: int | None = None,
    request_key: str = "",
    deed: UUID | None = None,
) -> ThreadEntry:
    """Write what only agents may read. Raises NotAllowed, ChangedMeanwhile, NothingWritten."""
    ticket = lock(ticket)
    if before := sent_before(by.user, request_key):
        return before
    policy.require(by, Deed.NOTE, ticket)
    check_unchanged(ticket, by, seen)
    entry = add_entry(
        ticket,
        EntryKind.NOTE,
        author=by.user,
        text=text,
        source=source,
        at=at,
        html=html,
        files=files,
        request_key=request_key,
    )
    events.record(Kind.NOTE_ADDED, ticket, by=by, at=at, deed=deed, entry=entry)
    return entry
