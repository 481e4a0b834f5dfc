"""Bytes to parts (RFC 5322, RFC 2045, RFC 2046): headers and where each body stands, in one pass and without recursion.

The standard library's parser asks every open boundary about every line and calls itself at each level; a mail of
ten thousand levels ends it. Here one search finds the lines that begin with two hyphens, and one table knows which
boundary they are.
"""

import re
from dataclasses import dataclass, field

from mail.parsing import limits, remarks
from mail.parsing.fields import ContentType, Field, content_type, parameter_value
from mail.parsing.remarks import Remarks

_NAME = re.compile(rb"[!-9;-~]{1,200}[ \t]{0,20}:")
_KNOWN = re.compile(
    rb"(?i)^(from|to|cc|subject|date|message-id|mime-version|content-[a-z-]+|received|reply-to|return-path|x-[a-z-]+"
    rb"|references|in-reply-to|sender|delivered-to)[ \t]*:"
)
_MOST_UNFOUND = 20  # multiparts without their boundary; for each the rest of the mail is searched
_MBOX = re.compile(rb">?From [^\r\n]*\r?\n")


@dataclass(slots=True)
class Part:
    """One part as it stands in the mail. `start` and `end` are where its body is in the whole."""

    raw: bytes = field(repr=False)
    fields: list[Field]
    type: ContentType
    start: int
    end: int = -1
    children: list["Part"] = field(default_factory=list)
    is_split: bool = False  # a multipart whose boundary was found
    preamble_end: int = -1  # where the text before the first boundary ends; -1: nothing of interest stands there

    @property
    def body(self) -> bytes:
        return self.raw[self.start : self.end]

    @property
    def kind(self) -> str:
        return self.type.kind

    def value(self, name: str) -> bytes | None:
        """Return the first field of that name (in lower case), unfolded."""
        return next((found.value for found in self.fields if found.name == name), None)


@dataclass(slots=True)
class _Open:
    """A multipart whose end is not yet found. `parent` takes its parts: itself, or a part above if that is too deep."""

    boundary: bytes
    part: Part
    parent: Part


def split(raw: bytes, notes: Remarks) -> Part:
    """Return the mail as a tree of parts."""
    raw = _with_newlines(raw)
    root = _read_part(raw, _skip_mbox(raw), len(raw), "text/plain", notes, is_root=True)
    if root.type.is_multipart:
        _split_children(root, notes)
    return root


def _with_newlines(raw: bytes) -> bytes:
    """Return the mail with lines that end in \\n or \\r\\n; old Macs, and some programs, ended them with \\r alone."""
    if b"\r" in raw and b"\n" not in raw:
        return raw.replace(b"\r", b"\n")
    if b"\r\r\n" in raw[:2000]:
        return raw.replace(b"\r\r\n", b"\r\n")
    return raw


def _skip_mbox(raw: bytes) -> int:
    """Return where the headers begin: after byte order marks, empty lines, and what mailbox files put before a mail."""
    start = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    while raw[start : start + 1] in {b"\n", b"\r"}:
        start += 1
    while match := _MBOX.match(raw, start):
        start = match.end()
    return start


def _read_part(raw: bytes, start: int, end: int, default: str, notes: Remarks, *, is_root: bool = False) -> Part:
    found, body = read_fields(raw, start, end, notes, is_root=is_root)
    value = next((one.value for one in found if one.name == "content-type"), None)
    return Part(raw, found, content_type(value, default), body, end)


def read_fields(raw: bytes, start: int, end: int, notes: Remarks, *, is_root: bool = False) -> tuple[list[Field], int]:
    """Return the header fields from `start` on, and where the body begins."""
    found: list[Field] = []
    position, last = start, min(end, start + limits.HEADER_BLOCK)
    lines: list[bytes] = []  # of the field being read
    size = 0

    def finish() -> None:
        if lines and len(found) < limits.HEADERS:
            found.append(_field(b"".join(lines), notes))
        lines.clear()

    while position < last:
        stop = raw.find(b"\n", position, end)
        stop = end if stop < 0 else stop + 1
        line = raw[position:stop]
        if line.strip(b"\r\n") == b"":
            finish()
            return found, stop
        if line[:1] in b" \t" and line.strip() == b"" and _is_blank_end(raw, stop, end):
            # White space where the empty line belongs.
            finish()
            return found, stop
        if line[:1] in b" \t" and lines:
            size += len(line)
            if size <= limits.ADDRESS_HEADER:
                lines.append(line)
        elif _NAME.match(line):
            finish()
            size = len(line)
            lines.append(line)
        elif line.startswith(b"--") and not is_root:
            break
        elif found or lines:
            if not _headers_follow(raw, stop, end):
                break
            notes.add(remarks.JUNK_HEADERS)
            if lines:
                lines.append(b" " + line)
        elif is_root and _headers_follow(raw, stop, end):
            notes.add(remarks.JUNK_HEADERS)
        else:
            break
        position = stop
    finish()
    if is_root and not found:
        notes.add(remarks.NO_HEADERS)
        return [], start
    return found, position


def _is_blank_end(raw: bytes, stop: int, end: int) -> bool:
    """Return whether the line at `stop` can't go on with headers."""
    line = raw[stop : min(end, stop + 300)]
    return not _NAME.match(line) and line[:1] not in b" \t"


def _headers_follow(raw: bytes, start: int, end: int) -> bool:
    """Return whether headers that everybody knows come after the line that is none, before an empty line."""
    for line in raw[start : min(end, start + 2_000)].splitlines()[:8]:
        if not line.strip():
            return False
        if _KNOWN.match(line):
            return True
    return False


def _field(data: bytes, notes: Remarks) -> Field:
    name, _, value = data.partition(b":")
    most = limits.ADDRESS_HEADER if name.strip().lower() in {b"to", b"cc", b"bcc"} else limits.HEADER_VALUE
    key = name.strip().decode("latin-1").lower()
    if len(value) > most:
        notes.add(remarks.HEADER_CUT, name=name.decode("latin-1").strip())
        value = value[:most]
    return Field(key, name.strip().decode("latin-1"), unfold(value))


def unfold(value: bytes) -> bytes:
    """Return the value in one line (RFC 5322 section 2.2.3): line ends go, the white space after them stays."""
    if b"\n" not in value and b"\r" not in value:
        return value.strip()
    return (
        re.sub(rb"[\r\n]+(?=[ \t])|[\r\n]+$", b"", value.strip(b"\r\n"))
        .replace(b"\r", b" ")
        .replace(b"\n", b" ")
        .strip()
    )


def _split_children(root: Part, notes: Remarks) -> None:
    _Splitter(root, notes).split()


class _Splitter:
    """Finds the parts of a multipart in one pass over the bytes; `stack` are those that are open, the inmost last."""

    def __init__(self, root: Part, notes: Remarks) -> None:
        self.root, self.raw, self.notes = root, root.raw, notes
        self.stack: list[_Open] = []
        self.by_boundary: dict[bytes, int] = {}
        self.unfound = 0
        self.count = 0
        # The part whose end is not found yet.
        self.current: Part | None = None

    def split(self) -> None:
        """Read line after line that could be a delimiter, until all multiparts are closed or the bytes end."""
        self._descend(self.root)
        position = max(self.root.start - 1, 0)
        while self.stack:
            at = self._next_delimiter(position)
            if at is None:
                break
            stop = self.raw.find(b"\n", at)
            stop = len(self.raw) if stop < 0 else stop
            position = stop
            level, closes = self._level_of(self.raw[at + 2 : min(stop, at + 1_000)].rstrip())
            if level is None:
                continue
            self._end_what_is_open(level, at)
            if closes:
                self._close(stop)
                continue
            self.count += 1
            if self.count > limits.PARTS:
                self.notes.add(remarks.TOO_MANY_PARTS)
                break
            position = self._begin_part(level, at, stop)
        if self.stack:
            self.notes.add(remarks.UNCLOSED_MULTIPART)

    def _next_delimiter(self, position: int) -> int | None:
        """Return where the next line with two hyphens begins; the first line of all has no line end before it."""
        if position <= 1 and self.raw.startswith(b"--", self.root.start) and self.root.start <= 1:
            return self.root.start
        hyphens = self.raw.find(b"\n--", position)
        return hyphens + 1 if hyphens >= 0 else None

    def _level_of(self, line: bytes) -> tuple[int | None, bool]:
        """Return which open multipart the line delimits, and whether it closes that."""
        level = self.by_boundary.get(line)
        if level is None and line.endswith(b"--"):
            level = self.by_boundary.get(line[:-2].rstrip())
            return level, level is not None
        return level, False

    def _descend(self, part: Part) -> None:
        """Open a multipart, if its boundary is to be found."""
        boundary = parameter_value(part.type, "boundary")
        if not boundary or self.unfound > _MOST_UNFOUND or not _occurs(self.raw, part, boundary):
            boundary = _guess_boundary(self.raw, part) if self.unfound < _MOST_UNFOUND else None
            self.unfound += 1
            self.notes.add(remarks.NO_BOUNDARY)
        if not boundary:
            return
        parent = part
        if len(self.stack) >= limits.DEPTH:
            self.notes.add(remarks.TOO_DEEP)
            parent = self.stack[limits.DEPTH - 1].parent
        part.is_split = True
        self.by_boundary[boundary] = len(self.stack)
        self.stack.append(_Open(boundary, part, parent))

    def _end_what_is_open(self, level: int, at: int) -> None:
        """End the part before the delimiter at `at`, and the multiparts within `level` that nothing closed."""
        if self.current is not None:
            self.current.end = _before_newline(self.raw, self.current.start, at)
            self.current = None
        opened = self.stack[level]
        if opened.part.preamble_end < 0 and opened.parent is opened.part:
            opened.part.preamble_end = _before_newline(self.raw, opened.part.start, at)
        for gone in self.stack[level + 1 :]:
            self.notes.add(remarks.UNCLOSED_MULTIPART)
            if gone.part.end > at:
                gone.part.end = _before_newline(self.raw, gone.part.start, at)
            if self.by_boundary.get(gone.boundary, -1) > level:
                del self.by_boundary[gone.boundary]
        del self.stack[level + 1 :]

    def _close(self, stop: int) -> None:
        """Close the inmost multipart; a boundary that it had in common with the one around it is that one's again."""
        closed = self.stack.pop()
        if closed.part is not self.root:
            closed.part.end = min(closed.part.end, stop)
        del self.by_boundary[closed.boundary]
        if self.stack and self.stack[-1].boundary not in self.by_boundary:
            self.by_boundary[self.stack[-1].boundary] = len(self.stack) - 1

    def _begin_part(self, level: int, at: int, stop: int) -> int:
        """Read the head of the part behind the delimiter; return where to go on."""
        opened = self.stack[level]
        default = "message/rfc822" if opened.part.kind == "multipart/digest" else "text/plain"
        part = _read_part(self.raw, min(stop + 1, len(self.raw)), len(self.raw), default, self.notes)
        opened.parent.children.append(part)
        self.current = part
        if part.type.is_multipart:
            self._descend(part)
            if part.is_split:
                self.current = None
        return max(part.start - 1, at)


def _occurs(raw: bytes, part: Part, boundary: bytes) -> bool:
    return (len(boundary) <= 500 and raw.startswith(b"--" + boundary, part.start)) or raw.find(
        b"\n--" + boundary, max(part.start - 1, 0)
    ) >= 0


def _guess_boundary(raw: bytes, part: Part) -> bytes | None:
    """Return what looks like the boundary of a multipart that names none, or one that never comes."""
    match = re.compile(rb"(?:^|\n)--([!-~][ -~]{0,200}?)[ \t]*\r?\n(?:Content-|content-|CONTENT-|\r?\n)").search(
        raw, max(part.start - 1, 0), part.start + 100_000
    )
    return match.group(1) if match else None


def _before_newline(raw: bytes, start: int, at: int) -> int:
    """Return where a body ends: the line end before a boundary belongs to the boundary."""
    end = at
    if end > start and raw[end - 1 : end] == b"\n":
        end -= 1
        if end > start and raw[end - 1 : end] == b"\r":
            end -= 1
    return max(end, start)
