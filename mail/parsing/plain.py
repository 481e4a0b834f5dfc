"""Bytes of a text part to text: charset, line ends, format=flowed (RFC 3676), characters that no page can show."""

import re

from mail.parsing import charsets, limits, remarks
from mail.parsing.fields import ContentType
from mail.parsing.remarks import Remarks

_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_QUOTES = re.compile(r">*")


def part_text(data: bytes, type_: ContentType, notes: Remarks) -> str:
    """Return the text of a text/plain part."""
    text = normal(charsets.decode(data[: limits.TEXT * 4], type_.charset, notes), notes)
    if type_.parameters.get("format", b"").strip().lower() == b"flowed":
        text = unflow(text, delsp=type_.parameters.get("delsp", b"").strip().lower() == b"yes")
    return text


def normal(text: str, notes: Remarks) -> str:
    """Return the text with "\\n" as its only line end, without NUL, other controls and lone surrogates; cut if huge."""
    if len(text) > limits.TEXT:
        notes.add(remarks.TEXT_CUT)
        text = text[: limits.TEXT]
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\f" in text:
        text = text.replace("\f", "\n")
    if _CONTROLS.search(text):
        notes.add(remarks.CONTROL_CHARACTERS)
        text = _CONTROLS.sub("", text)
    return _SURROGATES.sub("", text)


def unflow(text: str, *, delsp: bool) -> str:
    """Return the paragraphs that format=flowed had wrapped (RFC 3676 section 4); quotes keep their depth."""
    found: list[str] = []
    pieces: list[str] = []  # of the paragraph being put together
    depth = 0

    def finish() -> None:
        if pieces:
            found.append((">" * depth + " " if depth else "") + "".join(pieces))
            pieces.clear()

    for line in text.split("\n"):
        quotes = _QUOTES.match(line).end()  # type: ignore[union-attr]
        content = line[quotes:].removeprefix(" ") if line[quotes : quotes + 1] == " " else line[quotes:]
        if quotes != depth:
            finish()
            depth = quotes
        is_signature = content == "-- "
        if is_signature:
            finish()
        flows = content.endswith(" ") and not is_signature
        pieces.append(content[:-1] if flows and delsp else content)
        if not flows:
            finish()
    finish()
    return "\n".join(line.rstrip() if line != "-- " else line for line in found)
