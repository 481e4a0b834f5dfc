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
    raw = root.raw
    stack: list[_Open] = []
    by_boundary: dict[bytes, int] = {}
    unfound = 0
    current: Part | None = None
    count = 0

    def descend(part: Part) -> None:
        nonlocal unfound
        boundary = parameter_value(part.type, "boundary")
        if not boundary or unfound > _MOST_UNFOUND or not _occurs(raw, part, boundary):
            boundary = _guess_boundary(raw, part) if unfound < _MOST_UNFOUND else None
            unfound += 1
            notes.add(remarks.NO_BOUNDARY)
        if not boundary:
            return
        parent = part
        if len(stack) >= limits.DEPTH:
            notes.add(remarks.TOO_DEEP)
            parent = stack[limits.DEPTH - 1].parent
        part.is_split = True
        by_boundary[boundary] = len(stack)
        stack.append(_Open(boundary, part, parent))

    descend(root)
    position = max(root.start - 1, 0)
    while stack:
        hyphens = raw.find(b"\n--", position)
        at = hyphens + 1
        if position <= 1 and raw.startswith(b"--", root.start) and root.start <= 1:
            at, hyphens = root.start, root.start
        elif hyphens < 0:
            break
        stop = raw.find(b"\n", at)
        stop = len(raw) if stop < 0 else stop
        line = raw[at + 2 : min(stop, at + 1_000)].rstrip()
        level = by_boundary.get(line)
        closes = False
        if level is None and line.endswith(b"--"):
            level = by_boundary.get(line[:-2].rstrip())
            closes = level is not None
        position = stop
        if level is None:
            continue
        if current is not None:
            current.end = _before_newline(raw, current.start, at)
            current = None
        if stack[level].part.preamble_end < 0 and stack[level].parent is stack[level].part:
            stack[level].part.preamble_end = _before_newline(raw, stack[level].part.start, at)
        for gone in stack[level + 1 :]:
            notes.add(remarks.UNCLOSED_MULTIPART)
            if gone.part.end > at:
                gone.part.end = _before_newline(raw, gone.part.start, at)
            if by_boundary.get(gone.boundary, -1) > level:
                del by_boundary[gone.boundary]
        del stack[level + 1 :]
        if closes:
            closed = stack.pop()
            closed.part.end = min(closed.part.end, stop) if closed.part is not root else closed.part.end
            del by_boundary[closed.boundary]
            _restore(by_boundary, stack)
            continue
        count += 1
        if count > limits.PARTS:
            notes.add(remarks.TOO_MANY_PARTS)
            break
        opened = stack[level]
        default = "message/rfc822" if opened.part.kind == "multipart/digest" else "text/plain"
        part = _read_part(raw, min(stop + 1, len(raw)), len(raw), default, notes)
        opened.parent.children.append(part)
        current = part
        position = max(part.start - 1, at)
        if part.type.is_multipart:
            descend(part)
            if part.is_split:
                current = None
    else:
        return
    if stack:
        notes.add(remarks.UNCLOSED_MULTIPART)


def _restore(by_boundary: dict[bytes, int], stack: list[_Open]) -> None:
    """Put back a boundary that an inner multipart used too."""
    if stack and stack[-1].boundary not in by_boundary:
        by_boundary[stack[-1].boundary] = len(stack) - 1


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
