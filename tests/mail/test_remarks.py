"""Remarks on mails: each code has a plain sentence."""

import re

import pytest

from mail.models import Remark
from mail.parsing import remarks as codes
from mail.remarks import MINOR, SENTENCES, sentence, told

CODES = sorted(value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)) + [
    str(remark) for remark in Remark
]


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_sentence(code: str) -> None:
    words = sentence(code, {"name": "Subject", "count": "2", "kept": "9"})

    assert words.endswith((".", "…"))
    assert "unusual" not in words
    assert "%" not in words


def test_no_sentence_is_for_a_code_that_is_none() -> None:
    assert len(CODES) > 40
    assert {str(code) for code in SENTENCES} == set(CODES)
    assert set(CODES) >= MINOR


def test_what_a_sentence_names_is_in_it() -> None:
    assert "koi8-x" in sentence(codes.CHARSET_UNKNOWN, {"charset": "koi8-x", "used": "utf-8"})
    assert "(3)" in sentence(Remark.FILES_LEFT_OUT, {"count": "3"})


def test_what_is_missing_is_left_open_and_what_is_new_is_named() -> None:
    assert "…" in sentence(codes.HEADER_CUT, {})
    assert "from_the_future" in sentence("from_the_future", {})


def test_trifles_are_told_only_when_asked_for() -> None:
    found = [("bad_date", {}), ("stranger_quoted", {"ticket": "123456"})]

    assert [one.ticket for one in told(found)] == ["123456"]
    assert len(told(found, with_minor=True)) == 2
    assert not any(re.search("123456", one.sentence) for one in told(found))
