"""What mail programs mark as quoted in HTML: containers, and signs behind which everything is quoted."""

import re
from itertools import islice

from lxml import etree

from mail.parsing.htmltext import as_text, beginning, render
from mail.parsing.htmltree import Tree
from mail.parsing.quotes import introduces
from mail.parsing.wordlists import words

_CONTAINER_CLASSES = frozenset(
    words(
        """
        gmail_quote | gmail_quote_container | yahoo_quoted | protonmail_quote | tutanota_quote | zmail_extra |
        sh-quoted-content | front-blockquote | missive_quote | ntes-mailmaster-quote | mailbird-quote |
        ms-outlook-mobile-reference-message | hs_reply | airmail_quote | mail-quote-collapse
        """
    )
)
_CONTAINER_IDS = frozenset(
    words("olk_src_body_section | mail-editor-reference-message-container | isreplycontent | replybody | v1replybody")
)
_CONTAINER_NAMES = frozenset({"quote", "messagereplysection"})
_MARKER_IDS = frozenset(words("divrplyfwdmsg | appendonsend | stopspelling | zwchr | orimsghtmlseperator"))
# The last one is our own line to answer above (templates/mail/base.html).
_MARKER_CLASSES = frozenset({"outlookmessageheader", "answer-above"})
_INTRODUCTION_CLASSES = frozenset(words("moz-cite-prefix | gmail_attr"))
_CITE_CLASSES = frozenset(words("gmail_quote | cite | cite2 | protonmail_quote | tutanota_quote | iosymail"))
_OUTLOOK_BORDER = re.compile(r"border-top\s*:\s*solid\s+#(?:e1e1e1|b5c4df)", re.IGNORECASE)
_MOST_FOUND = 200
_MOST_TRIED = 30  # elements that only their words can tell
_MOST_PIECES = 50  # of text, looked at to see whether there is any


def find_quotes(root: Tree) -> set[Tree]:
    """Return the elements that are quoted; none if answers stand between or within them.

    Text that has no element of its own may get one.
    """
    found: list[Tree] = []
    inside: Tree | None = None
    tried = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            if element is inside:
                inside = None
            continue
        if inside is not None or not isinstance(element.tag, str):
            continue
        if _is_container(element):
            found.append(element)
            inside = element
        elif _is_marker(element) or (
            _has_outlook_border(element) and (tried := tried + 1) < _MOST_TRIED and introduces(beginning(element))
        ):
            found.extend(_from_here_on(element, root))
            break
        if len(found) > _MOST_FOUND:
            return set()
    if not found:
        return set()
    quoted = {element for one in found for element in (one, *_introduction_before(one))}
    return set() if _is_answered_between(root, found, quoted) else quoted


def quoted_text(root: Tree, quotes: set[Tree]) -> str:
    """Return the text of what is quoted, in its order on the page."""
    found: list[str] = []
    inside: Tree | None = None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            inside = None if element is inside else inside
        elif inside is None and element in quotes:
            inside = element
            found.append(as_text(render(element)))
    return "\n".join(text for text in found if text.strip())


def _names(element: Tree) -> tuple[set[str], str]:
    classes = set((element.get("class") or "").lower()[:500].replace("x_", "").split())
    return classes, (element.get("id") or "").lower()[:100].removeprefix("x_")


def _is_container(element: Tree) -> bool:
    classes, identity = _names(element)
    if element.tag == "blockquote":
        return element.get("type") == "cite" or bool(classes & _CITE_CLASSES)
    if classes & _CONTAINER_CLASSES:
        return not _is_forwarded(element) and not _has_answers(element)
    name = (element.get("name") or "").lower()
    return (
        identity in _CONTAINER_IDS or name in _CONTAINER_NAMES or identity.startswith(("yahoo_quoted", "ymail_quoted"))
    )


def _is_marker(element: Tree) -> bool:
    classes, identity = _names(element)
    return identity in _MARKER_IDS or bool(classes & _MARKER_CLASSES)


def _has_outlook_border(element: Tree) -> bool:
    """Return whether the element has the thin line that Outlook draws above the headers of what it quotes."""
    style = element.get("style") if element.tag == "div" else None
    return style is not None and _OUTLOOK_BORDER.search(style[:1_000]) is not None


def _is_forwarded(element: Tree) -> bool:
    start = _words(element)[:200].strip()
    return start.startswith("------") and ("orward" in start or "Fwd" in start)


def _has_answers(element: Tree) -> bool:
    """Return whether somebody wrote between the quotes within the container."""
    quotes = 0
    for child in element:
        if child.tag == "blockquote":
            quotes += 1
            if quotes and (child.tail or "").strip():
                return True
        elif quotes and isinstance(child.tag, str) and _words(child).strip():
            return True
    return False


def _from_here_on(element: Tree, root: Tree) -> list[Tree]:
    """Return the element and everything behind it, and a rule directly before it."""
    found = [element]
    before = element.getprevious()
    if before is not None and before.tag == "hr" and not (before.tail or "").strip():
        found.append(before)
    current: Tree | None = element
    while current is not None and current is not root:
        following = [sibling for sibling in current.itersiblings() if isinstance(sibling.tag, str)]
        found.extend(following)
        found.extend(span for one in (current, *following) if (span := _tail_as_element(one)) is not None)
        current = current.getparent()
    return found


def _tail_as_element(element: Tree) -> Tree | None:
    """Put the text behind an element into one of its own, so that it can be left out as others are."""
    if not (element.tail or "").strip() or element.getparent() is None:
        return None
    span = etree.Element("span")
    span.text, element.tail = element.tail, None
    element.addnext(span)
    return span


def _introduction_before(element: Tree) -> list[Tree]:
    """Return the "On …, Ada wrote:" that stands before a quote, if it is an element by itself."""
    current = element
    for _ in range(3):
        before = current.getprevious()
        while before is not None and before.tag == "br" and not (before.tail or "").strip():
            before = before.getprevious()
        if before is not None:
            classes, _identity = _names(before)
            if (before.tail or "").strip():
                return []
            said = beginning(before).strip()
            is_introduction = bool(classes & _INTRODUCTION_CLASSES) or introduces(said)
            return [before] if is_introduction and len(said) < 600 else []
        parent = current.getparent()
        if parent is None or (parent.text or "").strip() or parent.tag == "body":
            return []
        current = parent
    return []


def _is_answered_between(root: Tree, found: list[Tree], quoted: set[Tree]) -> bool:
    """Return whether new words stand between two quotes."""
    if len(found) < 2:
        return False
    first_seen, words_since, depth_in = False, False, None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if depth_in is not None:
            if event == "end" and element is depth_in:
                depth_in = None
                words_since = words_since or bool((element.tail or "").strip())
            continue
        if event == "start":
            if element in quoted:
                if first_seen and words_since and element in found:
                    return True
                first_seen = first_seen or element in found
                words_since = False if not first_seen else words_since
                depth_in = element
            elif first_seen and isinstance(element.tag, str) and (element.text or "").strip():
                words_since = True
        elif first_seen and (element.tail or "").strip():
            words_since = True
    return False


def _words(element: Tree) -> str:
    return "".join(str(piece) for piece in islice(element.itertext(), _MOST_PIECES))
