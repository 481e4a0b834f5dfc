"""Making words of others fit for headers and bodies of mails."""

from core.words import one_line, paragraphs

__all__ = ["one_line", "paragraphs", "quoted"]


def quoted(text: str) -> str:
    """Return text as a quotation in plain text (RFC 3676 section 4.5)."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
