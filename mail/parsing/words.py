"""Header bytes to text: encoded words (RFC 2047), also broken ones, and raw bytes beyond ASCII."""

import binascii
import re

from mail.parsing import charsets
from mail.parsing.remarks import BAD_ENCODED_WORD, Remarks

_BEGIN = re.compile(rb"=\?([^?\s=]{1,80})\?([BbQq])\?")
_HEX = re.compile(rb"[0-9A-Fa-f]{2}")
_GAP = re.compile(rb"[ \t\r\n]*")
_STRAY_CONTROLS = re.compile("[\x00-\x1f\x7f]+")
_SURROGATES = re.compile("[\ud800-\udfff]")


def decode_words(data: bytes, notes: Remarks) -> str:
    """Return a header's value as text in one line."""
    if b"=?" not in data:
        return clean(charsets.decode(data, None, notes))
    pieces: list[str] = []
    pending: tuple[str, bytes] | None = (
        None  # charset and bytes of the words before: a character may be cut between two
    )
    position = 0
    while (match := _BEGIN.search(data, position)) and (end := _end(data, match)) >= 0:
        between, position = data[position : match.start()], end + 2
        charset = match.group(1).split(b"*")[0].decode("latin-1")
        content = _content(match.group(2).upper(), data[match.end() : end], notes)
        if pending and _GAP.fullmatch(between):
            if pending[0].lower() == charset.lower() and not _ends_whole(pending[1], charset):
                pending = (charset, pending[1] + content)
                continue
            between = b""
        if pending:
            pieces.append(charsets.decode(pending[1], pending[0], notes))
        pieces.append(charsets.decode(between, None, notes))
        pending = (charset, content)
    if pending:
        pieces.append(charsets.decode(pending[1], pending[0], notes))
    rest = data[position:]
    if _BEGIN.search(rest):
        notes.add(BAD_ENCODED_WORD)
    pieces.append(charsets.decode(rest, None, notes))
    return clean("".join(pieces))


def _end(data: bytes, match: re.Match[bytes]) -> int:
    """Return where an encoded word ends; a question mark that should have been encoded does not end it."""
    end = data.find(b"?=", match.end())
    while end >= 0 and match.group(2) in b"Qq" and _HEX.match(data, end + 2):
        following = data.find(b"?=", end + 2)
        if following < 0 or 0 <= data.find(b"=?", end + 2) < following:
            break
        end = following
    return end


def clean(text: str) -> str:
    """Return the text in one line: no line end, no NUL, no lone surrogate can be smuggled by an encoding."""
    return _SURROGATES.sub("", _STRAY_CONTROLS.sub(" ", text)).strip()


def _content(encoding: bytes, text: bytes, notes: Remarks) -> bytes:
    if encoding == b"Q":
        return binascii.a2b_qp(text, header=True)
    bare = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    if len(bare) % 4 == 1:
        notes.add(BAD_ENCODED_WORD)
        bare = bare[:-1]
    return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4))


def _ends_whole(data: bytes, charset: str) -> bool:
    """Return whether no character is cut at the end. ISO-2022-JP begins each word anew (RFC 1468)."""
    if data.isascii():
        return charset.lower().startswith("iso-2022") or b"\x1b" in data
    codec = charsets.codec_of(charset)
    if codec is None:
        return False
    try:
        data.decode(codec)
    except (UnicodeError, ValueError):
        return False
    return True
