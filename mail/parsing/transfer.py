"""Transfer encodings undone (RFC 2045 section 6), also where they are broken, and uuencoded files in text."""

import binascii
import re
from dataclasses import dataclass, field

from mail.parsing import remarks
from mail.parsing.remarks import Remarks

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_UU_BEGIN = re.compile(rb"(?:^|\n)begin[ \t]+[0-7]{3,4}[ \t]+([^\r\n]{1,255})\r?\n")
_PLAIN = frozenset(
    {"", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "7bits", "8bits", "unknown", "us-ascii", "utf-8"}
)


def undo(body: bytes, encoding: bytes | None, notes: Remarks) -> bytes:
    """Return the bytes that were meant; what is broken is left out, never raised."""
    name = (encoding or b"").decode("latin-1").split(";")[0].split("(")[0].strip().strip("\"'").lower()
    if name in _PLAIN:
        return body
    if name in {"base64", "base-64", "b64", "bas64"}:
        return _base64(body, notes)
    if name in {
        "quoted-printable",
        "quoted-printeable",
        "quoted_printable",
        "quotedprintable",
        "quoted printable",
        "qp",
    }:
        return binascii.a2b_qp(re.sub(rb"[ \t]+(?=\r?\n)", b"", body) if b" \n" in body or b" \r\n" in body else body)
    if name in {"x-uuencode", "x-uue", "uuencode", "uue", "x-uu"}:
        _, files = uuencoded(body)
        if files:
            return files[0].content
    notes.add(remarks.BAD_ENCODING, encoding=name)
    return body


def _base64(body: bytes, notes: Remarks) -> bytes:
    whole = body.replace(b"\n", b"").replace(b"\r", b"").strip()
    padding = whole.find(b"=")
    is_clean = padding < 0 or padding >= len(whole) - 2
    bare = whole if is_clean and not _NOT_BASE64.search(whole) else _only_base64(body, notes)
    try:
        return binascii.a2b_base64(bare)
    except binascii.Error:
        pass
    bare = re.sub(rb"[^A-Za-z0-9+/]+", b"", bare)
    notes.add(remarks.BAD_ENCODING, encoding="base64")
    if len(bare) % 4 == 1:
        bare = bare[:-1]
    return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4))


def _only_base64(body: bytes, notes: Remarks) -> bytes:
    """Return what is base64: several encoded pieces one after the other, and no words that a gateway added below."""
    lines = body.splitlines()
    kept = [line for line in lines if b" " not in line.strip() or not _NOT_BASE64.sub(b"", line)]
    if len(kept) < len(lines):
        notes.add(remarks.BAD_ENCODING, encoding="base64")
    whole = _NOT_BASE64.sub(b"", b"".join(kept))
    if b"=" not in whole.rstrip(b"="):
        return whole
    # Padding in the middle: pieces that were encoded one by one.
    pieces = [piece for piece in whole.split(b"=") if piece]
    decoded = b"".join(
        binascii.a2b_base64(
            piece[: len(piece) - (len(piece) % 4 == 1)] + b"=" * (-(len(piece) - (len(piece) % 4 == 1)) % 4)
        )
        for piece in pieces
    )
    return binascii.b2a_base64(decoded, newline=False)


@dataclass(frozen=True, slots=True)
class UuFile:
    name: bytes
    content: bytes = field(repr=False)


def uuencoded(body: bytes) -> tuple[bytes, list[UuFile]]:
    """Return the text without its uuencoded files, and these. Nothing counts without lines that really decode."""
    if b"begin " not in body:
        return body, []
    files: list[UuFile] = []
    kept: list[bytes] = []
    position = 0
    while len(files) < 200 and (begin := _UU_BEGIN.search(body, position)):
        content, end = _uu_lines(body, begin.end())
        if content is None:
            kept.append(body[position : begin.end()])
            position = begin.end()
            continue
        kept.append(body[position : begin.start()] + b"\n")
        files.append(UuFile(begin.group(1).strip(), content))
        position = end
    kept.append(body[position:])
    return b"".join(kept), files


def _uu_lines(body: bytes, start: int) -> tuple[bytes | None, int]:
    """Return the file that begins at `start` and where the text goes on; None if it is no file."""
    decoded: list[bytes] = []
    position = start
    while position < len(body):
        stop = body.find(b"\n", position)
        stop = len(body) if stop < 0 else stop + 1
        line = body[position:stop].rstrip(b"\r\n")
        position = stop
        if line.strip() == b"end":
            return (b"".join(decoded), stop) if decoded else (None, start)
        if line.strip() in {b"", b"`"}:
            continue
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            length = ((line[0] - 32) & 63) * 4 // 3 + 4
            try:
                decoded.append(binascii.a2b_uu(line[: length + 1]))
            except binascii.Error:
                break
    # Without its end it is kept as text, so that nothing is lost by mistake.
    return None, start
