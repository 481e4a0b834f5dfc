"""Message-IDs (RFC 5322 section 3.6.4), always in angle brackets here, and told apart however they are written."""

import re

from mail.parsing import limits

_IN_BRACKETS = re.compile(r"<\s*([^<>\s]{1,900}(?:\s[^<>\s@]{1,300})?)\s*>")
_BARE = re.compile(r"(?<![^\s<>,;\"()@])[^\s<>,;\"()@]++@[^\s<>,;\"()]{1,300}")


def message_ids(value: str, *, most: int = limits.REFERENCES) -> tuple[str, ...]:
    """Return the ids of a header in order, each once; of very many the first and the newest."""
    found = ["<" + "".join(match.split()) + ">" for match in _IN_BRACKETS.findall(value)]
    if not found:
        found = [f"<{match}>" for match in _BARE.findall(value)]
    unique = list(dict.fromkeys(found))
    if len(unique) > most:
        unique = [unique[0], *unique[-most + 1 :]]
    return tuple(unique)


def message_id(value: str) -> str | None:
    """Return the one id that a header names, also without `@` or brackets; None if there is none."""
    found = message_ids(value)
    if found:
        with_at = [one for one in found if "@" in one]
        return (with_at or list(found))[0]
    word = value.strip().strip("<>").strip()
    return f"<{word}>" if word and not re.search(r"\s", word) and len(word) <= 900 else None
