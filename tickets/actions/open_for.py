"""Open a ticket for somebody at the desk, with all that goes along: one deed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Address, Signs
from accounts.principal import Principal
from core.models import NewFile
from sla.models import Priority
from tickets import events, policy
from tickets.actions.assign import assign, claim
from tickets.actions.due_date import set_at_opening
from tickets.actions.note import add_note
from tickets.actions.open import open_ticket
from tickets.models import HelpTopic, Source, Ticket
from tickets.policy import Deed


@transaction.atomic
def open_for(
    *,
    address: Address,
    topic: HelpTopic | None,
    subject: str,
    text: str,
    source: Source,
    by: Principal,
    at: datetime,
    files: Sequence[NewFile] = (),
    priority: Priority | None = None,
    note: str = "",
    takes: bool = False,
    due_at: datetime | None = None,
    request_key: str = "",
    follows: Ticket | None = None,
    signs: Signs | None = None,
) -> Ticket:
    """Open a ticket for the person behind `address`, who is told by mail; with `takes` the agent has it at once.

    `signs` is how the mail ends; None: as the agent always signs. `due_at` is by when it is to be solved, whatever the
    plan promises. `follows` is the ticket that it came out of, if it
    did (PARITY I10).

    All of it or nothing: a note, or taking it, needs a role in the department that the topic leads to. Sent twice with
    the same `request_key` it is one ticket. Raises what `open_ticket`, `add_note` and `assign` raise, DueDateRefused.
    """
    deed = events.new_deed()
    ticket = open_ticket(
        address=address,
        topic=topic,
        subject=subject,
        text=text,
        source=source,
        by=by,
        at=at,
        files=files,
        priority=priority,
        request_key=request_key,
        follows=follows,
        signs=signs,
        deed=deed,
    )
    if not ticket.events.filter(number=1, deed=deed).exists():
        # Sent before: what went along went along then.
        return ticket
    if due_at is not None:
        set_at_opening(ticket=ticket, to=due_at, by=by, at=at, deed=deed)
        ticket.refresh_from_db()
    if note.strip():
        add_note(ticket=ticket, text=note, by=by, at=at, deed=deed)
    if takes:
        ticket.refresh_from_db()
        _take(ticket, by=by, at=at, deed=deed)
    return ticket


def _take(ticket: Ticket, *, by: Principal, at: datetime, deed: UUID) -> None:
    assert by.user is not None  # open_ticket let an agent through
    if ticket.assignee_id == by.user.pk:
        return
    if policy.may(by, Deed.CLAIM, ticket):
        claim(ticket=ticket, by=by, at=at, deed=deed)
    else:
        # The topic gave it to somebody: whoever opens it says otherwise, if their role lets them.
        assign(ticket=ticket, to=by.user, by=by, at=at, deed=deed)
