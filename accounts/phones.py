"""Phone numbers, however they are typed: +49 (30) 1234-567, 0049301234567 and 030/1234567 are one number.

Which digits are the country's is known of the codes that ITU-T E.164 assigns: one digit, two, and for all others three.
"""

import re

# Shorter ones, such as an extension, stand in too many texts for anything but as they were typed.
FEWEST_DIGITS = 6
# By so many of its last digits a database finds what may hold a number.
TAIL = 6

_ONE_DIGIT = frozenset("17")
_TWO_DIGITS = re.compile(r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")
# What stands between two digits: spaces, brackets, slashes, dots, hyphens and dashes.
_BETWEEN = r"[\s()/.\-\u2010-\u2015]{0,3}"
_INTERNATIONAL = rf"\(?(?:\+|00){_BETWEEN}"
_TRUNK = rf"(?:\(?0{_BETWEEN})?"


def pattern_for(phone: str) -> str:
    """Return what finds the number in a text, as a regular expression; "" for what is none, or too short.

    A number that was kept with its country is found without it, and the other way round with any.
    """
    country, national = _split(phone)
    if len(national) < FEWEST_DIGITS:
        return ""
    code = _spread(country) if country else r"[1-9]\d{0,2}"
    # Without a plus a country's digits count only where they are known.
    before = rf"{_INTERNATIONAL}{code}{_BETWEEN}"
    if country:
        before = rf"(?:{_INTERNATIONAL})?{code}{_BETWEEN}"
    return rf"(?<![\w+])(?:{before})?{_TRUNK}{_spread(national)}(?!\d)"


def tail_for(phone: str) -> str:
    """Return a regular expression that every database knows, for what may hold the number; "" as above."""
    _country, national = _split(phone)
    if len(national) < FEWEST_DIGITS:
        return ""
    return "[^0-9A-Za-z]{0,3}".join(national[-TAIL:])


def _split(phone: str) -> tuple[str, str]:
    """Return the digits of the country, "" if it is not said, and those within it, without an extension."""
    main = re.split(r"[xX#*]", phone.strip(), maxsplit=1)[0]
    is_international = main.lstrip(" (").startswith(("+", "00"))
    digits = re.sub(r"\D", "", main.replace("(0)", ""))
    if not is_international:
        return "", digits.lstrip("0")
    digits = digits.lstrip("0")
    length = 1 if digits[:1] in _ONE_DIGIT else 2 if _TWO_DIGITS.match(digits) else 3
    return digits[:length], digits[length:].lstrip("0")


def _spread(digits: str) -> str:
    return _BETWEEN.join(digits)
