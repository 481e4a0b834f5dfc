"""What a page says: its variables tell of the site and, after a ticket was opened, of that ticket's public facts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.html import linebreaks, urlize
from django.utils.safestring import SafeString, mark_safe

from core.models import SiteSettings
from pages.models import PageKind
from tickets import variables
from tickets.models import Ticket
from tickets.prose import body_of_html
from tickets.variables import Facts, Values, Vocabulary
from tickets.vocabulary import CANNED, EVERYTHING, STYLES

SITE = ("site.name", "site.link")
# Nothing that anybody typed: who has the address of the page reads it, and it says no more than the page around it.
OF_TICKET = (
    *("ticket.number", "ticket.department", "ticket.topic", "ticket.created"),
    *(f"ticket.created.{style}" for style in STYLES),
)
# The names that other texts may use, to say that of one of them.
KNOWN = EVERYTHING

_PICTURE = re.compile(r'"cid:([0-9]{1,18})@page"')


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reader is shown. `language` is that of the words, which the page around them may not speak."""

    language: str
    title: str
    html: SafeString


@dataclass(frozen=True, slots=True)
class Placed:
    """An image in a text, by the id that stands there, and where it is loaded from; as tickets.prose knows files."""

    content_id: str
    url: str
    pk: int = 0
    # None is stored that is no image.
    content_type: str = "image/png"


def cid_of(picture: int) -> str:
    """Return by what a text shows the picture with this key."""
    return f"{picture}@page"


def vocabulary_of(kind: str) -> Vocabulary:
    """Return the names that a page of this kind may use."""
    names = (*SITE, *OF_TICKET) if kind == PageKind.THANKS else SITE
    return {name: CANNED[name] for name in names}


def say(
    kind: str,
    *,
    language: str,
    title: str,
    body: str,
    site: SiteSettings,
    ticket: Ticket | None = None,
    images: Iterable[Placed] = (),
) -> Shown:
    """Return the text with its variables filled in and its images in their places.

    `ticket` is what a thank-you is for; `images` are such as are no pictures of a page yet.
    """
    values = Values(vocabulary_of(kind), Facts(ticket or Ticket(), site))
    heading = variables.in_line(title, values)
    if kind == PageKind.NOTICE:
        words = linebreaks(urlize(variables.in_text(body, values), nofollow=True, autoescape=True))
        return Shown(language, heading, mark_safe(words))  # noqa: S308 - urlize escapes
    return Shown(language, heading, with_pictures(variables.in_html(body, values), images))


def with_pictures(html: str, images: Iterable[Placed] = ()) -> SafeString:
    """Return HTML that was cleaned when it was saved, with its images loaded from where they are."""
    own = [Placed(cid_of(key), reverse("pages:picture", args=[key]), key) for key in sorted(pictures_in(html))]
    return body_of_html(html, [*own, *images], url_of=lambda one: one.url).html


def pictures_in(html: str) -> set[int]:
    """Return the keys of the pictures that the HTML shows."""
    return {int(key) for key in _PICTURE.findall(html)}
