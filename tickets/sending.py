"""From which address a reply goes, where its author chose one (PARITY K21).

Addresses belong to the floor that mails; it hands down who may write from which. Here an address is a key and no more.
"""

from collections.abc import Callable

from django.utils.translation import gettext as _

from accounts.principal import Principal
from tickets.errors import SenderNotOffered
from tickets.models import Kind, ThreadEntry, Ticket

# Says whether this agent may write in this ticket from the address with this key.
Judge = Callable[[Principal, Ticket, int], bool]
_judges: list[Judge] = []


def hand_over(judge: Judge) -> None:
    """Name the function that knows the addresses. Called once, when the apps are ready."""
    _judges[:] = [judge]


def require_sender(by: Principal, ticket: Ticket, sender: int | None) -> None:
    """Raise SenderNotOffered for an address that is gone, or that this agent may not write from; None is the usual."""
    if sender is not None and not any(judge(by, ticket, sender) for judge in _judges):
        raise SenderNotOffered(_("You cannot write from this address, or not any more. Choose another one."))


def sender_of(entry: ThreadEntry) -> int | None:
    """Return the key of the address that was chosen for a reply; None where it came from the usual one."""
    replied = entry.ticket.events.filter(kind=Kind.REPLIED, data__entry=entry.number).order_by("number").first()
    return replied.data.get("sender") if replied is not None else None
