"""Move a message or a note to another ticket: what mends a mail that was matched wrongly."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Address
from accounts.principal import Principal
from sla.models import Target
from tickets import clocks, events, policy
from tickets.actions.collaborators import add_collaborator
from tickets.actions.locking import check_unchanged, lock, lock_address
from tickets.actions.status import bring_back, close_unresolved
from tickets.actions.waiting import end_waits
from tickets.errors import NotOffered
from tickets.models import Awaiting, CloseReason, EntryKind, Kind, ThreadEntry, Ticket
from tickets.models.clock import Outcome
from tickets.policy import Deed

# What was mailed as a reply of one ticket cannot become that of another.
MOVABLE = (EntryKind.MESSAGE, EntryKind.NOTE)


@transaction.atomic
def move_entry(
    *,
    entry: ThreadEntry,
    ticket: Ticket,
    to: Ticket,
    by: Principal,
    at: datetime,
    lets_take_part: bool = False,
    seen: int | None = None,
    deed: UUID | None = None,
) -> ThreadEntry:
    """Put an entry of `ticket` at the end of another ticket, with its files; it keeps where it was written.

    Its author takes part there only if they do already, or `lets_take_part` adds them. A message brings a ticket back
    that is resolved or closed. The entry that opened its ticket goes only when nothing else is left; the empty ticket
    is closed as a duplicate then.
    Raises NotAllowed, which it may for either ticket, ChangedMeanwhile, NotOffered, and what `add_collaborator` raises.
    """
    deed = deed or events.new_deed()
    address = lock_address(_address_of(entry, ticket)) if lets_take_part and takes_part_by_moving(entry, to) else None
    held = {one.pk: lock(one) for one in sorted((ticket, to), key=lambda one: one.pk)}
    ticket, to = held[ticket.pk], held[to.pk]
    policy.require(by, Deed.MOVE_ENTRY, ticket)
    policy.require(by, Deed.MOVE_ENTRY, to)
    check_unchanged(ticket, by, seen)
    if ticket.pk == to.pk:
        raise NotOffered(_("It is in this ticket already. Choose another."))
    moved = ticket.entries.filter(pk=entry.pk).first()
    if moved is None:
        raise NotOffered(_("It is not in this ticket any more."))
    if moved.kind not in MOVABLE:
        raise NotOffered(_("A reply was mailed as a part of this ticket, so it stays here."))
    others = ticket.entries.exclude(pk=moved.pk).exclude(kind=EntryKind.AUTOMATIC).order_by("number")
    first = others.first()
    if first is not None and moved.number < first.number:
        raise NotOffered(_("It opened this ticket, and there is more in it. It can go once nothing else is left."))
    before = moved.number
    to.entry_count += 1
    to.save(update_fields=["entry_count"])
    moved.ticket, moved.number = to, to.entry_count
    moved.save(update_fields=["ticket", "number"])
    if first is not None and moved.kind == EntryKind.MESSAGE:
        _await_again(ticket, at)
    events.record(Kind.ENTRY_MOVED_AWAY, ticket, by=by, at=at, deed=deed, number=before, to=to.pk)
    if first is None:
        _close_empty(ticket, by, at, deed)
    if moved.kind == EntryKind.MESSAGE:
        _answer_there(to, by, at, deed)
    events.record(Kind.ENTRY_MOVED_HERE, to, by=by, at=at, deed=deed, number=moved.number, **{"from": ticket.pk})
    if address is not None:
        add_collaborator(ticket=to, address=address, by=by, at=at, deed=deed)
    return moved


def takes_part_by_moving(entry: ThreadEntry, to: Ticket) -> bool:
    """Say whether the author of a message could come to take part in the ticket: they do not yet, and are no agent."""
    author = entry.author
    if author is None or author.is_agent or entry.kind != EntryKind.MESSAGE:
        return False
    return not to.participants.filter(user=author).exists()


def _address_of(entry: ThreadEntry, ticket: Ticket) -> Address:
    """Return where the author is reached about the ticket they wrote to."""
    part = ticket.participants.select_related("address").filter(user=entry.author_id).first()
    return part.address if part else Address.objects.get(user=entry.author_id, is_primary=True)


def _close_empty(ticket: Ticket, by: Principal, at: datetime, deed: UUID) -> None:
    if ticket.is_working:
        close_unresolved(ticket=ticket, reason=CloseReason.DUPLICATE, by=by, at=at, deed=deed)


def _await_again(ticket: Ticket, at: datetime) -> None:
    """Let it be the requester's turn again if the moved message was all that came after an answer."""
    last = ticket.entries.public().order_by("-number").first()
    if last is None or last.kind != EntryKind.REPLY or not ticket.is_working:
        return
    reply = ticket.events.filter(kind=Kind.REPLIED, data__entry=last.number).first()
    clocks.stop(ticket, [Target.NEXT_RESPONSE], at=at, outcome=Outcome.CANCELLED)
    if reply is None or not reply.data.get("keeps"):
        ticket.awaiting = Awaiting.REQUESTER
        ticket.save(update_fields=["awaiting"])
    clocks.follow_waits(ticket, at=at, cause=Kind.ENTRY_MOVED_AWAY)


def _answer_there(to: Ticket, by: Principal, at: datetime, deed: UUID) -> None:
    """Let the ticket wait for an answer, as it does after any message."""
    if not to.is_working:
        bring_back(to, by=by, at=at, deed=deed)
    end_waits(to, at=at, cause=Kind.ENTRY_MOVED_HERE)
    if to.first_response_at:
        clocks.start(to, [Target.NEXT_RESPONSE], since=at, cause=Kind.ENTRY_MOVED_HERE)
