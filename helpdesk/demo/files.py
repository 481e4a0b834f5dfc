"""Small files for the demo's tickets, made in code: a picture of blocks, a table of numbers."""

import random
import struct
import zlib

from core.files import store
from core.models import NewFile

WIDTH, HEIGHT, BLOCK = 480, 270, 30


def make(name: str) -> NewFile:
    """Store the file of that name and return it; the same name gives the same bytes."""
    kind = {"png": "image/png", "csv": "application/octet-stream"}[name.rpartition(".")[2]]
    content = _picture(name) if kind == "image/png" else _table(name)
    return NewFile(blob=store([content]), name=name, content_type=kind)


def _picture(name: str) -> bytes:
    """Return a PNG (RFC 2083): a window with a bar and rows of grey words, as a screenshot looks from afar."""
    chance = random.Random(name)  # noqa: S311  # nothing secret
    page, bar, ink = (246, 248, 249), (11, 102, 128), (196, 206, 212)
    widths = [chance.randint(3, 14) for _ in range(HEIGHT // BLOCK)]
    rows = []
    for y in range(HEIGHT):
        band = y // BLOCK
        is_text = band > 0 and 8 < y % BLOCK < 20
        written = widths[band] * BLOCK if is_text else 0
        colours = (bar if band == 0 else ink if BLOCK <= x < written else page for x in range(WIDTH))
        rows.append(b"\0" + bytes(value for colour in colours for value in colour))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(rows), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _table(name: str) -> bytes:
    chance = random.Random(name)  # noqa: S311  # nothing secret
    lines = [
        f"{8 + i // 6:02}:{i % 6}0,{chance.choice(['ok', 'ok', 'ok', 'failed'])},{chance.randint(4, 900)}"
        for i in range(40)
    ]
    return "\r\n".join(["time,result,milliseconds", *lines, ""]).encode()
