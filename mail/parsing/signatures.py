"""Signatures below what somebody wrote: behind "-- ", "Sent from my …", footers of mailing lists, PGP's frame."""

import re

from mail.parsing import quotewords as words

_DELIMITER = re.compile(r"^(?:-- ?|—|–-|-­-|--\xa0)$")
_SENT_FROM = re.compile(
    r"^[\s*_>\[\-\u200e\u200f\u202a-\u202e]{0,10}" + words.SENT_FROM + r"[\s*_\]\-.!\u202c]{0,10}$", re.IGNORECASE
)
_DASH_NAME = re.compile(r"^-{1,2} ?[A-Z][\w'’.-]{0,30}(?: [A-Z][\w'’.-]{0,30}){0,2}$")
_LIST_RULE = re.compile(r"^_{20,}\s*$")
_MOST_SIGNATURE = 25  # lines; what is longer is no signature unless the delimiter is the standard's
_MOST_SENT_FROM = 3

_ARMOUR = "-----BEGIN PGP SIGNED MESSAGE-----"
_ARMOUR_END = "-----BEGIN PGP SIGNATURE-----"


def without_signature(text: str, *, may_be_empty: bool = False) -> str:
    """Return the text without its signature; the text itself if nothing would be left, unless that is allowed."""
    lines = text.split("\n")
    kept = _before_list_footer(lines)
    kept = _before_delimiter(kept)
    kept = _before_sent_from(kept)
    if len(kept) > 2 and not kept[-2].strip() and _DASH_NAME.match(kept[-1].strip()):
        kept = kept[:-1]
    found = "\n".join(kept).rstrip()
    return found if found.strip() or may_be_empty else text


def _before_delimiter(lines: list[str]) -> list[str]:
    """Return the lines above the topmost delimiter that has few enough lines below it."""
    found = len(lines)
    below = 0
    for number in range(len(lines) - 1, -1, -1):
        if _DELIMITER.match(lines[number].rstrip("\r\t")):
            found = number
        elif lines[number].strip():
            below += 1
            if below > _MOST_SIGNATURE:
                break
    return lines[:found]


def _before_sent_from(lines: list[str]) -> list[str]:
    kept = list(lines)
    for _ in range(_MOST_SENT_FROM):
        while kept and not kept[-1].strip():
            kept.pop()
        if not kept or len(kept[-1]) > 160 or not _SENT_FROM.match(kept[-1].strip()):
            break
        kept.pop()
    return kept


def _before_list_footer(lines: list[str]) -> list[str]:
    """Return the lines above what Mailman and its like put below every mail."""
    for number in range(max(0, len(lines) - 12), len(lines)):
        if _LIST_RULE.match(lines[number]):
            below = " ".join(lines[number + 1 :]).lower()
            if "mailing list" in below or "listinfo" in below or "unsubscribe" in below:
                return lines[:number]
    return lines


def without_armour(text: str) -> str:
    """Return what stands within PGP's signature (RFC 9580 section 7), dashes unescaped; else the text itself."""
    start = text.find(_ARMOUR)
    if start < 0 or (end := text.find(_ARMOUR_END, start)) < 0:
        return text
    _, _, inside = text[start:end].partition("\n\n")
    behind = text[end:].partition("-----END PGP SIGNATURE-----")[2]
    lines = [line.removeprefix("- ") if line.startswith("- -") else line for line in inside.split("\n")]
    return (text[:start] + "\n".join(lines) + behind).strip("\n")
