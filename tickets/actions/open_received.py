"""Open a ticket from what came in by mail or by the API, with all that goes along: one deed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Address
from accounts.principal import Principal
from core.models import NewFile
from sla.models import Priority
from tickets import events
from tickets.actions.collaborators import add_automatically
from tickets.actions.due_date import set_at_opening
from tickets.actions.locking import lock_addresses
from tickets.actions.open import open_ticket
from tickets.models import Cause, Department, HelpTopic, Kind, Referral, Source, Ticket


@transaction.atomic(savepoint=False)
def open_received(
    *,
    address: Address,
    topic: HelpTopic | None,
    subject: str,
    text: str,
    source: Source,
    by: Principal,
    at: datetime,
    html: str = "",
    files: Sequence[NewFile] = (),
    priority: Priority | None = None,
    department: Department | None = None,
    collaborators: Sequence[Address] = (),
    also_told: Sequence[Department] = (),
    acknowledges: bool = True,
    alerts: bool = True,
    due_at: datetime | None = None,
    request_key: str = "",
    follows: Ticket | None = None,
    number: str = "",
    is_limited: bool = True,
) -> Ticket:
    """Open a ticket for the person behind `address`, who sent it.

    `collaborators`, with their people loaded, were written to besides us and take part (PARITY I16). The departments
    `also_told`, at whose addresses it arrived too, may read it (I14). Unless `acknowledges`, no mail confirms it;
    unless `alerts`, no mail tells agents. `due_at` is by when whoever sent it wants it solved, set by the system. Sent
    twice with the same `request_key` it is one ticket. Raises what `open_ticket` raises, and DueDateRefused.
    """
    if collaborators:
        # With the requester's, which `open_ticket` locks: one by one, two mails could wait for each other.
        collaborators = [one for one in lock_addresses([address, *collaborators]) if one.pk != address.pk]
    deed = events.new_deed()
    ticket = open_ticket(
        address=address,
        topic=topic,
        subject=subject,
        text=text,
        source=source,
        by=by,
        at=at,
        html=html,
        files=files,
        priority=priority,
        department=department,
        acknowledges=acknowledges,
        alerts=alerts,
        request_key=request_key,
        follows=follows,
        number=number,
        is_limited=is_limited,
        deed=deed,
    )
    if (collaborators or also_told or due_at) and ticket.events.filter(number=1, deed=deed).exists():
        ticket.refresh_from_db()
        if collaborators:
            add_automatically(ticket=ticket, addresses=collaborators, cause=Cause.RECIPIENT, at=at, deed=deed)
        for other in also_told:
            _let_read(ticket, other, at=at, deed=deed)
        if due_at is not None:
            set_at_opening(ticket=ticket, to=due_at, by=Principal.system(by.cause), at=at, deed=deed)
            ticket.refresh_from_db()
    return ticket


def _let_read(ticket: Ticket, department: Department, *, at: datetime, deed: UUID) -> None:
    """Refer the ticket, unless the department has it, sees it already, or is archived."""
    if department.pk == ticket.department_id or department.archived_at is not None:
        return
    if ticket.referrals.filter(department=department).exists():
        return
    Referral.objects.create(ticket=ticket, department=department, referred_by=None, created_at=at)
    by = Principal.system(Cause.RECIPIENT)
    events.record(Kind.REFERRED, ticket, by=by, at=at, deed=deed, to=events.ref(department))
