"""A ticket's thread as agents read it: entries in three voices, with what happened between them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import accumulate, pairwise

from django.db.models import Prefetch, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.principal import Principal
from desk.deliveries import Delivery, Ways, deliveries_of
from desk.history import WRITTEN, Fold, Line, fold, lines
from desk.names import Names
from desk.sentences import sent_from, sent_to
from mail import remarks
from mail.models import INTO_TICKETS, IncomingMail
from tickets.actions.move_entry import MOVABLE
from tickets.models import Attachment, EntryKind, Kind, Source, ThreadEntry, Ticket, TicketEvent
from tickets.models.thread import EntryQuerySet
from tickets.prose import Body, body_of

PAGE_ENTRIES = 50
# What happened between the entries of one page; the history tells the rest.
PAGE_EVENTS = 300

VIA: Mapping[str, "str | Promise"] = {
    Source.WEB: _("via web form"),
    Source.MAIL: _("via e-mail"),
    Source.API: _("via API"),
    Source.PHONE: _("via phone"),
}


@dataclass(frozen=True, slots=True)
class File:
    name: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Caution:
    """What an agent should know of a mail, and the ticket that it is about, if that is theirs to see."""

    sentence: str
    ticket: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class EntryItem:
    entry: ThreadEntry
    body: Body
    files: list[File]
    via: "str | Promise"
    is_new: bool
    # What became of its mails, None for what was mailed to nobody.
    delivery: Delivery | None = None
    # On whose side the author of a message stands: "requester", "collaborator", or "agent" who wrote it down for them.
    voice: str = ""
    # Where the mail is shown as it came, "" if it came in another way, and what was odd about it.
    mail_url: str = ""
    warnings: Sequence[Caution] = ()
    # Where it is moved to another ticket, "" if that cannot be done.
    move_url: str = ""
    # Whether the key for moving is this one's: the newest that can be moved.
    has_key: bool = False
    # Where the page shows the images from elsewhere, "" where that was asked for already.
    images_url: str = ""
    # To whom alone a reply was mailed.
    sent_to: "SafeString | str" = ""
    # The address that was chosen for it to come from.
    sent_from: "SafeString | str" = ""


@dataclass(frozen=True, slots=True)
class Look:
    """Who reads, by which addresses; `images` is the number of the entry whose images from elsewhere they want."""

    principal: Principal
    images_url: Callable[[int], str]
    mail_url: Callable[[int], str]
    images: int | None = None
    # The number of the entry of whose mails all recipients are listed.
    recipients: int | None = None
    # None for who may not move messages.
    move_url: Callable[[int], str] | None = None
    # By which addresses mails are followed and mended, and when that is.
    ways: Ways | None = None
    at: datetime | None = None


@dataclass(slots=True)
class Piece:
    """One entry, or what happened before the next one: few lines, or many folded."""

    item: EntryItem | None = None
    events: Sequence[Line] = ()
    fold: Fold | None = None


@dataclass(slots=True)
class ThreadPage:
    """Some of a thread; `earlier` and `later` are the numbers of the oldest and newest entry, or None at its ends."""

    pieces: list[Piece] = field(default_factory=list)
    earlier: int | None = None
    later: int | None = None


def read_thread(
    ticket: Ticket, look: Look, *, before: int | None = None, after: int | None = None, newest_first: bool = False
) -> ThreadPage:
    """Return the newest entries, or those just before or after the entry of that number.

    Six queries, one more if a remark names a ticket, and one if images from elsewhere are asked for.
    """
    entries, has_earlier, has_later = _read_entries(ticket, before, after)
    if not entries and (before is not None or after is not None):
        return read_thread(ticket, look, newest_first=newest_first)
    page = ThreadPage()
    if not entries:
        # All of it was moved to other tickets, as its history tells.
        events = _read_events(ticket, page)
        page.pieces = _told(events, Names(events))
        return page
    if has_earlier:
        page.earlier = entries[0].number
    if has_later:
        page.later = entries[-1].number
    events = _read_events(ticket, page)
    page.pieces = _weave(ticket, entries, events, look)
    if newest_first:
        page.pieces = [_turned(piece) for piece in reversed(page.pieces)]
    return page


def _turned(piece: Piece) -> Piece:
    """Return the piece with its lines the other way round."""
    fold = replace(piece.fold, events=piece.fold.events[::-1]) if piece.fold else None
    return Piece(piece.item, piece.events[::-1], fold)


def _read_entries(ticket: Ticket, before: int | None, after: int | None) -> tuple[list[ThreadEntry], bool, bool]:
    """Return the page's entries in order, and whether there are some before and behind them."""
    files = Attachment.objects.select_related("blob").order_by("position")
    came = IncomingMail.objects.filter(state__in=INTO_TICKETS).only("entry", "remarks")
    entries: EntryQuerySet = (
        ThreadEntry.objects.filter(ticket=ticket)
        .select_related("author")
        .prefetch_related(Prefetch("attachments", queryset=files), Prefetch("incoming_mail", came, to_attr="came_as"))
    )
    if after is not None:
        rows = list(entries.filter(number__gt=after).order_by("number")[: PAGE_ENTRIES + 1])
        return rows[:PAGE_ENTRIES], True, len(rows) > PAGE_ENTRIES
    if before is not None:
        entries = entries.filter(number__lt=before)
    rows = list(entries.order_by("-number")[: PAGE_ENTRIES + 1])
    return rows[:PAGE_ENTRIES][::-1], len(rows) > PAGE_ENTRIES, before is not None


def _read_events(ticket: Ticket, page: ThreadPage) -> list[TicketEvent]:
    """Return what happened from the page's first entry up to the one behind its last."""
    events = TicketEvent.objects.filter(ticket=ticket)
    within = Q()
    if page.earlier is not None:
        within &= Q(number__gte=_event_of(events, page.earlier))
    if page.later is not None:
        # The one behind it may have gone to another ticket: its event stays.
        within &= Q(number__lt=_event_of(events, page.later + 1))
    return list(events.filter(within).select_related("by").order_by("-number")[:PAGE_EVENTS])[::-1]


def _event_of(events: "QuerySet[TicketEvent]", entry: int) -> Subquery:
    """Return the number of the event by which the entry of that number came here."""
    written = Q(kind__in=WRITTEN, data__entry=entry) | Q(kind=Kind.ENTRY_MOVED_HERE, data__number=entry)
    return Subquery(events.filter(written).values("number")[:1])


def _entry_of(event: TicketEvent) -> object:
    """Return the number of the entry that came by this event, None if none did."""
    if event.kind == Kind.ENTRY_MOVED_HERE:
        return event.data.get("number")
    return event.data.get("entry") if event.kind in WRITTEN else None


def _weave(ticket: Ticket, entries: Sequence[ThreadEntry], events: Sequence[TicketEvent], look: Look) -> list[Piece]:
    """Put the events between the entries they happened between."""
    names, told = Names(events), _told_of(entries, look)
    mailed = deliveries_of(entries, look.ways, look.at, all_of=look.recipients) if look.ways and look.at else {}
    written_at = {_entry_of(event): event.number for event in events}
    # An entry whose event lies outside this page follows its predecessor at once.
    places = list(accumulate((written_at.get(entry.number, 0) for entry in entries), max))
    latest_reply = max((entry.number for entry in entries if entry.kind == EntryKind.REPLY), default=0)
    chosen = {_entry_of(event): words for event in events if (words := sent_to(event, names))}
    senders = {_entry_of(event): words for event in events if (words := sent_from(event, names))}
    pieces = _told([event for event in events if event.number < places[0]], names)
    for entry, (place, end) in zip(entries, pairwise([*places, float("inf")]), strict=True):
        is_new = entry.kind == EntryKind.MESSAGE and 0 < latest_reply < entry.number and ticket.is_working
        item = _item(entry, look, voice=_voice(entry, ticket), is_new=is_new, warnings=told.get(entry.number, ()))
        item = replace(item, sent_to=chosen.get(entry.number, ""), sent_from=senders.get(entry.number, ""))
        item = replace(item, delivery=mailed.get(entry.pk))
        pieces.append(Piece(item=item))
        pieces += _told([event for event in events if place <= event.number < end], names)
    movable = [piece for piece in pieces if piece.item and piece.item.move_url]
    if movable and movable[-1].item:
        movable[-1].item = replace(movable[-1].item, has_key=True)
    return pieces


def _told(events: Sequence[TicketEvent], names: Names) -> list[Piece]:
    found = lines(events, names)
    if not found:
        return []
    return [Piece(fold=folded)] if (folded := fold(found)) else [Piece(events=found)]


def _voice(entry: ThreadEntry, ticket: Ticket) -> str:
    if entry.author_id == ticket.requester_id:
        return "requester"
    # Agents write messages in one way only: by opening the ticket for somebody.
    return "agent" if entry.number == 1 else "collaborator"


def _told_of(entries: Sequence[ThreadEntry], look: Look) -> dict[int, list[Caution]]:
    """Return what is to be known of each entry that came by mail; with links to tickets that the agent may see."""
    told = {entry.number: remarks.told(mail.remarks) for entry in entries for mail in _mails(entry)}
    numbers = {one.ticket for found in told.values() for one in found if one.ticket}
    seen: set[str] = set()
    if numbers:
        visible = Ticket.objects.visible_to(look.principal).filter(number__in=numbers)
        seen = set(visible.values_list("number", flat=True))
    return {number: [_warning(one, one.ticket in seen) for one in found] for number, found in told.items()}


def _warning(told: remarks.Told, is_seen: bool) -> Caution:
    if not is_seen:
        return Caution(told.sentence)
    return Caution(told.sentence, told.ticket, reverse("desk:ticket", args=[told.ticket]))


def _mails(entry: ThreadEntry) -> list[IncomingMail]:
    mails: list[IncomingMail] = getattr(entry, "came_as", [])
    return mails


def _item(entry: ThreadEntry, look: Look, *, voice: str, is_new: bool, warnings: Sequence[Caution]) -> EntryItem:
    wants_images = look.images == entry.number
    addresses = [address for mail in _mails(entry) for address in mail.remote_images] if wants_images else []
    body = body_of(entry, url_of=lambda file: f"{_file_url(file)}?inline", remote=addresses)
    return EntryItem(
        entry=entry,
        body=body,
        files=[
            File(file.name, file.blob.size, _file_url(file))
            for file in entry.attachments.all()
            if file.pk not in body.in_place
        ],
        mail_url=look.mail_url(entry.number) if _mails(entry) else "",
        warnings=warnings,
        move_url=look.move_url(entry.number) if look.move_url and entry.kind in MOVABLE else "",
        images_url=look.images_url(entry.number) if body.blocked and not wants_images else "",
        via=VIA.get(entry.source, ""),
        is_new=is_new,
        voice=voice,
    )


def _file_url(file: Attachment) -> str:
    return reverse("desk:file", args=[file.pk])
