"""HTML as text: paragraphs, lists, links with their address, rows of tables, quotes behind "> "."""

import re
from dataclasses import dataclass, field
from itertools import islice

from lxml import etree

from mail.parsing.htmltree import Tree, is_hidden
from mail.parsing.wordlists import words

_BLOCKS = frozenset(
    words(
        """
        p | div | h1 | h2 | h3 | h4 | h5 | h6 | ul | ol | li | dl | dt | dd | table | tr | blockquote | pre | hr |
        address | article | section | header | footer | aside | main | nav | form | fieldset | center | caption |
        body | figure | figcaption | thead | tbody | tfoot | details | summary
        """
    )
)
_WITH_MARGIN = frozenset(words("p | h1 | h2 | h3 | h4 | h5 | h6 | ul | ol | dl | table | blockquote | pre | figure"))
_UNSHOWN = frozenset(
    words(
        """
        head | script | style | title | template | noscript | object | embed | iframe | applet | svg | math | select |
        textarea | audio | video | map | meta | link
        """
    )
)
_SPACE = re.compile(r"[ \t\r\n]+")
_MOST_INDENT = 8
_MOST_QUOTES = 30
_BEGINNING = 60  # elements


@dataclass(slots=True)
class Line:
    """One line, how deep it is quoted, and where it begins: in an element, or in the text behind it (`is_tail`)."""

    text: str
    depth: int
    element: Tree
    is_tail: bool = False


@dataclass(slots=True)
class _Page:
    lines: list[Line] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    first: Tree | None = None
    first_is_tail: bool = False
    wants_gap: bool = False
    depth: int = 0
    preformatted: int = 0
    lists: list[int] = field(default_factory=list)  # 0: bullets, else the next number
    marker: str = ""

    def write(self, text: str, element: Tree, *, is_tail: bool = False) -> None:
        if not self.preformatted:
            text = _SPACE.sub(" ", text)
            if not self.current or self.current[-1].endswith((" ", "\t")):
                text = text.removeprefix(" ")
            if not text:
                return
            self._append(text, element, is_tail)
            return
        for number, line in enumerate(text.replace("\r\n", "\n").split("\n")):
            if number:
                self.end_line(element)
            if line:
                self._append(line, element, is_tail)

    def _append(self, text: str, element: Tree, is_tail: bool) -> None:
        if not self.current:
            self.first, self.first_is_tail = element, is_tail
            if self.marker:
                self.current.append(self.marker)
                self.marker = ""
        self.current.append(text)

    def end_line(self, element: Tree, *, always: bool = True) -> None:
        """Finish the line; an empty one counts if `always`."""
        if not self.current and not always:
            return
        if self.wants_gap and self.lines and (self.lines[-1].text or self.lines[-1].depth != self.depth):
            self.lines.append(Line("", min(self.depth, self.lines[-1].depth), element))
        self.wants_gap = False
        indent = "  " * max(0, min(len(self.lists) - 1, _MOST_INDENT)) if self.lists else ""
        text = "".join(self.current).replace("\xa0", " ").replace("\u200b", "").replace("\ufeff", "").rstrip()
        start = self.first if self.first is not None else element
        self.lines.append(Line(indent + text if text else "", self.depth, start, self.first_is_tail))
        self.current.clear()
        self.first, self.first_is_tail = None, False


def beginning(root: Tree) -> str:
    """Return the first lines of an element as text: enough to tell what it is, however much is in it."""
    return as_text(render(root, most=_BEGINNING))


def render(root: Tree, *, without: frozenset[Tree] | set[Tree] = frozenset(), most: int | None = None) -> list[Line]:
    """Return the lines of the page, leaving out elements `without` and what nobody sees; of `most` elements."""
    page = _Page()
    skipped: Tree | None = None
    links: list[tuple[Tree, int]] = []
    for event, element in islice(etree.iterwalk(root, events=("start", "end")), most and most * 2):
        tag = element.tag if isinstance(element.tag, str) else ""
        if skipped is not None:
            if event == "end" and element is skipped:
                skipped = None
                _tail(page, element)
            continue
        if event == "start":
            if tag in _UNSHOWN or not tag or element in without or is_hidden(element):
                skipped = element
                continue
            _open(page, element, tag, links)
            if element.text:
                page.write(element.text, element)
        else:
            _close(page, element, tag, links)
            if element is not root:
                _tail(page, element)
    page.end_line(root, always=False)
    return _trimmed(page.lines)


def _tail(page: _Page, element: Tree) -> None:
    if element.tail:
        page.write(element.tail, element, is_tail=True)


def _open(page: _Page, element: Tree, tag: str, links: list[tuple[Tree, int]]) -> None:
    if tag in _BLOCKS:
        page.end_line(element, always=False)
        page.wants_gap = page.wants_gap or _has_margin(element, tag)
    if tag == "br":
        page.end_line(element)
    elif tag == "hr":
        page.write("-" * 20, element)
        page.end_line(element)
    elif tag == "blockquote" and not _is_indent(element):
        page.depth = min(page.depth + 1, _MOST_QUOTES)
    elif tag == "pre":
        page.preformatted += 1
    elif tag in {"ul", "ol"}:
        page.lists.append(_start(element) if tag == "ol" else 0)
        if len(page.lists) > 1:
            page.wants_gap = False
    elif tag == "li":
        page.marker = "- "
        if page.lists and page.lists[-1]:
            page.marker = f"{page.lists[-1]}. "
            page.lists[-1] += 1
    elif tag in {"td", "th"}:
        if page.current:
            page.write("\t", element) if page.preformatted else page.current.append("\t")
    elif tag == "img" and (description := (element.get("alt") or "").strip()):
        page.write(f"[{description}]", element)
    elif tag == "a":
        links.append((element, len(page.current)))


def _close(page: _Page, element: Tree, tag: str, links: list[tuple[Tree, int]]) -> None:
    if tag == "a" and links and links[-1][0] is element:
        _, start = links.pop()
        _write_address(page, element, "".join(page.current[start:]))
    elif tag in {"td", "th"}:
        page.wants_gap = False
    if tag in _BLOCKS:
        page.end_line(element, always=False)
        page.wants_gap = page.wants_gap or _has_margin(element, tag)
    if tag == "blockquote" and not _is_indent(element):
        page.depth = max(0, page.depth - 1)
    elif tag == "pre":
        page.preformatted = max(0, page.preformatted - 1)
    elif tag in {"ul", "ol"} and page.lists:
        page.lists.pop()
    elif tag == "li":
        page.marker = ""


def _write_address(page: _Page, element: Tree, label: str) -> None:
    """Put a link's address behind its words unless they say it already."""
    address = (element.get("href") or "").strip()
    if not address.lower().startswith(("http://", "https://", "mailto:", "tel:")) or not label.strip():
        return
    bare = re.sub(r"^(https?://(www\.)?|mailto:|tel:)", "", address, flags=re.IGNORECASE).rstrip("/")
    if bare.split("?")[0].lower() in label.lower().replace(" ", "") or len(address) > 2_000:
        return
    trailing = page.current[-1].endswith(" ")
    page.current.append(("" if trailing else " ") + f"<{address}>")


def _has_margin(element: Tree, tag: str) -> bool:
    if tag not in _WITH_MARGIN:
        return False
    if tag == "p":
        style = (element.get("style") or "").replace(" ", "").lower()
        return not ((element.get("class") or "").startswith("Mso") or "margin:0" in style or "margin-bottom:0" in style)
    return True


def _is_indent(element: Tree) -> bool:
    """Return whether a blockquote is how an editor moves a paragraph to the right."""
    style = (element.get("style") or "").replace(" ", "").lower()
    return element.get("type") != "cite" and "border:none" in style and "margin:00040px" in style


def _start(element: Tree) -> int:
    start = element.get("start") or ""
    return int(start) if start.isascii() and start.isdigit() and 0 < len(start) < 7 else 1


def _trimmed(lines: list[Line]) -> list[Line]:
    """Return the lines without empty ones at both ends, and never more than two empty ones in a row."""
    found: list[Line] = []
    empty = 0
    for line in lines:
        empty = 0 if line.text else empty + 1
        if empty <= 2 and (line.text or found):
            found.append(line)
    while found and not found[-1].text:
        found.pop()
    return found


def as_text(lines: list[Line]) -> str:
    return "\n".join(("> " * line.depth + line.text).rstrip() if line.depth else line.text for line in lines)
