"""What agents write with the editor: the HTML cleaned, and the text that says the same.

The text is what search finds, what the plain part of a mail says and what quotations are made of. What is formatted in
no way is text alone, as if the editor had not been there.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from core.cleaning import clean_written
from core.plaintext import text_of

# The text within is bounded by tickets.prose.MAX_TEXT; this bounds what is read to find it.
MAX_HTML = 400_000
# An agent who quotes a quotation comes nowhere near; every step costs readers' programs room.
MAX_DEPTH = 24
MAX_TAGS = 10_000

# As the cleaner writes it: values stand in quotes, and there `>` means nothing.
NO_IMAGE = re.compile(r"<img(?:\s(?!src=)[a-z]+=\"[^\"]*\")*+>")
_EMPTY = frozenset({"br", "hr", "img"})


class Unreadable(ValueError):
    """It is nested too deeply, or is hardly anything but tags: no editor wrote it, and no reader could read it."""


@dataclass(frozen=True, slots=True)
class Written:
    """`html` is "" where the text alone says it all; `images` are the Content-IDs of the images it shows."""

    html: str
    text: str
    images: tuple[str, ...] = ()


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str]
    children: "list[_Node | str]" = field(default_factory=list)

    def inside(self) -> "Iterator[_Node]":
        for child in self.children:
            if isinstance(child, _Node):
                yield child
                yield from child.inside()


def read(html: str, image_of: Callable[[str], str | None]) -> Written:
    """Clean what came from the editor, or claims to. Raises Unreadable.

    `image_of` gives the Content-ID for the address of an image, None for what is no image of this entry's.
    """
    if html.count("<") > MAX_TAGS:
        raise Unreadable
    cleaned = NO_IMAGE.sub("", clean_written(html, image_of))
    if len(cleaned) > MAX_HTML:
        # A few tags that nobody closed are repeated for every paragraph.
        raise Unreadable
    tree = _Tree()
    tree.feed(cleaned)
    tree.close()
    inside = list(tree.root.inside())
    if all(_is_plain(node) for node in inside):
        return Written("", re.sub(r"\n{3,}", "\n\n", _plain_text(tree.root)).strip("\n"))
    images = dict.fromkeys(node.attributes["src"].removeprefix("cid:") for node in inside if node.tag == "img")
    return Written(cleaned, text_of(cleaned), tuple(images))


class _Tree(HTMLParser):
    """Reads what the cleaner wrote: every tag is known, and closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Node("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = _Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag in _EMPTY:
            return
        if len(self._open) > MAX_DEPTH:
            raise Unreadable
        self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if len(self._open) > 1 and self._open[-1].tag == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def _is_plain(node: _Node) -> bool:
    """Say whether text shows this just so: paragraphs and lines, and addresses, which become links anyhow."""
    if node.tag == "a":
        return _plain_text(node) in _spellings(node.attributes.get("href", ""))
    return node.tag in {"p", "br"}


def _spellings(address: str) -> set[str]:
    short = address.removeprefix("https://").removeprefix("http://").removeprefix("mailto:").removeprefix("tel:")
    return {address, address.removesuffix("/"), short, short.removesuffix("/")}


def _plain_text(node: _Node) -> str:
    """Return the words as they stand, with all their spaces: logs and tables that were pasted keep their columns."""
    words = ""
    for child in node.children:
        if isinstance(child, str):
            words += child
        elif child.tag == "p":
            words += f"\n\n{_plain_text(child)}\n\n"
        else:
            words += "\n" if child.tag == "br" else _plain_text(child)
    return words
