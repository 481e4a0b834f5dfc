"""Answer a new ticket with the canned response that its help topic names."""

from datetime import datetime
from uuid import UUID

from accounts.models import Address
from accounts.principal import Face, Principal
from tickets import automatic, events
from tickets.models import CannedResponse, Cause, EntryKind, Kind, Source, ThreadEntry, Ticket
from tickets.thread import add_entry


def answer_automatically(
    ticket: Ticket, answer: CannedResponse, address: Address, *, came_by: Face, at: datetime, deed: UUID
) -> ThreadEntry:
    """Put the answer into the thread of a ticket that this transaction made; its requester is mailed it.

    Nobody has answered by that: clocks run on, and it is still an agent's turn.
    """
    says = automatic.said(answer, ticket, tells_typed=address.is_verified)
    entry = add_entry(
        ticket,
        EntryKind.AUTOMATIC,
        author=None,
        text=says.text,
        source=Source.OTHER,
        at=at,
        html=says.html,
        files=says.files,
    )
    data = {"canned": answer.pk, "came_by": came_by.value} | ({"typed": True} if address.is_verified else {})
    events.record(
        Kind.AUTOMATIC_ANSWER, ticket, by=Principal.system(Cause.ROUTING), at=at, deed=deed, entry=entry, **data
    )
    return entry
