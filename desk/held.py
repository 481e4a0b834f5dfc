"""Replies that wait, or did not go, as a ticket's page shows them, and as the composer takes them up again."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.principal import Principal
from core.models import NewFile
from core.uploads import keep_stored
from desk.composer import ReplyForm, uploads_of
from desk.senders import Senders, emails_of
from desk.sidebar import Origin
from tickets.actions.held import MOST_HELD
from tickets.models import (
    EntryKind,
    HeldFile,
    HeldReply,
    Participant,
    Stopped,
    Then,
    ThreadEntry,
    Ticket,
)
from tickets.models.people import Part
from tickets.prose import Body, File, body_of_html, body_of_text
from tickets.quoting import Leak, quoted_notes
from tickets.sending import sender_of

# The page counts down what goes within this many seconds.
COUNTED = 60

THEN: dict[str, "str | Promise"] = {
    Then.RESOLVE: _("resolves the ticket"),
    Then.AWAIT: _("then awaits the requester"),
    Then.KEEP: _("then we keep working on it"),
}


@dataclass(frozen=True, slots=True)
class Held:
    """One of them. `seconds` is how long it waits yet, None for who has a time of day or did not go."""

    reply: HeldReply
    body: SafeString
    files: Sequence[str]
    then: "str | Promise"
    seconds: int | None
    is_own: bool
    # The names of those whom it alone is mailed to; None: everybody who takes part.
    to: Sequence[str] | None = None
    # What of internal notes it quotes, where that is why it did not go.
    leaks: Sequence[Leak] = ()
    # The address that was chosen for it to come from, "" for the usual one.
    sender: str = ""
    # That address is gone, or not for its author any more: it goes once they choose another.
    has_lost_sender: bool = False
    send_url: str = ""
    undo_url: str = ""
    cancel_url: str = ""
    discard_url: str = ""


def read_held(
    ticket: Ticket,
    principal: Principal,
    origin: Origin,
    at: datetime,
    *,
    people: Sequence[Participant],
    may_reply: bool,
    senders: Container[str] = (),
    editing: int | None = None,
) -> list[Held]:
    """Return what waits in the ticket, the next to go last, but for the one that is in the composer.

    `people` take part; `senders` are the values of the addresses from which the reader may write. One query, and one
    for files if there are any, for entries if one quotes a note, and for the addresses that were chosen to come from.
    """
    files = Prefetch("files", HeldFile.objects.select_related("blob").order_by("position"))
    rows = list(ticket.held_replies.select_related("author").prefetch_related(files).order_by("id")[:MOST_HELD])
    emails = emails_of([row.sender for row in rows])
    shown = [_held(row, ticket, principal, origin, at, people, may_reply) for row in rows if row.pk != editing]
    return [_from_its_sender(one, emails.get(one.reply.sender, ""), senders) for one in shown]


def _from_its_sender(held: Held, email: str, senders: Container[str]) -> Held:
    """Return it with the address that was chosen for it; sent from none that is lost, for that would be refused."""
    sender = held.reply.sender
    if sender is None or not held.is_own or str(sender) in senders:
        return replace(held, sender=email)
    return replace(held, sender=email, has_lost_sender=True, send_url="")


def _held(
    row: HeldReply,
    ticket: Ticket,
    principal: Principal,
    origin: Origin,
    at: datetime,
    people: Sequence[Participant],
    may_reply: bool,
) -> Held:
    def url(name: str) -> str:
        return reverse(f"desk:held-{name}", args=[ticket.number, row.pk]) + origin.query if may_reply else ""

    left = ceil((row.send_at - at).total_seconds())
    is_own = principal.user is not None and row.author_id == principal.user.pk
    files = list(row.files.all())
    body = _body(row, files, ticket, principal.user)
    return Held(
        reply=row,
        body=body.html,
        files=[file.name for file in files if file.pk not in body.in_place],
        then=THEN[row.then],
        seconds=max(left, 0) if row.waits and left <= COUNTED else None,
        is_own=is_own,
        to=_names(row, people),
        leaks=quoted_notes(ticket, row.text, told=row.told) if row.why == Stopped.QUOTES else (),
        send_url=url("send") if is_own else "",
        undo_url=url("undo"),
        cancel_url=url("cancel") if row.waits and row.is_scheduled else "",
        discard_url="" if row.waits else url("discard"),
    )


def _names(row: HeldReply, people: Sequence[Participant]) -> list[str] | None:
    """Return who alone is mailed, the requester first; nobody who takes no part any more, nor the author."""
    if row.to is None:
        return None
    mailed = [one for one in people if one.address_id in row.to and one.user_id != row.author_id]
    return [one.user.display_name for one in sorted(mailed, key=lambda one: one.role != Part.REQUESTER)]


def to_edit(ticket: Ticket, pk: int | None) -> HeldReply | None:
    """Return the reply that is to be taken up in the composer, if it goes no more."""
    if pk is None:
        return None
    return ticket.held_replies.exclude(why="").filter(pk=pk).first()


def take_up(ticket: Ticket, pk: int | None, *, by: User, senders: Senders) -> ReplyForm | None:
    """Return the composer with a reply that goes no more: words, images, files and whom it was for."""
    held = to_edit(ticket, pk)
    if held is None:
        return None
    files = list(held.files.select_related("blob").order_by("position"))
    body = _body(held, files, ticket, by)
    form = ReplyForm(
        ticket=ticket,
        by=by,
        senders=senders,
        initial={
            "body": held.text,
            "html": body.html if held.html else "",
            "held": held.pk,
            "sender": held.sender,
        }
        | ({"signs": held.signs} if held.signs else {}),
    )
    form.kept = [keep_stored(_as_new(file), form.owner) for file in files if file.pk not in body.in_place]
    form.chosen = held.to
    form.is_taken_up = True
    return form


def take_again(ticket: Ticket, number: int | None, *, by: User, senders: Senders) -> ReplyForm | None:
    """Return the composer with words and files of a reply that was sent, to be sent once more with changes (E07)."""
    replies = ticket.entries.public().filter(kind=EntryKind.REPLY)
    entry = replies.filter(number=number).first() if number is not None else None
    if entry is None:
        return None
    files = list(entry.attachments.public().select_related("blob").order_by("position"))
    body = _body(entry, files, ticket, by)
    initial = {"body": entry.text, "html": body.html if entry.html else "", "sender": sender_of(entry)}
    form = ReplyForm(ticket=ticket, by=by, senders=senders, initial=initial)
    form.kept = [keep_stored(_as_new(file), form.owner) for file in files if file.pk not in body.in_place]
    form.is_taken_up = True
    return form


def _as_new(file: Any) -> NewFile:
    """Return a file of a held reply, or of an entry, as one to attach anew."""
    return NewFile(file.blob, file.name, file.content_type, file.content_id)


def _body(held: HeldReply | ThreadEntry, files: Sequence[File], ticket: Ticket, reader: User | None) -> Body:
    """Return what was written. Its images are shown as this reader's own uploads, as which they are sent again."""

    def address(file: File) -> str:
        kept = keep_stored(_as_new(file), uploads_of(reader, ticket) if reader else "")
        return reverse("desk:upload", args=[ticket.number]) + "?" + urlencode({"file": kept.reference})

    return body_of_html(held.html, files, url_of=address) if held.html else body_of_text(held.text)
