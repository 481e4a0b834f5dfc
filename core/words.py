"""Making words of others fit for one line and for a body."""

import unicodedata

# Zero-width joiners hold emoji and some scripts together; all other format characters, the ones
# that turn the writing direction among them, only help to deceive in a header.
JOINERS = {"\u200c", "\u200d"}
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def one_line(text: str, limit: int = 150) -> str:
    """Return text for a header or heading: one line, nothing invisible, cut at `limit` characters."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(c if c in JOINERS or unicodedata.category(c) not in HIDDEN else " " * c.isspace() for c in text)
    # What looks like an encoded word (RFC 2047) would be decoded by the reader's program, line ends and all.
    return _cut(" ".join(text.split()).replace("=?", "= ?"), limit)


def paragraphs(text: str, limit: int) -> str:
    """Return text for a body: no control characters but line ends and tabs, cut at `limit` characters."""
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    return _cut(kept.strip("\n").rstrip(), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
