"""Where others wrote about a person: their name, addresses and phone in texts that anonymising leaves alone.

In the person's own tickets every part of the name counts, as in "Hello Ada"; elsewhere the whole name does. That is
looked at in windows of so many rows, the newest first, so that a page takes no longer with a million of them. Files are
read within such a window, as many as one page can wait for.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Model, Q, QuerySet

from accounts import phones
from accounts.directory import contains
from accounts.models import Note, Organization, User
from tickets.file_texts import has_text, readings, text_of
from tickets.models import Attachment, EntryKind, HeldReply, ThreadEntry, Ticket

WINDOW = 20_000
# Of the files in a window so many are read, and so many bytes; the window ends there.
MOST_FILES = 200
MOST_BYTES = 8 * 1024 * 1024
SHOWN = 50
# A shorter part of a name, such as "de", would be found in every text.
SHORTEST_PART = 3
EXCERPT = 60


@dataclass(frozen=True, slots=True)
class Source:
    """Columns that people type into; `ticket` leads from its rows to the ticket they belong to, "" for none."""

    model: type[Model]
    fields: tuple[str, ...]
    ticket: str


# What is inside a file, which is taken out whole.
CONTENT = "content"

SOURCES: dict[str, Source] = {
    "entry": Source(ThreadEntry, ("text", "html"), "ticket"),
    "subject": Source(Ticket, ("subject",), "self"),
    "file": Source(Attachment, ("name",), "entry__ticket"),
    CONTENT: Source(Attachment, (), "entry__ticket"),
    # Written and not sent yet, or not any more.
    "held": Source(HeldReply, ("text", "html"), "ticket"),
    "note": Source(Note, ("text",), ""),
    "organization": Source(Organization, ("name",), ""),
}


@dataclass(frozen=True, slots=True)
class Mention:
    """A row in which the person is named: which, of which ticket, and some words around the place."""

    source: str
    pk: int
    ticket_id: int | None
    excerpt: str
    # Of a file, its name.
    name: str = ""

    @property
    def key(self) -> str:
        return f"{self.source}:{self.pk}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What names a person, and what finds it: words as words of their own, the phone however it is typed."""

    words: tuple[str, ...]
    phone: str

    def __bool__(self) -> bool:
        return bool(self.words)

    @classmethod
    def of(cls, person: User, *, in_own_ticket: bool) -> "Wanted":
        emails = person.addresses.values_list("email", flat=True)
        words = [word for word in (person.name.strip(), *emails, person.phone.strip()) if len(word) > 2]
        if in_own_ticket:
            words += [part for part in person.name.split() if len(part) >= SHORTEST_PART]
        return cls(tuple(dict.fromkeys(words)), person.phone)

    def pattern(self) -> "re.Pattern[str]":
        """Return what finds it in a text, with any space between the parts of a name."""
        return self._pattern(r"\s+")

    def pattern_in_files(self) -> "re.Pattern[str]":
        """Return what finds it where a name may be spread over the fields of a table, the last part first or last."""
        turned = [" ".join([parts[-1], *parts[:-1]]) for parts in map(str.split, self.words) if len(parts) > 1]
        return self._pattern(r"[\s,;|\"']+", turned)

    def prefilter(self, fields: Iterable[str]) -> Q:
        """Return a condition that whatever the pattern finds fulfils: the first parts of words, the phone's end."""
        any_of, tail = Q(), phones.tail_for(self.phone)
        for field in fields:
            for word in self.words:
                any_of |= contains(field, word.split()[0])
            if tail:
                any_of |= Q(**{f"{field}__regex": tail})
        return any_of

    def _pattern(self, joint: str, more: Iterable[str] = ()) -> "re.Pattern[str]":
        longest_first = sorted({*self.words, *more}, key=len, reverse=True)
        spread = "|".join(joint.join(re.escape(part) for part in word.split()) for word in longest_first)
        phone = phones.pattern_for(self.phone)
        return re.compile(rf"(?<!\w)(?:{spread})(?!\w){'|' + phone if phone else ''}", re.IGNORECASE)


def in_own_tickets(person: User) -> list[Mention]:
    """Return the first mentions in what others wrote into the person's tickets; own words go with the person."""
    wanted = Wanted.of(person, in_own_ticket=True)
    entries = ThreadEntry.objects.filter(ticket__requester=person)
    files = _others(Attachment.objects.filter(entry__ticket__requester=person), person, "entry__").select_related(
        "entry"
    )
    found = [*_found("entry", _others(entries, person), wanted), *_found("file", files, wanted)]
    return found[:SHOWN]


def elsewhere(person: User, before: int | None = None) -> tuple[list[Mention], int | None]:
    """Return the mentions among the rows of one window of keys, and from where to go on; None at the end.

    Files of the person's own tickets are read here too. Where a window holds more than are shown, it is to be looked at
    again once these are redacted.
    """
    wanted = Wanted.of(person, in_own_ticket=False)
    if not wanted:
        return [], None
    top = before if before is not None else _newest() + 1
    files = _others(Attachment.objects.filter(has_text(), pk__lt=top), person, "entry__")
    bottom = _bottom(top, files)
    found: list[Mention] = []
    for name, source in SOURCES.items():
        rows: QuerySet[Any] = source.model._base_manager.filter(pk__lt=top, pk__gte=bottom)
        match name:
            case "entry":
                rows = _others(rows, person).exclude(ticket__requester=person)
            case "subject":
                rows = rows.exclude(requester=person)
            case "file":
                rows = _others(rows, person, "entry__").exclude(entry__ticket__requester=person).select_related("entry")
            case "note":
                rows = rows.exclude(person=person)
            case "content":
                found += _in_files(files.filter(pk__gte=bottom), person)
                continue
        found += _found(name, rows, wanted)
    return found[:SHOWN], bottom if bottom > 0 else None


def is_named_in(attachment: Attachment, person: User) -> "re.Match[str] | None":
    """Return the first place in the file's words that names the person."""
    wanted = Wanted.of(person, in_own_ticket=attachment.entry.ticket.requester_id == person.pk)
    return wanted.pattern_in_files().search(text_of(attachment)) if wanted else None


def _newest() -> int:
    return max(source.model._base_manager.aggregate(top=Max("pk"))["top"] or 0 for source in SOURCES.values())


def _bottom(top: int, files: "QuerySet[Attachment]") -> int:
    """Return where the window below `top` ends: after so many rows, or before a file too many to be read with it."""
    bottom, room = max(0, top - WINDOW), MOST_BYTES
    sizes = files.filter(pk__gte=bottom).order_by("-pk").values_list("pk", "blob__size")
    for count, (pk, size) in enumerate(sizes[: MOST_FILES + 1]):
        room -= size
        if count and (room < 0 or count == MOST_FILES):
            return int(pk) + 1
    return bottom


def _others(rows: "QuerySet[Any]", person: User, entry: str = "") -> "QuerySet[Any]":
    """Return what is not the person's own, which goes with them."""
    return rows.exclude(**{f"{entry}author": person, f"{entry}kind": EntryKind.MESSAGE})


def _found(name: str, rows: "QuerySet[Any]", wanted: Wanted) -> Iterator[Mention]:
    if not wanted:
        return
    source = SOURCES[name]
    pattern = wanted.pattern()
    shown = 0
    for row in rows.filter(wanted.prefilter(source.fields)).order_by("-pk").iterator(chunk_size=200):
        excerpt = next(filter(None, (_place(pattern, str(getattr(row, field))) for field in source.fields)), "")
        if not excerpt:
            continue
        yield Mention(name, row.pk, _ticket_of(source, row), excerpt)
        shown += 1
        if shown == SHOWN:
            return


def _in_files(files: "QuerySet[Attachment]", person: User) -> Iterator[Mention]:
    patterns = {own: Wanted.of(person, in_own_ticket=own).pattern_in_files() for own in (True, False)}
    for file in files.select_related("blob", "entry__ticket").order_by("-pk"):
        text = text_of(file)
        place = patterns[file.entry.ticket.requester_id == person.pk].search(text)
        if place is not None:
            yield Mention(CONTENT, file.pk, file.entry.ticket_id, _excerpt(text, place), file.name)


def _place(pattern: "re.Pattern[str]", text: str) -> str:
    """Return some words around the first place, "" if there is none; of a page's markup as it stands, if need be."""
    found = [(reading, place) for reading in readings(text) if (place := pattern.search(reading))]
    # The last reading is the one that shows the fewest tags.
    return _excerpt(*found[-1]) if found else ""


def _ticket_of(source: Source, row: Any) -> int | None:
    match source.ticket:
        case "":
            return None
        case "self":
            return int(row.pk)
        case "ticket":
            return int(row.ticket_id)
    return int(row.entry.ticket_id)


def _excerpt(text: str, place: "re.Match[str]") -> str:
    begin, end = max(0, place.start() - EXCERPT), min(len(text), place.end() + EXCERPT)
    return ("…" if begin else "") + " ".join(text[begin:end].split()) + ("…" if end < len(text) else "")
