"""Where others wrote about a person: their name, addresses and phone in texts that anonymising leaves alone.

In the person's own tickets every part of the name counts, as in "Hello Ada"; elsewhere the whole name does. That is
looked at in windows of so many rows, the newest first, so that a page takes no longer with a million of them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Model, Q, QuerySet

from accounts.directory import contains
from accounts.models import Note, User
from tickets.models import Attachment, EntryKind, ThreadEntry, Ticket

WINDOW = 20_000
SHOWN = 50
# A shorter part of a name, such as "de", would be found in every text.
SHORTEST_PART = 3
EXCERPT = 60


@dataclass(frozen=True, slots=True)
class Source:
    """A column that people type into; `ticket` leads from its rows to the ticket they belong to, "" for none."""

    model: type[Model]
    fields: tuple[str, ...]
    ticket: str


SOURCES: dict[str, Source] = {
    "entry": Source(ThreadEntry, ("text", "html"), "ticket"),
    "subject": Source(Ticket, ("subject",), "self"),
    "file": Source(Attachment, ("name",), "entry__ticket"),
    "note": Source(Note, ("text",), ""),
}


@dataclass(frozen=True, slots=True)
class Mention:
    """A row in which the person is named: which, of which ticket, and some words around the place."""

    source: str
    pk: int
    ticket_id: int | None
    excerpt: str

    @property
    def key(self) -> str:
        return f"{self.source}:{self.pk}"


def words_of(person: User) -> list[str]:
    """Return what names the person wherever it stands: the whole name, addresses, the phone number."""
    emails = person.addresses.values_list("email", flat=True)
    return [word for word in dict.fromkeys([person.name.strip(), *emails, person.phone.strip()]) if len(word) > 2]


def parts_of(person: User) -> list[str]:
    """Return besides what names them in their own tickets: the parts of the name."""
    return [part for part in dict.fromkeys(person.name.split()) if len(part) >= SHORTEST_PART]


def pattern_for(words: Iterable[str]) -> "re.Pattern[str]":
    """Return what finds the words in a text, as words of their own, with any space between their parts."""
    longest_first = sorted(words, key=len, reverse=True)
    spaced = (r"\s+".join(re.escape(part) for part in word.split()) for word in longest_first)
    return re.compile(rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)", re.IGNORECASE)


def in_own_tickets(person: User) -> list[Mention]:
    """Return the first mentions in what others wrote into the person's tickets; own words go with the person."""
    words = [*words_of(person), *parts_of(person)]
    entries = ThreadEntry.objects.filter(ticket__requester=person)
    files = _others(Attachment.objects.filter(entry__ticket__requester=person), person, "entry__")
    found = [*_found("entry", _others(entries, person), words), *_found("file", files, words)]
    return found[:SHOWN]


def elsewhere(person: User, before: int | None = None) -> tuple[list[Mention], int | None]:
    """Return the mentions among the rows of one window of keys, and from where to go on; None at the end.

    Where a window holds more than are shown, it is to be looked at again once these are redacted.
    """
    words = words_of(person)
    if not words:
        return [], None
    top = before if before is not None else _newest() + 1
    bottom = max(0, top - WINDOW)
    found: list[Mention] = []
    for name, source in SOURCES.items():
        rows: QuerySet[Any] = source.model._base_manager.filter(pk__lt=top, pk__gte=bottom)
        if name == "entry":
            rows = _others(rows, person).exclude(ticket__requester=person)
        elif name == "subject":
            rows = rows.exclude(requester=person)
        elif name == "file":
            rows = _others(rows.select_related("entry"), person, "entry__")
        elif name == "note":
            rows = rows.exclude(person=person)
        found += _found(name, rows, words)
    return found[:SHOWN], bottom if bottom > 0 else None


def _newest() -> int:
    return max(source.model._base_manager.aggregate(top=Max("pk"))["top"] or 0 for source in SOURCES.values())


def _others(rows: "QuerySet[Any]", person: User, entry: str = "") -> "QuerySet[Any]":
    """Return what is not the person's own, which goes with them."""
    return rows.exclude(**{f"{entry}author": person, f"{entry}kind": EntryKind.MESSAGE})


def _found(name: str, rows: "QuerySet[Any]", words: Sequence[str]) -> Iterator[Mention]:
    if not words:
        return
    source = SOURCES[name]
    # The first words of each: how they are spaced is for the pattern to see.
    any_of = Q()
    for word in words:
        any_of |= contains(source.fields[0], word.split()[0])
    pattern = pattern_for(words)
    shown = 0
    for row in rows.filter(any_of).order_by("-pk").iterator(chunk_size=200):
        text = str(getattr(row, source.fields[0]))
        place = pattern.search(text)
        if place is None:
            continue
        yield Mention(name, row.pk, _ticket_of(source, row), _excerpt(text, place))
        shown += 1
        if shown == SHOWN:
            return


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
