"""Thousands of damaged mails: no fault of ours, no lost byte that any charset reads, no work without end."""

import random
import sys

import pytest

from mail.parsing import limits, parse
from tests.mail.parsing.samples import SAMPLES

pytestmark = pytest.mark.once

FEW, MANY = 200, 10_000
WORDS = [b"utf-8", b"--", b"base64", b"\r\n", b"text/plain", b"text/html", b"=", b";", b":", b"=?", b'"', b"<", b">"]
OTHERS = [
    b"",
    b"utf-7",
    b"\0",
    b"\n\n",
    b"quoted-printable",
    b"multipart/mixed",
    b"iso-2022-jp",
    b"\xff\xfe",
    b"utf-16",
]


def test_damaged_mails_are_read(long_run: bool):
    for seed in range(MANY if long_run else FEW):
        raw = mutated(seed)

        calls = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            mail = parse(raw)
        finally:
            sys.setprofile(None)

        texts = (mail.subject, mail.text, mail.html, mail.reply_text, mail.quoted_text, mail.reply_html)
        assert "fault" not in [one.code for one in mail.warnings], seed
        assert calls < 400_000 + 150 * len(raw), seed
        for text in texts:
            text.encode()  # no lone surrogate
            assert "\0" not in text, seed
            assert "\ufffd" not in text, seed
        assert len(mail.to) <= limits.ADDRESSES, seed


def mutated(seed: int) -> bytes:
    """Return one of the samples with some bytes, lines, headers or boundaries changed; the same for a seed always."""
    chance = random.Random(seed)
    raw = bytearray(chance.choice(SAMPLES))
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        if not raw:
            break
        start = chance.randrange(len(raw))
        end = min(len(raw), start + chance.choice([1, 2, 10, 100, 1_000]))
        raw = _changed(raw, start, end, chance)[:500_000]
    return bytes(raw)


def _changed(raw: bytearray, start: int, end: int, chance: random.Random) -> bytearray:
    lines = bytes(raw).split(b"\n")
    match chance.randrange(9):
        case 0:
            raw[start] = chance.randrange(256)
        case 1:
            del raw[start:end]
        case 2:
            raw[start:start] = raw[start:end] * chance.choice([1, 2, 50])
        case 3:
            raw[start:end] = chance.randbytes(end - start)
        case 4:
            return bytearray(bytes(raw).replace(chance.choice(WORDS), chance.choice(OTHERS)))
        case 5:
            chance.shuffle(lines)
            return bytearray(b"\n".join(lines))
        case 6:
            other = chance.choice(SAMPLES)
            cut = chance.randrange(len(other))
            raw[start:start] = other[cut : cut + chance.choice([10, 1_000, 5_000])]
        case 7:
            return raw[:start]
        case 8:
            number = chance.randrange(len(lines))
            lines[number] *= chance.choice([2, 100])
            return bytearray(b"\n".join(lines))
    return raw


def test_the_same_seed_damages_the_same_way():
    assert [mutated(seed) for seed in range(20)] == [mutated(seed) for seed in range(20)]
    assert len({mutated(seed) for seed in range(100)}) > 90


def test_the_samples_are_of_every_kind():
    kinds = (
        b"multipart/report",
        b"ms-tnef",
        b"pkcs7-mime",
        b"PGP SIGNED",
        b"text/calendar",
        b"message/rfc822",
        b"format=flowed",
    )

    assert all(any(kind in sample for sample in SAMPLES) for kind in kinds)
