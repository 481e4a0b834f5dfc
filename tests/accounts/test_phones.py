"""One number is found in every spelling, and others are not."""

import re

import pytest

from accounts import phones

BERLIN = ["+49 (30) 1234-567", "0049301234567", "030/1234567", "+49 (0)30 123 45 67", "(030) 12 34 567", "+49301234567"]
TYPED = [*BERLIN, "0049 30 1234567", "(+49) 30 1234 567", "030.123.4567", "030\u20131234567", "30 1234567"]


@pytest.mark.parametrize("kept", BERLIN)
@pytest.mark.parametrize("typed", TYPED)
def test_a_number_is_found_however_it_is_kept_and_typed(kept: str, typed: str) -> None:
    found = re.search(phones.pattern_for(kept), f"call {typed}, please")

    assert found
    assert found[0] == typed
    assert re.search(phones.tail_for(kept), typed)


@pytest.mark.parametrize(
    ("kept", "typed"),
    [
        ("+49 30 1234567", "49 30 1234567"),
        ("+1 555 123 4567", "(555) 123-4567"),
        ("(555) 123-4567", "+1 555.123.4567"),
        ("+45 3312 9981", "33 12 99 81"),
        ("+420 601 123 456", "601123456"),
        ("+353 1 234 5678", "01 2345678"),
        ("030 123456 x12", "+49 30 123456"),
    ],
)
def test_so_are_numbers_of_other_countries(kept: str, typed: str) -> None:
    found = re.search(phones.pattern_for(kept), f"({typed})")

    assert found
    assert found[0].strip("()") in typed


@pytest.mark.parametrize(
    "text",
    [
        "order 9030123456799",
        "+49 30 1234568",
        "030 123456",
        "A0301234567",
        "2026-11-21 10:30",
        "+49 40 1234567",
        "130 1234567 8",
    ],
)
def test_other_numbers_are_not(text: str) -> None:
    assert not re.search(phones.pattern_for("+49 (30) 1234-567"), text)


@pytest.mark.parametrize("kept", ["", "12", "x", "+49", "030", "00000000"])
def test_what_is_no_number_is_not_looked_for(kept: str) -> None:
    assert phones.pattern_for(kept) == phones.tail_for(kept) == ""


def test_much_text_takes_no_time_of_its_own() -> None:
    """The pattern goes through a text once, however many digits and brackets stand there."""
    pattern = re.compile(phones.pattern_for("+49 (30) 1234-567"))

    assert not pattern.search("(0" * 200_000 + "49 30 " * 200_000 + "+" * 100_000)
