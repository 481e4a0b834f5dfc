"""What a requester sees of a ticket: where it stands, what was said, what happened. Nothing internal comes this far."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from mail import original
from tickets.actions.locking import MATTERS_TO_REQUESTERS
from tickets.models import (
    Attachment,
    CloseReason,
    Department,
    EntryKind,
    Kind,
    Status,
    ThreadEntry,
    Ticket,
    TicketEvent,
)
from tickets.models.people import Part
from tickets.prose import Body, body_of

# Entries on one page of a thread, and events looked at.
PAGE = 50
MOST_EVENTS = 200
# How many entries stand unfolded while nobody has answered; then it is the newest answer and what followed it.
IN_SIGHT = 4

GIVEN = (Kind.ASSIGNED, Kind.CLAIMED)
# What requesters may know of. A kind that is added later stays internal until somebody decides otherwise.
KNOWN = (*GIVEN, Kind.TRANSFERRED, Kind.RESOLVED, Kind.CLOSED, Kind.REOPENED)


@dataclass(frozen=True, slots=True)
class Said:
    """A public entry, and its place among those: its number in the thread would tell how many notes came before."""

    place: int
    entry: ThreadEntry
    body: Body
    files: Sequence[Mapping[str, Any]]
    is_mine: bool
    by: str
    is_answer: bool
    # Where the page shows the images from elsewhere, "" where that was asked for already.
    images_url: str = ""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, in words for the requester."""

    icon: str
    sentence: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """`state` is "done", "now" or "todo"; without a moment, `note` says when it will be."""

    label: str
    state: str
    at: datetime | None = None
    note: str = ""


@dataclass(slots=True)
class Conversation:
    """One page of the thread, oldest first; before the entry in the place `earlier` there are more."""

    folded: list[Said | Happened] = field(default_factory=list)
    in_sight: list[Said | Happened] = field(default_factory=list)
    folded_count: int = 0
    newest_reply: Said | None = None
    earlier: int | None = None
    is_newest: bool = True


def conversation(
    ticket: Ticket,
    events: Sequence[TicketEvent],
    *,
    reader: User,
    url_of: Callable[[Attachment], str],
    images_url: Callable[[int], str],
    before: int | None,
    images: int | None = None,
) -> Conversation:
    """Return the newest page of the thread, or the one before the entry in that place. Four queries at most.

    Of the entry in the place `images` those from elsewhere are shown too, for one query more.
    """
    public = ticket.entries.public().in_order()
    count = public.count()
    end = count if before is None else min(max(before - 1, 0), count)
    start = max(end - PAGE, 0)
    files = Prefetch("attachments", Attachment.objects.public().select_related("blob").order_by("position"))
    entries = list(public.select_related("author").prefetch_related(files)[start:end])
    page = Conversation(is_newest=before is None, earlier=start + 1 if start else None)
    answer = _answer(ticket, entries) if page.is_newest else None
    said = [
        _said(place, entry, reader, url_of, images_url, is_answer=entry is answer, wants_images=place == images)
        for place, entry in enumerate(entries, start + 1)
    ]
    page.newest_reply = next((one for one in reversed(said) if one.entry.kind == EntryKind.REPLY), None)
    since = entries[0].created_at if start and entries else None
    until = None if before is None else public.values_list("created_at", flat=True)[end : end + 1].first()
    _lay_out(page, said, [event for event in events if _is_between(event.at, since, until)])
    return page


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the ticket: whose it is by name, the others by address, as in the Cc of a mail.

    A name may be known from elsewhere; whoever types an address into a form does not learn it.
    """

    pk: int
    label: str
    is_me: bool
    is_requester: bool


def people_on(ticket: Ticket, *, reader: User) -> list[Person]:
    """Return who takes part, the requester first."""
    found = ticket.participants.select_related("address", "user").order_by("-role", "added_at", "pk")
    return [
        Person(
            pk=one.pk,
            label=one.user.display_name if one.role == Part.REQUESTER else one.address.email,
            is_me=one.user_id == reader.pk,
            is_requester=one.role == Part.REQUESTER,
        )
        for one in found
    ]


def place_of(entry: ThreadEntry) -> int:
    """Return the entry's place among what requesters may read."""
    return entry.ticket.entries.public().filter(number__lte=entry.number).count()


def _lay_out(page: Conversation, said: list[Said], events: Iterable[TicketEvent]) -> None:
    """Put entries and events in order of time, the older ones folded away."""
    fold = _fold(said) if page.is_newest else 0
    unfolded_from = said[fold].entry.created_at if said else None
    page.folded_count = fold
    # The answer says itself that it resolved the ticket.
    answered_at = next((one.entry.created_at for one in said if one.is_answer), None)
    happened = _all_that_happened([e for e in events if e.kind != Kind.RESOLVED or e.at != answered_at])
    rows: list[tuple[datetime, int, Said | Happened]] = [(one.entry.created_at, 0, one) for one in said]
    rows += [(one.at, 1, one) for one in happened]
    folded = {id(one) for one in said[:fold]}
    for at, _order, row in sorted(rows, key=lambda row: row[:2]):
        is_old = id(row) in folded if isinstance(row, Said) else bool(fold and unfolded_from and at < unfolded_from)
        (page.folded if is_old else page.in_sight).append(row)


def _fold(said: Sequence[Said]) -> int:
    """Return how many of the oldest entries to fold, so that the newest answer is on the first screen."""
    replies = [place for place, one in enumerate(said) if one.entry.kind == EntryKind.REPLY]
    fold = replies[-1] if replies else max(0, len(said) - IN_SIGHT)
    # Folding a single message away costs a click and wins nothing.
    return fold if fold > 1 else 0


def _answer(ticket: Ticket, entries: Sequence[ThreadEntry]) -> ThreadEntry | None:
    """Return the reply by which the ticket was resolved: the last one before that moment."""
    if ticket.resolved_at is None:
        return None
    replies = [e for e in entries if e.kind == EntryKind.REPLY and e.created_at <= ticket.resolved_at]
    return replies[-1] if replies else None


def _said(
    place: int,
    entry: ThreadEntry,
    reader: User,
    url_of: Callable[[Attachment], str],
    images_url: Callable[[int], str],
    *,
    is_answer: bool,
    wants_images: bool,
) -> Said:
    remote = original.images_of(entry) if wants_images else []
    body = body_of(entry, url_of=lambda file: f"{url_of(file)}?inline", remote=remote)
    return Said(
        place,
        entry,
        body,
        files=[
            {"name": one.name, "size": one.blob.size, "url": url_of(one)}
            for one in entry.attachments.all()
            if one.pk not in body.in_place
        ],
        is_mine=entry.author_id == reader.pk,
        by=_who(entry),
        is_answer=is_answer,
        images_url=images_url(place) if body.blocked and not wants_images else "",
    )


def _who(entry: ThreadEntry) -> str:
    if entry.kind == EntryKind.AUTOMATIC:
        return _("Automatic answer")
    return entry.author.display_name if entry.author else ""


def _is_between(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


# --- What happened --------------------------------------------------------------------------------


def known_events(ticket: Ticket) -> list[TicketEvent]:
    """Return what the requester may know of, oldest first."""
    return list(ticket.events.filter(kind__in=KNOWN).order_by("-number")[:MOST_EVENTS])[::-1]


def count_seen(ticket: Ticket) -> int:
    """Return how many events there are that requesters hear of when they come meanwhile.

    Their forms carry this count. The number of the last event would tell how much happens inside.
    """
    return _heard_of(ticket).count()


def event_seen(ticket: Ticket, count: int) -> int:
    """Return the number of the last of that many events; a count that no page of ours gave has seen everything."""
    if count == 0:
        return 0
    last = ticket.last_event_number
    numbers = _heard_of(ticket).order_by("number").values_list("number", flat=True)
    return (numbers[count - 1 : count].first() if count <= last else None) or last


def _heard_of(ticket: Ticket) -> QuerySet[TicketEvent]:
    return ticket.events.filter(kind__in=MATTERS_TO_REQUESTERS)


def _all_that_happened(events: Sequence[TicketEvent]) -> list[Happened]:
    """Say what happened, in words for the requester; departments by name cost one query."""
    moved_to = {event.data["to"] for event in events if event.kind == Kind.TRANSFERRED}
    departments = Department.objects.in_bulk(moved_to) if moved_to else {}
    return [told for event in events if (told := _happened(event, departments))]


def _happened(event: TicketEvent, departments: Mapping[int, Department]) -> Happened | None:
    if event.kind == Kind.TRANSFERRED and event.data["to"] in departments:
        name = departments[event.data["to"]].public_name
        words = _("Moved to %(department)s") % {"department": name} if name else _("Moved to other colleagues")
        return Happened("corner-up-right", words, event.at)
    if event.kind == Kind.RESOLVED:
        return Happened("check", _("Resolved"), event.at)
    if event.kind == Kind.CLOSED:
        return Happened("check-check", CLOSED.get(event.data.get("reason", ""), lambda: _("Closed"))(), event.at)
    if event.kind == Kind.REOPENED:
        return Happened("rotate-ccw", _("Reopened"), event.at)
    return None


CLOSED: Mapping[str, Callable[[], str]] = {
    CloseReason.CONFIRMED: lambda: _("Closed, as you confirmed that it is solved"),
    CloseReason.SILENCE: lambda: _("Closed, as we heard nothing more"),
}


def changes(events: Iterable[TicketEvent]) -> list[Happened]:
    """Say what happened meanwhile, for somebody whose page was older than that."""
    told = []
    for event in events:
        if event.kind == Kind.REPLIED:
            name = event.by.display_name if event.by else _("Somebody")
            told.append(Happened("reply", _("%(name)s answered") % {"name": name}, event.at))
        elif one := _happened(event, {}):
            told.append(one)
    return told


# --- Where it stands ----------------------------------------------------------------------------


def steps(ticket: Ticket, events: Sequence[TicketEvent]) -> list[Step]:
    """Return the way of the ticket: what is done, where it is, what comes."""
    given = next((event.at for event in reversed(events) if event.kind in GIVEN), None)
    reopened = next((event.at for event in reversed(events) if event.kind == Kind.REOPENED), None)
    opened = Step(_("Opened"), "done", ticket.opened_at)
    resolved = Step(_("Resolved"), "todo")
    closed = Step(_("Closed"), "todo")
    if ticket.status == Status.OPEN:
        return [Step(_("Opened"), "now", ticket.opened_at), Step(_("Assigned"), "todo"), resolved, closed]
    if ticket.status == Status.ASSIGNED:
        return [opened, Step(_("Assigned"), "now", given), resolved, closed]
    if ticket.status == Status.REOPENED:
        return [opened, Step(_("Reopened"), "now", reopened), resolved, closed]
    way = [opened]
    if given is not None:
        way.append(Step(_("Assigned"), "done", given))
    if ticket.status == Status.RESOLVED:
        confirm = Step(_("Closed"), "todo", note=_("after you confirm"))
        return [*way, Step(_("Resolved"), "now", ticket.resolved_at), confirm]
    if ticket.resolved_at is not None:
        way.append(Step(_("Resolved"), "done", ticket.resolved_at))
    return [*way, Step(_("Closed"), "now", ticket.closed_at)]
