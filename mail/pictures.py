"""How wide the pictures of a mail are: Outlook for Windows shows them with Word, which goes by the attribute alone.

Without one it shows a screenshot in its full size and pulls the mail apart; it knows no max-width.
"""

import re
from collections.abc import Mapping
from html import unescape

from django.utils.safestring import SafeString, mark_safe

from core.files import open_blob
from core.models import Blob

# What a mail's card has room for: 600 px without its edges (templates/mail/frame.html).
WIDEST = 550
# A JPEG may begin with a preview and what the camera noted.
HEAD = 256 * 1024

_PICTURE = re.compile(r'<img src="cid:([^"]+)"([^>]*)>')
_WIDTH = re.compile(r' width="([0-9]{1,5})"')
_HEIGHT = re.compile(r' height="[^"]*"')
# Those of JPEG's frame headers that tell the size (ITU T.81, table B.1): all of SOF but DHT, JPG, DAC.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def sized(html: str, blobs: Mapping[str, Blob]) -> SafeString:
    """Return the HTML with a width at each picture of the mail, in px: its own, or as much as there is room for.

    `blobs` are the pictures by content id. A width that says less stays. A height goes where the width changes, so that
    the picture keeps its shape.
    """

    def with_width(tag: re.Match[str]) -> str:
        source, rest = tag[1], tag[2]
        given = _WIDTH.search(rest)
        if given is None and ' width="' in rest:
            return tag[0]  # a share of the room
        blob = blobs.get(unescape(source))
        wide = int(given[1]) if given else (width_of(_head(blob)) if blob else None)
        if not wide or (given and wide <= WIDEST):
            return tag[0]
        rest = _HEIGHT.sub("", _WIDTH.sub("", rest))
        return f'<img src="cid:{source}" width="{min(wide, WIDEST)}"{rest}>'

    return mark_safe(_PICTURE.sub(with_width, html))  # noqa: S308 - safe as it came, but for numbers


def width_of(head: bytes) -> int | None:
    """Return the width of a PNG, GIF, WebP or JPEG by how it begins; None where that cannot be read."""
    if head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR":
        return int.from_bytes(head[16:20], "big") or None
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return int.from_bytes(head[6:8], "little") or None
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _width_of_webp(head)
    if head[:2] == b"\xff\xd8":
        return _width_of_jpeg(head)
    return None


def _width_of_webp(head: bytes) -> int | None:
    """By the kind of its first chunk (RFC 9649)."""
    match head[12:16]:
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1 if len(head) >= 27 else None
        case b"VP8L":
            return (int.from_bytes(head[21:23], "little") & 0x3FFF) + 1 if len(head) >= 23 else None
        case b"VP8 ":
            return int.from_bytes(head[26:28], "little") & 0x3FFF or None
    return None


def _width_of_jpeg(head: bytes) -> int | None:
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:
        marker = head[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
        elif marker in _FRAMES:
            return int.from_bytes(head[place + 7 : place + 9], "big") or None
        else:
            place += 2 + max(2, int.from_bytes(head[place + 2 : place + 4], "big"))
    return None


def _head(blob: Blob) -> bytes:
    try:
        with open_blob(blob) as file:
            return file.read(HEAD)
    except OSError:
        return b""
