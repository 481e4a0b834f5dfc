"""Taking the ticket in hand: the lock, and the check that the person saw what there is."""

from collections.abc import Iterable

from accounts import moving
from accounts.models import Address
from accounts.principal import Principal
from core.prepared import Prepared
from tickets.errors import ChangedMeanwhile
from tickets.models import Kind, Ticket

# What a requester may learn of at all. Everything else must not even show by a refusal.
MATTERS_TO_REQUESTERS = (Kind.REPLIED, Kind.RESOLVED, Kind.CLOSED, Kind.REOPENED)
SILENT = (Kind.CLOCK_WARNED, Kind.CLOCK_BREACHED, Kind.ESCALATED, Kind.RECKONED, Kind.REPLY_STOPPED)

_LOCKED = Prepared(lambda pk: Ticket.objects.select_for_update().filter(pk=pk).values_list("pk", flat=True))
# With what most deeds look at; the rest is read by those that do.
_TICKET = Prepared(lambda pk: Ticket.objects.select_related("department", "sla_plan", "assignee", "team").filter(pk=pk))
_LOCKED_ADDRESS = Prepared(
    lambda pk: Address.objects.select_for_update(no_key=True).filter(pk=pk).values_list("user_id", flat=True)
)


def lock(ticket: Ticket) -> Ticket:
    """Return the ticket as it is now, locked to the end of the transaction.

    Two queries: who waits for the lock gets the row anew, but what is joined to it as it was before the wait
    (PostgreSQL's manual, "Read Committed Isolation Level").
    """
    _LOCKED.get(pk=ticket.pk)
    return _TICKET.get(pk=ticket.pk)


def lock_address(address: Address) -> Address:
    """Return the address with whose it is now, who keeps it to the end of the transaction (accounts.moving).

    Before a ticket: what goes with an address is locked in the same order.
    """
    held = _LOCKED_ADDRESS.get(pk=address.pk)
    return address if held == address.user_id else Address.objects.select_related("user").get(pk=address.pk)


def lock_addresses(addresses: Iterable[Address]) -> list[Address]:
    """Return several with whose they are now, as `lock_address` does. What is gone by now is left out."""
    wanted = list(addresses)
    owners = moving.hold_all(wanted)
    moved = [one.pk for one in wanted if owners.get(one.pk, one.user_id) != one.user_id]
    fresh = Address.objects.select_related("user").in_bulk(moved) if moved else {}
    return [fresh.get(one.pk, one) for one in wanted if one.pk in owners]


def check_unchanged(ticket: Ticket, by: Principal, seen: int | None) -> None:
    """Raise ChangedMeanwhile if others did something that matters since event number `seen`."""
    if seen is None or ticket.last_event_number <= seen:
        return
    newer = ticket.events.filter(number__gt=seen).exclude(by=by.user).select_related("by").order_by("number")
    newer = newer.exclude(kind__in=SILENT) if by.acts_as_agent else newer.filter(kind__in=MATTERS_TO_REQUESTERS)
    if found := list(newer[:20]):
        raise ChangedMeanwhile(found)
