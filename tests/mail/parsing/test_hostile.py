"""Mails built to hurt: parsing ends, says what was wrong, and keeps what could be read."""

import base64
import sys
from collections.abc import Callable

import pytest

from mail.parsing import ParsedMail, limits, parse

pytestmark = pytest.mark.once

HEAD = b"From: ada@example.org\nSubject: Engine\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n"
HTML = HEAD + b"Content-Type: text/html\n\n"


def nested(levels: int, type_: bytes = b"multipart/mixed", *, boundary: bytes = b"b%d") -> bytes:
    """Return a multipart in a multipart in a multipart, with a word in the innermost."""
    names = [boundary % level if b"%" in boundary else boundary for level in range(levels)]
    opened = b"".join(b"Content-Type: %s; boundary=%s\n\n--%s\n" % (type_, name, name) for name in names)
    return HEAD + opened + b"Content-Type: text/plain\n\nfound me\n"


# What is built `n` times, and how large the whole is.
HURTING: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "a header of 100,000 characters": (100_000, lambda n: HEAD + b"X-Long: " + b"a" * n + b"\n\nfound me"),
    "encoded words without end": (9_000, lambda n: b"Subject: " + b"=?utf-8?Q?a" * n + b"\n\nfound me"),
    "a million addresses": (
        10**6,
        lambda n: HEAD + b"Cc: " + b",\n ".join(b"u%d@example.org" % one for one in range(n)) + b"\n\nfound me",
    ),
    "a million headers": (10**6, lambda n: HEAD + b"X: y\n" * n + b"\nfound me"),
    "brackets and quotes for addresses": (20_000, lambda n: HEAD + b"To: " + b'(")<,;:' * n + b"\n\nfound me"),
    "comments in comments": (10**6, lambda n: HEAD + b"Cc: " + b"(" * n + b"\n\nfound me"),
    "references without end": (
        30_000,
        lambda n: HEAD + b"References: " + b"<" * n + b"a@" * n + b"\n\nfound me",
    ),
    "parameters without values": (
        30_000,
        lambda n: HEAD + b"Content-Type: text/plain; " + b"abc " * n + b"\n\nfound me",
    ),
    "10,000 levels": (10_000, lambda n: nested(n)),
    "10,000 levels of alternatives": (10_000, lambda n: nested(n, b"multipart/alternative")),
    "10,000 levels of one boundary": (10_000, lambda n: nested(n, boundary=b"same")),
    "5,000 parts": (5_000, lambda n: MIXED + b"--b\n\nfound me\n" * n + b"--b--\n"),
    "100,000 parts": (100_000, lambda n: MIXED + b"--b\n\nfound me\n" * n),
    "a million lines with hyphens": (10**6, lambda n: MIXED + b"--b\n\nfound me\n" + b"--a\n" * n),
    "quotes and answers in turn": (100_000, lambda n: HEAD + b"\nfound me\n" + b"> x\nyes\n" * n),
    "100,000 times On": (100_000, lambda n: HEAD + b"\nfound me\n" + b"On Mon, 5 Jan 2026 at 10:00 x:\n" * n),
    "100,000 times From and Sent": (100_000, lambda n: HEAD + b"\nfound me\n" + b"From: x\nSent: y\n" * n),
    "100,000 signatures": (100_000, lambda n: HEAD + b"\nfound me\n" + b"-- \n" * n),
    "100,000 uuencoded files without end": (100_000, lambda n: HEAD + b"\nfound me\n" + b"begin 644 x\n#0V%T\n" * n),
    "a line of a million hyphens": (10**6, lambda n: HEAD + b"\nfound me\n" + b"-" * n),
    "sent from my and nothing else": (100_000, lambda n: HEAD + b"\nfound me\n" + b"Sent from my " + b"a " * n),
    "100,000 paragraphs": (100_000, lambda n: HTML + b"found me" + b"<p>x" * n),
    "100,000 divisions in each other": (100_000, lambda n: HTML + b"found me" + b"<div>" * n),
    "fonts in each other, and paragraphs": (
        50_000,
        lambda n: HTML + b"found me" + b"".join(b"<font color=%d>" % one for one in range(900)) + b"<p>x" * n,
    ),
    "200,000 attributes": (
        200_000,
        lambda n: HTML + b"found me<a " + b" ".join(b"a%d=1" % one for one in range(n)) + b">x",
    ),
    "200,000 attributes behind a quote": (
        200_000,
        lambda n: HTML + b'found me<a b=">" ' + b" ".join(b"a%d" % one for one in range(n)),
    ),
    "50,000 links in one line": (50_000, lambda n: HTML + b"found me" + b"<a href=http://a.example/>x</a>" * n),
    "50,000 hidden words": (50_000, lambda n: HTML + b"found me" + b"<i style=display:none>x</i>y" * n),
    "Outlook quotes in each other": (
        50_000,
        lambda n: HTML + b"found me" + b'<div style="border-top:solid #e1e1e1">' * 1_900 + b"x<br>" * n,
    ),
    "50,000 quotes": (50_000, lambda n: HTML + b"found me" + b"<blockquote type=cite>x</blockquote>y" * n),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", HURTING)
def test_it_ends_and_keeps_the_words(name: str, long_run: bool):
    size, build = HURTING[name]
    raw = build(size if long_run else size // 50)

    mail, calls = counted(raw)

    assert "found me" in mail.text
    assert "fault" not in [one.code for one in mail.warnings]
    # The lines that are searched for quotes are limited; each may cost a hundred calls.
    assert calls < 3_000_000 + 40 * len(raw)


@pytest.mark.parametrize("name", HURTING)
def test_twice_as_much_is_twice_the_work(name: str):
    size, build = HURTING[name]
    small = size // 200

    once, twice = counted(build(small))[1], counted(build(small * 2))[1]

    assert twice < once * 2.3 + 5_000


def counted(raw: bytes) -> tuple[ParsedMail, int]:
    """Return the mail, and how many calls reading it took: the same on a fast machine and on a busy one."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        mail = parse(raw)
    finally:
        sys.setprofile(None)
    return mail, calls


def test_fifty_megabytes_keep_text_and_file(long_run: bool):
    size = 37_000_000 if long_run else 2_000_000
    content = bytes(range(256)) * (size // 256)
    raw = (
        MIXED
        + b"--b\n\nfound me\n--b\nContent-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(content)
        + b"--b--\n"
    )

    mail, calls = counted(raw)

    assert mail.text == "found me"
    assert mail.attachments[0].content == content
    assert calls < 10_000


def test_text_without_end_is_cut():
    mail = parse(HEAD + b"\n" + b"word " * limits.TEXT)

    assert len(mail.text) <= limits.TEXT
    assert [one.code for one in mail.warnings] == ["text_cut"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0",
        b"\0" * 1_000,
        b"\xed\xa0\x80",
        b"\xff" * 100,
        b"\n" * 100,
        b"\r\r\r",
        b":",
        b"From",
        b"--\n--",
        b" \n \n",
    ],
    ids=lambda raw: repr(raw)[:20],
)
def test_nothing_like_a_mail_is_still_read(raw: bytes):
    mail = parse(raw)

    mail.text.encode()  # no lone surrogate
    assert "\0" not in mail.text
    assert "\ufffd" not in mail.text
    assert mail.warnings
