"""Whether a reply says what an internal note says: the last look before it goes to people who must not read notes.

Words are compared, without case, punctuation and line ends. What stands in the public thread as well is no secret.
Of a ticket's entries the newest are looked at, so that sending takes no longer in a long thread.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from tickets.models import EntryKind, ThreadEntry, Ticket

# So many words in a row are no coincidence. A note of fewer counts if the reply has all of it.
RUN = 8
SHORTEST_NOTE = 4
MOST_ENTRIES = 200
LONGEST = 100_000
SHOWN = 300
MOST_TOLD = 5

LEAK = re.compile(r"[0-9]{1,9}:[0-9]{1,9}", re.ASCII)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Leak:
    """What of a note stands in the reply: whose note it is, and the words as the note has them."""

    note: int
    place: int
    author: str
    passage: str

    @property
    def key(self) -> str:
        """By which a form says that the agent was told of this."""
        return f"{self.note}:{self.place}"


@dataclass(frozen=True, slots=True)
class _Word:
    folded: str
    begin: int
    end: int


def quoted_notes(ticket: Ticket, text: str, *, told: Collection[str] = ()) -> list[Leak]:
    """Return a passage of each note that the text quotes, the newest notes first, without those that were told."""
    said = _words(text)
    if len(said) < SHORTEST_NOTE:
        return []
    newest = ticket.entries.exclude(text="").select_related("author").order_by("-number")
    entries = list(newest[:MOST_ENTRIES])
    notes = [(entry, _words(entry.text)) for entry in entries if entry.kind == EntryKind.NOTE]
    public = [_words(entry.text) for entry in entries if entry.is_public] if notes else []
    secret: dict[int, set[str]] = {}
    leaks = []
    for note, words in notes:
        length = min(len(words), RUN)
        if length < SHORTEST_NOTE:
            continue
        if length not in secret:
            known = {run for one in public for run in _runs(one, length)}
            secret[length] = set(_runs(said, length)) - known
        if leak := _found(note, words, secret[length], length):
            leaks.append(leak)
    return [leak for leak in leaks if leak.key not in told][:MOST_TOLD]


def _found(note: ThreadEntry, words: Sequence[_Word], runs: Collection[str], length: int) -> Leak | None:
    """Return the longest passage that begins where the note first has one of the runs."""
    places = [i for i, run in enumerate(_runs(words, length)) if run in runs]
    if not places:
        return None
    first = last = places[0]
    for place in places:
        last = place if place == last + 1 else last
    passage = note.text[words[first].begin : words[last + length - 1].end]
    author = note.author.display_name if note.author else ""
    return Leak(note.number, first, author, passage if len(passage) <= SHOWN else f"{passage[:SHOWN]}…")


def _words(text: str) -> list[_Word]:
    return [_Word(found[0].casefold(), found.start(), found.end()) for found in _WORD.finditer(text[:LONGEST])]


def _runs(words: Sequence[_Word], length: int) -> Iterator[str]:
    folded = [word.folded for word in words]
    return (" ".join(folded[i : i + length]) for i in range(len(folded) - length + 1))
