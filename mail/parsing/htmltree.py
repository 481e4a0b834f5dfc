"""HTML of a mail as a tree that nothing can blow up, read by libxml2 (lxml)."""

import re

from lxml import etree

from mail.parsing import limits, remarks
from mail.parsing.remarks import Remarks

_META = re.compile(rb"<meta[^>]{1,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{1,200}?encoding=[\"']([A-Za-z0-9_:.-]{2,40})")
# What a tag is made of, as the parser sees it: a quote counts only after an equals sign.
_TAG_PIECE = re.compile(r"<(?=[A-Za-z])|>|=\s*+\"|=\s*+'|\"|'|[\s/]++")
_SMALL = 6_000  # characters; fewer attributes fit than would hurt

Tree = etree._Element


def charset_of(data: bytes) -> str | None:
    """Return the charset that the HTML itself names, for parts whose header names none."""
    match = _XML.search(data[:1_000]) or _META.search(data[:8_000])
    return match.group(1).decode("ascii") if match else None


def read_html(html: str, notes: Remarks) -> Tree | None:
    """Return the tree, None if nothing is in it or it is built to hurt (which `notes` is told)."""
    if has_endless_tag(html):
        notes.add(remarks.HTML_BROKEN)
        return None
    parser = etree.HTMLParser(
        encoding="utf-8", recover=True, no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = etree.fromstring(html.encode("utf-8", "ignore"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in _last(parser)):
        notes.add(remarks.HTML_BROKEN)
        return None
    return root


def _last(parser: etree.HTMLParser) -> list[etree._LogEntry]:
    error = parser.error_log.last_error
    return [error] if error is not None else []


def has_endless_tag(html: str) -> bool:
    """Return whether a tag has so many attributes that comparing each with each would take long."""
    if len(html) < _SMALL:
        return False
    in_tag, quote, count = False, "", 0
    for match in _TAG_PIECE.finditer(html):
        piece = match.group()
        if quote:
            if piece.endswith(quote):
                quote = ""
        elif not in_tag:
            in_tag, count = piece == "<", 0
        elif piece == ">":
            in_tag = False
        elif piece[0] == "=":
            quote = piece[-1]
        else:
            count += 1
            if count > limits.ATTRIBUTES:
                return True
    return False


def without_tags(html: str) -> str:
    """Return the words of HTML that could not be read as such."""
    found: list[str] = []
    for piece in html.split("<"):
        found.append(piece.partition(">")[2] if found else piece)
    return re.sub(r"\n\s*\n+", "\n\n", " ".join(found)).strip()


_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden", re.IGNORECASE)


def is_hidden(element: Tree) -> bool:
    """Return whether the sender's own style shows this to nobody: preview texts, traps for filters."""
    style = element.get("style")
    return style is not None and _HIDDEN.search(style[:2_000]) is not None
