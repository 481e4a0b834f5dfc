"""Pictures in mails have a width, since Outlook for Windows knows no max-width."""

import struct

import pytest

from core.files import store
from mail.pictures import WIDEST, sized, width_of


def png(width: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, 10) + bytes(5)


def jpeg(width: int, *, before: bytes = b"") -> bytes:
    noted = b"\xff\xe1" + struct.pack(">H", 2 + len(before)) + before
    return b"\xff\xd8" + noted + b"\xff\xff\xc2" + struct.pack(">HBHHB", 17, 8, 10, width, 3) + bytes(12)


def webp(kind: bytes, body: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 100) + b"WEBP" + kind + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("head", "width"),
    [
        (png(1920), 1920),
        (b"GIF89a" + struct.pack("<HH", 320, 200), 320),
        (jpeg(4032), 4032),
        (jpeg(640, before=b"Exif\0\0" + bytes(60_000)), 640),
        (webp(b"VP8X", bytes(4) + (1279).to_bytes(3, "little") + bytes(3)), 1280),
        (webp(b"VP8L", b"\x2f" + (99).to_bytes(4, "little")), 100),
        (webp(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", 800, 600)), 800),
        (png(0), None),
        (png(640)[:14], None),
        (b"GIF89a", None),
        (b"\xff\xd8" + b"\xff\xe0\x00\x00" * 9, None),
        (jpeg(640)[:12], None),
        (webp(b"VP8X", b""), None),
        (webp(b"ALPH", bytes(30)), None),
        (b"<svg width='900'>", None),
        (b"", None),
    ],
)
def test_the_width_stands_in_the_first_bytes(head, width):
    assert width_of(head) == width


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wide", "given", "shown"),
    [
        (320, "", ' width="320"'),
        (1920, "", f' width="{WIDEST}"'),
        (1920, ' width="200" height="100"', ' width="200" height="100"'),
        (1920, ' width="1000" height="500"', f' width="{WIDEST}"'),
        (1920, ' width="50%"', ' width="50%"'),
        (0, "", ""),
    ],
)
def test_a_picture_is_as_wide_as_it_is_and_no_wider_than_the_mail(wide, given, shown):
    html = f'<p>See <img src="cid:one@x" alt="a &quot; width=&quot;9&quot;"{given} loading="lazy"></p>'

    made = sized(html, {"one@x": store([png(wide)])})

    assert sorted(made.split("<img ")[1].split()) == sorted(
        f'src="cid:one@x" alt="a &quot; width=&quot;9&quot;"{shown} loading="lazy"></p>'.split()
    )


def test_what_is_not_there_stays_as_it_was(db):
    html = '<img src="cid:other@x" alt=""><img src="https://example.org/a.png" alt="">'

    assert sized(html, {}) == html
