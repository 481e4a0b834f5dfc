"""Have a reply mailed again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principal import Principal
from tickets import events, policy
from tickets.actions.locking import check_unchanged, lock
from tickets.errors import NotOffered, SenderNotOffered
from tickets.models import EntryKind, Kind, ThreadEntry, Ticket
from tickets.policy import Deed
from tickets.sending import require_sender, sender_of


@transaction.atomic
def resend(
    *,
    ticket: Ticket,
    entry: ThreadEntry,
    addresses: Sequence[int],
    by: Principal,
    at: datetime,
    seen: int | None = None,
    maybe_twice: bool = False,
    retried: bool = False,
) -> Ticket:
    """Have a reply mailed once more to participants at these addresses, who may get it twice by that.

    It comes from the address that was chosen for it, if that is still there and for this agent.

    With `retried` nothing new is mailed: what waits for its next try is tried at once, whichever entry it carries.
    Raises NotAllowed, ChangedMeanwhile, NotOffered, SenderNotOffered.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.REPLY, ticket)
    check_unchanged(ticket, by, seen)
    if entry.ticket_id != ticket.pk or (entry.kind != EntryKind.REPLY and not retried):
        raise NotOffered(_("Only replies of this ticket can be mailed again."))
    if not retried and ticket.participants.filter(address__in=addresses).count() != len(set(addresses)):
        raise NotOffered(_("Choose among those who take part in this ticket."))
    how: dict[str, Any] = {name: True for name, is_so in (("maybe_twice", maybe_twice), ("retried", retried)) if is_so}
    sender = None if retried else sender_of(entry)
    if sender is not None:
        _require_same_sender(by, ticket, sender)
        how["sender"] = sender
    events.record(Kind.RESENT, ticket, by=by, at=at, entry=entry, addresses=list(addresses), **how)
    return ticket


def _require_same_sender(by: Principal, ticket: Ticket, sender: int) -> None:
    try:
        require_sender(by, ticket, sender)
    except SenderNotOffered as refused:
        raise SenderNotOffered(
            _(
                "The address that this reply came from is gone, or not yours to write from. “Change and send again” "
                "in the menu of the reply lets you choose another one."
            )
        ) from refused
