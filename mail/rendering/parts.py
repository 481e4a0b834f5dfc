"""What the templates are told of a ticket: what happened, what was written, facts, times, signature, quotation."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Preferences, Signs
from accounts.principal import Face
from core.models import SiteSettings
from core.prepared import Prepared
from core.uploads import IMAGE_TYPES
from mail import pictures
from mail.common import Common
from mail.models import OutgoingMail, Template
from mail.rendering.reader import Reader
from mail.words import one_line, paragraphs, quoted
from sla.models import Target
from tickets import policy
from tickets.models import PAUSED, Attachment, CloseReason, EntryKind, Kind, ThreadEntry, Ticket, TicketEvent
from tickets.prose import body_of

LONGEST_WORDS = 20_000


LONGEST_QUOTE = 1_000


LONGEST_SIGNATURE = 1_000


# Images that one mail shows in its text, in bytes together; of further ones it has the names.
MOST_IMAGES = 8 * 1024 * 1024


# Of agents what there is, of all others what requesters may read.
_ENTRIES = {
    is_agent: Prepared(
        lambda ticket, numbers, rows=rows: (
            rows.filter(ticket=ticket, number__in=numbers).select_related("author").order_by("number")
        )
    )
    for is_agent, rows in ((True, ThreadEntry.objects.all()), (False, ThreadEntry.objects.public()))
}


_FILES = {
    is_agent: Prepared(
        lambda ticket, numbers, rows=rows: (
            rows.filter(entry__ticket=ticket, entry__number__in=numbers).select_related("blob").order_by("position")
        )
    )
    for is_agent, rows in ((True, Attachment.objects.all()), (False, Attachment.objects.public()))
}


_BEFORE = Prepared(
    lambda ticket, number: (
        ThreadEntry.objects.public()
        .filter(ticket=ticket, kind=EntryKind.MESSAGE, number__lt=number)
        .select_related("author")
        .order_by("-number")[:1]
    )
)


_PREFERENCES = Prepared(lambda agent: Preferences.objects.filter(agent=agent))


def story(mail: OutgoingMail, ticket: Ticket, common: Common) -> Sequence[TicketEvent]:
    """Return what happened in the deed that the mail tells of; of a reply that is mailed again, in that reply's."""
    story = common.story(mail)
    if mail.entry is None or not story or story[0].kind != Kind.RESENT:
        return story
    number = mail.entry.number

    def first_told() -> list[TicketEvent]:
        events = TicketEvent.objects.filter(ticket=ticket)
        replied = events.filter(kind=Kind.REPLIED, data__entry=number)
        return list(events.filter(deed__in=replied.values("deed")).select_related("by").order_by("number"))

    return common.once(("first told", mail.entry_id), first_told)


def department(ticket: Ticket, reader: Reader) -> str:
    """Requesters never read the name of a department that is not public, nor what it is part of."""
    if reader.is_agent:
        return ticket.department.path
    return ticket.department.public_name or SiteSettings.load().name


def words(ticket: Ticket, story: Sequence[TicketEvent], reader: Reader, common: Common) -> list[dict[str, Any]]:
    """Return what was written in this deed, as far as the reader may read it."""
    told = [event for event in story if "entry" in event.data]
    if not reader.is_confirmed:
        # An agent's words only, and those of administrators: the requester's are of whoever claimed this address.
        told = [event for event in told if event.face == Face.DESK or _answers_untyped(event)]
    numbers = tuple(event.data["entry"] for event in told)
    found = common.once(("entries", ticket.pk, numbers, reader.is_agent), lambda: _entries(ticket, numbers, reader))
    # Whose entries these are changes the words.
    wrote = reader.user.pk if any(entry.author_id == reader.user.pk for entry, _files in found) else None
    return common.once(
        ("words", ticket.pk, numbers, reader.is_agent, wrote),
        lambda: [_shown(entry, files, reader) for entry, files in found],
    )


def _answers_untyped(event: TicketEvent) -> bool:
    """Say whether it is an automatic answer that repeats nothing that was typed."""
    return event.kind == Kind.AUTOMATIC_ANSWER and not event.data.get("typed")


def _shown(entry: ThreadEntry, files: Sequence[Attachment], reader: Reader) -> dict[str, Any]:
    is_cut = len(entry.text) > LONGEST_WORDS
    # Of requesters only the words: what their mail programs wrote is shown where we can keep an eye on it.
    is_rich = bool(entry.html_version) and entry.kind != EntryKind.MESSAGE and not is_cut
    images = _images(files) if is_rich else []
    body = body_of(entry, url_of=lambda file: f"cid:{content_id(file)}", files=images) if is_rich else None
    placed = body.in_place if body else frozenset()
    return {
        "author": one_line(entry.author.display_name, 80) if entry.author else "",
        "is_note": entry.kind == EntryKind.NOTE,
        "is_reply": entry.kind in (EntryKind.REPLY, EntryKind.AUTOMATIC),
        "is_own": entry.author_id == reader.user.pk,
        "text": (text := paragraphs(entry.text, LONGEST_WORDS)),
        "html": pictures.sized(body.html, {content_id(one): one.blob for one in images}) if body else "",
        "quoted": quoted(text),
        "is_cut": is_cut,
        "images": [image for image in images if image.pk in placed],
        "files": [one_line(file.name, 100) for file in files if file.pk not in placed],
    }


def _entries(ticket: Ticket, numbers: Sequence[int], reader: Reader) -> list[tuple[ThreadEntry, Sequence[Attachment]]]:
    """Return what the reader may read of these entries, each with its files."""
    if not numbers:
        return []
    named = {"ticket": ticket.pk, "numbers": list(numbers)}
    files: dict[int, list[Attachment]] = defaultdict(list)
    for file in _FILES[reader.is_agent].all(**named):
        files[file.entry_id].append(file)
    return [(entry, files[entry.pk]) for entry in _ENTRIES[reader.is_agent].all(**named)]


def content_id(image: Attachment) -> str:
    """Return by what a mail of ours shows the image; what its sender called it may be anything."""
    return f"image{image.pk}@{settings.MAIL_DOMAIN}"


def _images(files: Sequence[Attachment]) -> list[Attachment]:
    """Return the images that an entry shows, of its files, as many as a mail has room for."""
    found, room = [], MOST_IMAGES
    for file in files:
        if file.content_id and file.content_type in IMAGE_TYPES and file.blob.size <= room:
            found.append(file)
            room -= file.blob.size
    return found


def facts(ticket: Ticket, reader: Reader) -> list[tuple[str, str]]:
    """Return what an agent wants to know before opening the ticket: label and value."""
    facts = [
        (_("Department"), one_line(ticket.department.path)),
        (_("Priority"), one_line(ticket.priority.name)),
        (_("Assigned to"), one_line(str(ticket.held_by)) if ticket.held_by else _("Nobody")),
    ]
    if ticket.topic is not None:
        facts.insert(0, (_("Help topic"), one_line(ticket.topic.path)))
    if reader.is_confirmed:
        facts.insert(0, (_("Requester"), one_line(ticket.requester.display_name, 80)))
    return facts


def times(mail: OutgoingMail, ticket: Ticket, happened: dict[str, TicketEvent]) -> dict[str, Any]:
    """Return the moments that the mail names: until when somebody answers, when the ticket closes, what is due."""
    times: dict[str, Any] = {"deadline": ticket.next_due_at if ticket.next_due_at < PAUSED else None}
    if opened := happened.get(Kind.OPENED):
        clocks = opened.data.get("clocks", ())
        promised = [clock["deadline"] for clock in clocks if clock["target"] == Target.FIRST_RESPONSE]
        times["answer_by"] = datetime.fromisoformat(promised[0]) if promised and promised[0] else None
    if mail.template == Template.MESSAGE_RECEIVED and Kind.MESSAGE_ADDED in happened:
        running = ticket.clocks.running().filter(target__in=[Target.FIRST_RESPONSE, Target.NEXT_RESPONSE])
        ahead = running.filter(deadline_at__gt=happened[Kind.MESSAGE_ADDED].at, deadline_at__lt=PAUSED)
        times["answer_by"] = ahead.order_by("deadline_at").values_list("deadline_at", flat=True).first()
    if resolved := happened.get(Kind.RESOLVED):
        times["closes_at"] = datetime.fromisoformat(resolved.data["closes_at"])
    if replied := happened.get(Kind.REPLIED):
        times["keeps"] = replied.data["keeps"]
    if mail.template == Template.TICKET_CLOSED:
        times["reopens_until"] = policy.reopens_until(ticket)
        times["by_silence"] = ticket.close_reason == CloseReason.SILENCE
    told_of = (Kind.CLOCK_BREACHED, Kind.CLOCK_WARNED, Kind.ESCALATED)
    if clock := next((happened[kind] for kind in told_of if kind in happened), None):
        times["deadline"] = datetime.fromisoformat(clock.data["deadline"])
    return times


def signature(mail: OutgoingMail, ticket: Ticket, happened: dict[str, TicketEvent], common: Common) -> dict[str, Any]:
    """Return how an agent's reply ends, or what they opened for somebody: as they chose, else as they always sign.

    It is no part of the entry.
    Who signs with their own and has none signs as the department does, and where that has none, by their name.
    """
    if mail.template not in {Template.TICKET_REPLY, Template.TICKET_OPENED_FOR} or mail.entry is None:
        return {}
    wrote = mail.entry.author_id
    if wrote == ticket.requester_id:
        return {}
    author = common.once(("preferences", wrote), lambda: _PREFERENCES.first(agent=wrote) if wrote else None)
    author = author or Preferences()
    written = happened.get(Kind.REPLIED) or happened.get(Kind.OPENED)
    signs = (written.data.get("signs") if written else "") or author.signs
    own = author.signature.strip() if signs == Signs.OWN else ""
    words = "" if signs == Signs.NOTHING else own or ticket.department.signature.strip()
    return {"signature": paragraphs(words, LONGEST_SIGNATURE), "is_signed": signs != Signs.NOTHING}


def quote(mail: OutgoingMail, ticket: Ticket, reader: Reader) -> dict[str, Any]:
    """Return what the answer answers: the last message before it, for confirmed addresses only."""
    if mail.template != Template.TICKET_REPLY or mail.entry is None or not reader.is_confirmed:
        return {}
    before = _BEFORE.first(ticket=ticket.pk, number=mail.entry.number)
    if before is None or not before.text:
        return {}
    text = paragraphs(before.text, LONGEST_QUOTE)
    return {
        "quote": text,
        "quote_plain": quoted(text),
        "quote_at": before.created_at,
        "quote_is_own": before.author_id == reader.user.pk,
        "quote_author": one_line(before.author.display_name, 80) if before.author else "",
    }
