"""What people write: how long it may be, and how pages show it. The same at the desk and in the portal."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import unquote

from django.utils.html import format_html, linebreaks, urlize
from django.utils.safestring import SafeString, mark_safe

from core.uploads import IMAGE_TYPES
from tickets.models import Attachment, ThreadEntry

# Longer words go into a file: databases, mails and readers stop taking them.
MAX_TEXT = 100_000
LONGEST_QUOTATION = 20_000


class ShownFile(Protocol):
    """A file that HTML shows by its id."""

    @property
    def pk(self) -> Any: ...
    @property
    def content_id(self) -> Any: ...
    @property
    def content_type(self) -> Any: ...


File = TypeVar("File", bound=ShownFile)

# A tag as the cleaner writes it: its values stand in quotes, and within them `<` and `>` mean nothing.
_TAG = re.compile(r"<[a-z/](?:[^\">]|\"[^\"]*\")*+>")
_ATTRIBUTE = re.compile(r"([a-z-]+)=\"([^\"]*)\"")


@dataclass(frozen=True, slots=True)
class Body:
    """What was written, ready to be shown.

    `in_place` are the keys of the files that the HTML itself shows, `blocked` counts the images from elsewhere that it
    does not load.
    """

    html: SafeString
    in_place: frozenset[int] = frozenset()
    blocked: int = 0


def body_of(
    entry: ThreadEntry,
    *,
    url_of: Callable[[Attachment], str],
    remote: Sequence[str] = (),
    files: Sequence[Attachment] | None = None,
) -> Body:
    """Return what was written: the HTML that was cleaned when it was saved, else the text as paragraphs, addresses
    made links.

    Images that came along are loaded from `url_of`, of this entry's own files, or those among them that are given as
    `files`, and no others. Those from elsewhere are
    blocked, unless the reader asked for them and `remote` has their addresses.
    """
    if not entry.html_version:
        return body_of_text(entry.text)
    if "<img" not in entry.html:
        return Body(mark_safe(entry.html))  # noqa: S308 - cleaned by allow-list when it was saved
    return body_of_html(entry.html, entry.attachments.all() if files is None else files, url_of=url_of, remote=remote)


def body_of_text(text: str) -> Body:
    """Return the text as paragraphs, addresses made links."""
    return Body(mark_safe(linebreaks(urlize(text, nofollow=True, autoescape=True))))  # noqa: S308 - urlize escapes


def body_of_html(
    html: str, files: Iterable[File], *, url_of: Callable[[File], str], remote: Sequence[str] = ()
) -> Body:
    """Return HTML that was cleaned when it was saved, with the images among the files in their places."""
    images = _Images({file.content_id: file for file in files if file.content_type in IMAGE_TYPES}, url_of, remote)
    shown = _TAG.sub(lambda tag: images.shown(tag[0]) if tag[0].startswith("<img") else tag[0], html)
    return Body(mark_safe(shown), frozenset(images.in_place), len(images.blocked))  # noqa: S308 - cleaned, images by format_html


def quotation(entry: ThreadEntry) -> SafeString:
    """Return what somebody wrote as a quotation for the editor: its words, without looks and images."""
    words = entry.text if len(entry.text) <= LONGEST_QUOTATION else f"{entry.text[:LONGEST_QUOTATION]}…"
    return format_html("<blockquote>{}</blockquote>", mark_safe(linebreaks(words, autoescape=True)))  # noqa: S308 - escaped


@dataclass(slots=True)
class _Images(Generic[File]):
    """The images of one entry, and what became of them so far."""

    files: Mapping[str, File]
    url_of: Callable[[File], str]
    remote: Sequence[str]
    in_place: set[int] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)

    def shown(self, tag: str) -> str:
        """Return what stands in the place of an image: itself with an address, its words, or nothing."""
        given = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
        source = given.get("src", "")
        if source[:4].lower() == "cid:":
            if file := self.files.get(unquote(source[4:])):
                self.in_place.add(file.pk)
                return _image(self.url_of(file), given)
        elif number := given.get("data-image", ""):
            address = _https(self.remote[int(number)]) if int(number) < len(self.remote) else ""
            if address:
                return _image(address, given)
            self.blocked.add(number)
        return _words_for(given)


def _https(address: str) -> str:
    """Return the address as pages may load it: nothing that others on the way could read or change."""
    rest = re.sub(r"^\s*(?:https?:)?//", "", address, flags=re.IGNORECASE)
    return f"https://{rest}" if rest else ""


def _image(source: str, given: dict[str, str]) -> SafeString:
    """Return the image. Wherever it is from, nobody there is told which page shows it."""
    sizes = [format_html(' {}="{}"', name, given[name]) for name in ("width", "height") if given.get(name)]
    return format_html(
        '<img src="{}" alt="{}"{} loading="lazy" referrerpolicy="no-referrer">',
        source,
        given.get("alt", ""),
        mark_safe("".join(sizes)),  # noqa: S308 - made by format_html
    )


def _words_for(given: dict[str, str]) -> SafeString | str:
    words = given.get("alt", "").strip()
    return format_html('<span class="img-gone">{}</span>', words) if words else ""
