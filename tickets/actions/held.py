"""Hold a reply for a while before it goes: so that its author can take it back, or until a time they chose.

What may not be done is refused at once, as without holding; when its time comes everything is asked again. If others
wrote meanwhile, or it may not be done any more, it does not go: the words stay, and say why.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import AuditKind, Signs, User
from accounts.principal import Principal
from core import wakeups
from core.models import NewFile
from tickets import events, policy
from tickets.actions.locking import check_unchanged, lock
from tickets.actions.reply import reply, reply_and_resolve
from tickets.errors import DeedRefused, NothingWritten, NotOffered, SenderNotOffered
from tickets.models import Cause, HeldFile, HeldReply, Kind, Stopped, Then, ThreadEntry, Ticket
from tickets.policy import Deed
from tickets.quoting import quoted_notes
from tickets.sending import require_sender
from tickets.thread import clean_text, sent_before

MOST_AHEAD = timedelta(days=90)
# So many stand in one ticket.
MOST_HELD = 20
# So many unforeseen errors, over some minutes, and it does not go.
MOST_FAILURES = 5
# What others do meanwhile, and the reply would take no notice of.
STOPS: Mapping[str, Stopped] = {
    Kind.MESSAGE_ADDED: Stopped.MESSAGE,
    Kind.ENTRY_MOVED_HERE: Stopped.MESSAGE,
    Kind.REPLIED: Stopped.REPLY,
    Kind.RESOLVED: Stopped.STATUS,
    Kind.CLOSED: Stopped.STATUS,
    Kind.REOPENED: Stopped.STATUS,
}


@transaction.atomic
def hold(
    *,
    ticket: Ticket,
    text: str,
    then: Then,
    send_at: datetime,
    by: Principal,
    at: datetime,
    is_scheduled: bool = False,
    html: str = "",
    files: Sequence[NewFile] = (),
    seen: int | None = None,
    request_key: str = "",
    to: Collection[int] | None = None,
    signs: Signs | None = None,
    sender: int | None = None,
    told: Collection[str] = (),
) -> HeldReply | ThreadEntry:
    """Keep a reply until `send_at`, then send it. Nothing has happened to the ticket until then.

    `to`, `signs` and `sender` are as for reply. `told` is what of notes its author knows that it quotes
    (tickets.quoting).

    Sent twice, the form is one held reply, and the entry that it became once it is sent. Raises NotAllowed,
    ChangedMeanwhile, NothingWritten, NotOffered, SenderNotOffered.
    """
    ticket = lock(ticket)
    if before := sent_before(by.user, request_key) or _held_before(by.user, request_key):
        return before
    policy.require(by, Deed.REPLY, ticket)
    if then == Then.RESOLVE:
        policy.require(by, Deed.RESOLVE, ticket)
    check_unchanged(ticket, by, seen)
    require_sender(by, ticket, sender)
    text = clean_text(text)
    if not text and not files:
        raise NothingWritten(_("Write something first, or attach a file."))
    _check_room(ticket, send_at, at)
    assert by.user is not None  # who may reply is somebody
    held = HeldReply.objects.create(
        ticket=ticket,
        author=by.user,
        text=text,
        html=clean_text(html),
        to=None if to is None else sorted(to),
        signs=signs or "",
        sender=sender,
        told=sorted(told),
        then=then,
        is_scheduled=is_scheduled,
        send_at=send_at,
        due_at=send_at,
        seen=ticket.last_event_number,
        request_key=request_key,
        created_at=at,
    )
    _keep_files(held, files)
    wakeups.wake()
    return held


def _check_room(ticket: Ticket, send_at: datetime, at: datetime) -> None:
    """Raise NotOffered for a time that is none, and where too many replies wait."""
    if not at < send_at <= at + MOST_AHEAD:
        raise NotOffered(_("Choose a time within the next %(days)s days.") % {"days": MOST_AHEAD.days})
    if ticket.held_replies.count() >= MOST_HELD:
        raise NotOffered(_("Too many replies wait in this ticket. Send or discard one of them first."))


def _keep_files(held: HeldReply, files: Sequence[NewFile]) -> None:
    HeldFile.objects.bulk_create(
        HeldFile(
            held=held,
            blob=file.blob,
            position=position,
            name=file.name,
            content_type=file.content_type,
            content_id=file.content_id,
        )
        for position, file in enumerate(files, start=1)
    )


@transaction.atomic
def send_when_due(*, held: HeldReply, claim: UUID, at: datetime) -> ThreadEntry | None:
    """Send a reply whose time has come, as its author; or let it stand and say why it did not go.

    That it did not go is an event, by which its author is told. The words become an entry in the same transaction in
    which they stop waiting: once, whatever dies.
    """
    ticket = lock(held.ticket)
    row = HeldReply.objects.select_for_update(of=("self",)).select_related("author").filter(pk=held.pk, claim=claim)
    found = row.first()
    if found is None or not found.waits:
        return None
    why = _why_not(found, ticket)
    if why is None:
        try:
            return _send(found, ticket, Principal.agent(found.author), at)
        except SenderNotOffered:
            why = Stopped.SENDER
        except DeedRefused:
            why = Stopped.REFUSED
    _stop(found, why)
    by = Principal.system(Cause.HELD)
    events.record(Kind.REPLY_STOPPED, ticket, by=by, at=at, of=events.ref(found.author), why=why.value)
    return None


@transaction.atomic
def try_again_later(*, held: HeldReply, claim: UUID, at: datetime) -> None:
    """After an error that nobody foresaw: let it wait, twice as long each time; at last let it stand and say so.

    Its author is told as of every other reply that did not go, and can send it once more.
    """
    ticket = lock(held.ticket)
    row = HeldReply.objects.select_for_update(of=("self",)).select_related("author").filter(pk=held.pk, claim=claim)
    found = row.first()
    if found is None or not found.waits:
        return
    found.failures += 1
    if found.failures < MOST_FAILURES:
        found.due_at, found.claim = at + settings.RETRY_FIRST * 2**found.failures, None
        found.save(update_fields=["failures", "due_at", "claim"])
        return
    _stop(found, Stopped.FAILED)
    found.save(update_fields=["failures"])
    by = Principal.system(Cause.HELD)
    events.record(Kind.REPLY_STOPPED, ticket, by=by, at=at, of=events.ref(found.author), why=Stopped.FAILED.value)


@transaction.atomic
def send_now(
    *, held: HeldReply, by: Principal, at: datetime, seen: int | None = None, told: Collection[str] = ()
) -> ThreadEntry | None:
    """Send it at once, whatever happened since it was written, of which its author has seen all up to `seen`.

    If it quotes a note of which its author was not told, then or now, it does not go, and says so: None.

    Raises NotAllowed, ChangedMeanwhile, NotOffered once it is gone or is for nobody, and what reply raises.
    """
    ticket, found = _lock(held, by)
    if by.user != found.author:
        raise NotOffered(_("Only its author can send this reply. Edit it to send it as yours."))
    check_unchanged(ticket, by, seen)
    if _is_for_nobody(found, ticket):
        raise NotOffered(_("Nobody whom it was for takes part any more. Edit it to choose anew."))
    found.told = sorted({*found.told, *told})
    if quoted_notes(ticket, found.text, told=found.told):
        _stop(found, Stopped.QUOTES)
        return None
    return _send(found, ticket, by, at)


@transaction.atomic
def take_back(*, held: HeldReply, by: Principal, at: datetime) -> HeldReply:
    """Keep a reply from going: by its author, or whoever else may answer the ticket. The words are kept.

    The audit log says who did it to a colleague's reply.

    Raises NotAllowed, and NotOffered once it is gone.
    """
    ticket, found = _lock(held, by)
    if found.waits:
        _stop(found, Stopped.TAKEN_BACK)
        if by.user != found.author:
            changes = {"ticket": (ticket.pk, ticket.pk), "why": ("", Stopped.TAKEN_BACK.value)}
            audit.record(AuditKind.CHANGED, by=by.user, at=at, target=found, changes=changes)
    return found


@transaction.atomic
def discard(*, held: HeldReply, by: Principal, at: datetime) -> None:
    """Throw the words of a held reply away. The audit log says who did it to a colleague's.

    Raises NotAllowed, and NotOffered once it is gone.
    """
    ticket, found = _lock(held, by)
    if by.user != found.author:
        changes = {"ticket": (ticket.pk, None), "author": (found.author_id, None)}
        audit.record(AuditKind.DELETED, by=by.user, at=at, target=found, changes=changes)
    found.delete()


def _lock(held: HeldReply, by: Principal) -> tuple[Ticket, HeldReply]:
    """Return the ticket, locked first as everywhere, and the reply as it is now."""
    ticket = lock(held.ticket)
    policy.require(by, Deed.REPLY, ticket)
    found = HeldReply.objects.select_for_update(of=("self",)).select_related("author").filter(pk=held.pk).first()
    if found is None:
        raise NotOffered(_("This reply was sent or discarded meanwhile."))
    return ticket, found


def _held_before(author: User | None, request_key: str) -> HeldReply | None:
    if author is None or not request_key:
        return None
    return HeldReply.objects.filter(author=author, request_key=request_key).first()


def _why_not(held: HeldReply, ticket: Ticket) -> Stopped | None:
    if not (held.author.is_active and held.author.is_agent):
        return Stopped.AUTHOR
    others = ticket.events.filter(number__gt=held.seen, kind__in=STOPS).exclude(by=held.author)
    kind = others.order_by("number").values_list("kind", flat=True).first()
    if kind:
        return STOPS[kind]
    if _is_for_nobody(held, ticket):
        return Stopped.NOBODY
    # A note can have been written since.
    return Stopped.QUOTES if quoted_notes(ticket, held.text, told=held.told) else None


def _is_for_nobody(held: HeldReply, ticket: Ticket) -> bool:
    """Say whether all whom its author chose are gone: mailed to nobody, it would look as if it had been answered."""
    return bool(held.to) and not ticket.participants.filter(address__in=held.to or (), user__is_active=True).exists()


def _send(held: HeldReply, ticket: Ticket, by: Principal, at: datetime) -> ThreadEntry:
    """Make it an entry. If that is refused nothing of it stands, and the row is as it was."""
    written: dict[str, Any] = {
        "ticket": ticket,
        "text": held.text,
        "html": held.html,
        "files": [file.as_new for file in held.files.select_related("blob").order_by("position")],
        "by": by,
        "at": at,
        "request_key": held.request_key,
        "to": held.to,
        "signs": Signs(held.signs) if held.signs else None,
        "sender": held.sender,
    }
    with transaction.atomic():
        if held.then == Then.RESOLVE:
            entry = reply_and_resolve(**written)
        else:
            entry = reply(**written, keeps=held.then == Then.KEEP)
        held.delete()
    return entry


def _stop(held: HeldReply, why: Stopped) -> None:
    held.why, held.due_at, held.claim = why, None, None
    held.save(update_fields=["why", "due_at", "claim"])
