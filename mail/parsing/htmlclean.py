"""The HTML of a mail made fit to show: cleaned by the shared allow-list, nothing loading before somebody asks."""

import re

from lxml import etree

from core import cleaning
from mail.parsing.htmltext import Line
from mail.parsing.htmltree import Tree, is_hidden

_REMOTE = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)
_MOST_IMAGES = 500


def clean_tree(root: Tree, images: list[str], *, without: frozenset[Tree] | set[Tree] = frozenset()) -> str:
    """Return the cleaned HTML. Addresses of remote images are appended to `images`, and numbered in `data-image`.

    `without` is left out. The tree is changed: what is hidden goes, and attributes that nobody allowed.
    """
    known = {address: number for number, address in enumerate(images)}
    gone: list[Tree] = []
    for element in root.iter():
        if element in without or is_hidden(element):
            gone.append(element)
        elif element.tag == "img":
            _block(element, images, known)
    for element in gone:
        # Emptied, not taken out: moving the text behind it takes ever longer among many.
        tail = element.tail
        element.clear()
        element.tag, element.tail = "span", tail
    body = root.find("body")
    return cleaning.clean(etree.tostring(body if body is not None else root, method="html", encoding="unicode")).strip()


def _block(element: Tree, images: list[str], known: dict[str, int]) -> None:
    source = element.get("src") or ""
    element.attrib.pop("data-image", "")
    if not _REMOTE.match(source):
        return
    address = source.strip()
    element.attrib.pop("src")
    if len(address) > 2_000 or (address not in known and len(images) >= _MOST_IMAGES):
        return
    if address not in known:
        known[address] = len(images)
        images.append(address)
    element.set("data-image", str(known[address]))


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
