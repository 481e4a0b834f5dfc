"""The HTML of a mail made fit to show: cleaned by the shared allow-list, nothing loading before somebody asks."""

import re

from lxml import etree

from core import cleaning
from mail.parsing.htmltext import Line
from mail.parsing.htmltree import Tree, is_hidden

_REMOTE = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)
_MOST_IMAGES = 500


def block_images(root: Tree) -> tuple[str, ...]:
    """Return the addresses of remote images; in the tree, `data-image` numbers them in the place of `src`."""
    known: dict[str, int] = {}
    for element in root.iter("img"):
        if not is_hidden(element):
            _block(element, known)
    return tuple(known)


def clean_tree(root: Tree, *, without: frozenset[Tree] | set[Tree] = frozenset()) -> str:
    """Return the cleaned HTML of a tree in which images are blocked.

    `without` is left out. The tree is changed: what is hidden goes.
    """
    gone = [element for element in root.iter() if element in without or is_hidden(element)]
    for element in gone:
        # Emptied, not taken out: moving the text behind it takes ever longer among many.
        tail = element.tail
        element.clear()
        element.tag, element.tail = "span", tail
    body = root.find("body")
    return cleaning.clean(etree.tostring(body if body is not None else root, method="html", encoding="unicode")).strip()


def _block(element: Tree, known: dict[str, int]) -> None:
    source = element.get("src") or ""
    element.attrib.pop("data-image", "")
    if not _REMOTE.match(source):
        return
    address = source.strip()
    element.attrib.pop("src")
    if len(address) > 2_000 or (address not in known and len(known) >= _MOST_IMAGES):
        return
    element.set("data-image", str(known.setdefault(address, len(known))))


def cut_from(line: Line) -> None:
    """Take the line and everything behind it out of its tree."""
    current: Tree | None = line.element
    if current is not None and not line.is_tail:
        current.text = None
        for child in list(current):
            current.remove(child)
    while current is not None:
        current.tail = None
        parent = current.getparent()
        if parent is not None:
            for sibling in list(current.itersiblings()):
                parent.remove(sibling)
        current = parent
