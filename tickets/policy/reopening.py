"""Until when the requester may bring a closed ticket back."""

from datetime import datetime

from core.models import SiteSettings
from tickets.models import Ticket


def reopens_until(ticket: Ticket) -> datetime | None:
    """Return until when the requester may reopen a closed ticket; None while it is not closed."""
    if ticket.closed_at is None:
        return None
    return ticket.closed_at + (ticket.department.reopen_within or SiteSettings.load().reopen_within)


def is_past_reopening(ticket: Ticket, at: datetime | None) -> bool:
    """Say whether the requester comes too late: a message now opens a new ticket that follows this one."""
    until = reopens_until(ticket)
    return until is not None and (at is None or at > until)
