"""The headers of a mail as text, decoded when they are asked for."""

from mail.parsing import limits, remarks
from mail.parsing.addresses import parse_addresses
from mail.parsing.fields import Field
from mail.parsing.parsed import Mailbox
from mail.parsing.remarks import Remarks
from mail.parsing.words import decode_words

_ONCE = frozenset(
    {"from", "sender", "reply-to", "to", "cc", "date", "message-id", "in-reply-to", "references", "subject"}
)


class Head:
    """Header fields in order, by name in lower case."""

    def __init__(self, fields: list[Field], notes: Remarks) -> None:
        self._fields = fields
        self._notes = notes
        self._by_name: dict[str, list[Field]] = {}
        self._decoded: dict[int, str] = {}
        for field in fields:
            self._by_name.setdefault(field.name, []).append(field)
        for name in _ONCE & self._by_name.keys():
            if len(self._by_name[name]) > 1 and name not in {"to", "cc"}:
                notes.add(remarks.REPEATED_HEADER, name=self._by_name[name][0].written)

    def first(self, name: str) -> str | None:
        """Return the first of that name that says anything (RFC 5322 allows one of most)."""
        found = self._by_name.get(name)
        if not found:
            return None
        for field in found:
            if field.value:
                return self._text(field)
        return ""

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self._text(field) for field in self._by_name.get(name, ())[: limits.HEADERS])

    def raw(self, name: str) -> bytes | None:
        found = self._by_name.get(name)
        return found[0].value if found else None

    def addresses(self, name: str) -> tuple[Mailbox, ...]:
        """Return the mailboxes of all headers of that name."""
        found: list[Mailbox] = []
        for field in self._by_name.get(name, ())[:50]:
            found.extend(parse_addresses(field.value, field.written, self._notes))
            if len(found) >= limits.ADDRESSES:
                break
        return tuple(found[: limits.ADDRESSES])

    def as_pairs(self, *, most: int = limits.HEADER_TEXT * 10) -> tuple[tuple[str, str], ...]:
        """Return all as (name, text), as far as `most` characters go."""
        found: list[tuple[str, str]] = []
        size = 0
        for field in self._fields:
            text = self._text(field)
            size += len(text)
            if size > most:
                break
            found.append((field.written, text))
        return tuple(found)

    def _text(self, field: Field) -> str:
        key = id(field)
        if key not in self._decoded:
            self._decoded[key] = decode_words(field.value[: limits.HEADER_TEXT], self._notes)
        return self._decoded[key]
