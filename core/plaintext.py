"""HTML of our own list of tags (core.cleaning) as plain text: from one source both ways to read it."""

import re
from html.parser import HTMLParser

BLOCKS = frozenset(
    {
        *("p", "div", "pre", "blockquote", "center", "h1", "h2", "h3", "h4", "h5", "h6", "address", "hr"),
        *("ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "tr"),
    }
)
# These have a blank line before and after them.
APART = frozenset({*("p", "pre", "blockquote", "ul", "ol", "dl", "table", "hr"), *("h1", "h2", "h3", "h4", "h5", "h6")})
# In a list they are not: editors put every item's words into a paragraph.
TIGHT = frozenset({"ul", "ol", "p"})
_SPACE = re.compile(r"[ \t\r\n]+")


def text_of(html: str) -> str:
    """Return what the HTML says: paragraphs apart, lists with marks, quotes behind "> ", links with their address."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = self.preformatted = 0
        # For each list around us how many items it had; bullets count from None.
        self.lists: list[int | None] = []
        self.links: list[tuple[str, int]] = []
        self.wants_gap = self.opening = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in BLOCKS:
            self._break(apart=tag in APART and not (tag in TIGHT and self.lists))
        if tag == "br":
            self._end_line()
        elif tag == "hr":
            self.line.append("-" * 20)
            self._break(apart=True)
        elif tag == "blockquote":
            self._gap()
            self.quotes += 1
            self.opening = True
        elif tag == "pre":
            self.preformatted += 1
        elif tag in {"ul", "ol"}:
            self.lists.append(None if tag == "ul" else 0)
        elif tag == "li":
            self._mark()
        elif tag in {"td", "th"} and self._written():
            self.line.append(" | ")
        elif tag == "a":
            self.links.append((given.get("href") or "", len(self.line)))
        elif tag == "img":
            self._word(given.get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.links:
            href, start = self.links.pop()
            address = href.removeprefix("mailto:").removeprefix("tel:")
            if address and address not in "".join(self.line[start:]):
                self.line.append(f" ({address})" if self._written() else address)
        if tag in BLOCKS and tag != "hr":
            around = len(self.lists) - (tag in {"ul", "ol"})
            self._break(apart=tag in APART and not (tag in TIGHT and around > 0))
        if tag == "blockquote":
            self.quotes = max(self.quotes - 1, 0)
        elif tag == "pre":
            self.preformatted = max(self.preformatted - 1, 0)
        elif tag in {"ul", "ol"} and self.lists:
            self.lists.pop()

    def handle_data(self, data: str) -> None:
        if self.preformatted:
            first, *rest = data.split("\n")
            self.line.append(first)
            for line in rest:
                self._end_line()
                self.line.append(line)
            return
        data = _SPACE.sub(" ", data)
        if data == " " and not self._written():
            return
        self.line.append(data)

    def text(self) -> str:
        if self._written():
            self._end_line()
        return "\n".join(self.lines).strip("\n")

    def _mark(self) -> None:
        indent = "  " * max(len(self.lists) - 1, 0)
        if self.lists and self.lists[-1] is not None:
            self.lists[-1] += 1
            self.line.append(f"{indent}{self.lists[-1]}. ")
        else:
            self.line.append(f"{indent}- ")

    def _word(self, word: str) -> None:
        """Write what stands for an image apart from the words before it."""
        before = "".join(self.line)
        self.line.append(f" {word}" if word and before and not before[-1].isspace() else word)

    def _written(self) -> bool:
        return bool("".join(self.line).strip())

    def _break(self, *, apart: bool) -> None:
        """End the line if something stands in it; what comes next is to stand apart if one of both asks for it."""
        if self._written():
            # Only the mark of an item: its paragraph goes on in the same line.
            if re.fullmatch(r"\s*(?:-|\d+\.) ", "".join(self.line)):
                return
            self._end_line()
        else:
            self.line.clear()
        # A quote begins with its first words.
        self.wants_gap = self.wants_gap or (apart and not self.opening)

    def _end_line(self) -> None:
        told = "".join(self.line)
        told = told.rstrip() if self.preformatted or _is_item(told) else told.strip()
        self.line.clear()
        self._gap()
        self.lines.append(f"{'> ' * self.quotes}{told}".rstrip())
        self.opening = False

    def _gap(self) -> None:
        if self.wants_gap and self.lines:
            self.lines.append(("> " * self.quotes).rstrip())
        self.wants_gap = False


def _is_item(line: str) -> bool:
    return re.match(r"\s*(?:-|\d+\.) ", line) is not None
