"""HTML that others wrote, made harmless by allow-list: the one list for mails, and for whatever editor comes.

What is not named here is dropped. Nothing in the result loads from anywhere, runs, sends or covers the page.
"""

from collections.abc import Callable
from urllib.parse import unquote

import nh3

# Raise it when the list changes: stored HTML says by which version it was cleaned.
VERSION = 1

TAGS = frozenset(
    {
        *("p", "div", "span", "br", "hr", "pre", "blockquote", "center"),
        *("h1", "h2", "h3", "h4", "h5", "h6"),
        *("b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "sub", "sup", "small", "big", "mark"),
        *("code", "kbd", "samp", "tt", "q", "cite", "abbr", "address", "bdi", "bdo"),
        *("ul", "ol", "li", "dl", "dt", "dd"),
        *("table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"),
        *("a", "img"),
    }
)

# `data-image` numbers an image whose address is kept elsewhere, so that nothing loads before somebody asks.
ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "data-image"},
    "ol": {"start", "type"},
    "li": {"value"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign", "scope"},
    "tr": {"align", "valign"},
    "col": {"span"},
    "colgroup": {"span"},
    "blockquote": {"type"},
}

# Their words go too: they are not meant for readers.
DROPPED_WITH_CONTENT = frozenset(
    {"script", "style", "title", "head", "noscript", "template", "iframe", "object", "embed", "applet", "svg", "math"}
)

# `cid:` is a file of the same mail; whoever shows the HTML puts its address there, or takes the image out.
SCHEMES = frozenset({"http", "https", "mailto", "tel", "cid"})

LINK_REL = "noopener noreferrer nofollow"

_LARGEST_SPAN = 1_000

# What agents write with: a part of the above, so that what was cleaned by it is clean by that as well.
WRITTEN_TAGS = frozenset(
    {*("p", "br", "hr", "pre", "blockquote", "ul", "ol", "li"), *("strong", "em", "s", "u", "code"), *("a", "img")}
)
WRITTEN_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt", "width", "height"}, "ol": {"start"}}

# What pages of the portal are written with: the same, in parts under headings of their own.
PAGE_TAGS = WRITTEN_TAGS | {"h2", "h3", "h4"}

# Looks of the sender's own, for a page that is nothing but the mail.
_OWN_TAGS = frozenset({"style", "font"})
_OWN_ATTRIBUTES = frozenset({"style", "class", "id", "align", "bgcolor", "color", "face", "size", "width", "height"})


def clean(html: str) -> str:
    """Return the HTML with nothing but what the list allows; of images only those that are `cid:` keep their `src`."""
    return nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags=set(DROPPED_WITH_CONTENT),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_attribute,
        url_schemes=set(SCHEMES),
        link_rel=LINK_REL,
        strip_comments=True,
    )


def clean_written(html: str, image_of: Callable[[str], str | None], *, tags: frozenset[str] = WRITTEN_TAGS) -> str:
    """Return what was written with our editor, or claims to be, with nothing but what that editor knows.

    `image_of` gives the Content-ID for the address of an image, None if that is no image of ours: then its words are
    all that is left, which nothing shows.
    """

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "src":
            content_id = image_of(value)
            return f"cid:{content_id}" if content_id else None
        return _attribute(tag, name, value)

    return nh3.clean(
        html,
        tags=set(tags),
        clean_content_tags=set(DROPPED_WITH_CONTENT),
        attributes={tag: set(names) for tag, names in WRITTEN_ATTRIBUTES.items()},
        attribute_filter=attribute,
        url_schemes=set(SCHEMES - {"cid"}),
        link_rel=LINK_REL,
        strip_comments=True,
    )


def clean_for_frame(html: str, image_of: Callable[[str], str | None]) -> str:
    """Return the HTML with the sender's own looks, for a page of its own under a policy by which nothing loads or runs.

    `image_of` gives the address of an image by its Content-ID, None if there is none.
    """

    def attribute(tag: str, name: str, value: str) -> str | None:
        scheme = value.strip()[:5].lower()
        if name == "src":
            if scheme.startswith("cid:"):
                return image_of(unquote(value.strip()[4:]))
            return value if scheme == "data:" else None
        return None if name == "href" and scheme in {"data:", "cid:"} else value

    return nh3.clean(
        html,
        tags=set(TAGS | _OWN_TAGS),
        clean_content_tags=set(DROPPED_WITH_CONTENT - _OWN_TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()}
        | {"*": set(ATTRIBUTES["*"] | _OWN_ATTRIBUTES)},
        attribute_filter=attribute,
        url_schemes=set(SCHEMES | {"data"}),
        link_rel=LINK_REL,
        strip_comments=True,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if value.strip().lower().startswith("cid:") else None
    if name == "href":
        return None if value.strip().lower().startswith("cid:") else value
    if name in {"width", "height", "colspan", "rowspan", "span", "border", "start", "value", "data-image"}:
        digits = value.strip().removesuffix("px")
        return digits if digits.isascii() and digits.isdigit() and int(digits[:9]) <= _LARGEST_SPAN else None
    return value[:500]
