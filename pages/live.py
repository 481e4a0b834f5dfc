"""What is published, kept in each process for as long as it stays as it is, and what of it one reader is shown.

Which language: the one the reader chose, else the first that their browser asks for, else none; then the site's. A page
without a text in either is not there, and the portal says what it says without it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.db.models import Case, F, Q, TextField, Value, When
from django.http import HttpRequest
from django.utils.timezone import now

from core.context import site_of
from core.languages import asked_for
from core.models import SiteSettings
from pages import words
from pages.models import MOST_PAGES, Audience, PageKind, PageText, Severity
from pages.words import Shown
from tickets.models import Ticket

# Of these only the head is kept: there may be many, and each is read by its own page alone.
READ_WHEN_ASKED = (PageKind.OTHER, PageKind.THANKS)
MOST_IN_FOOTER = 12
MOST_NOTICES = 3
_FIRST = {Severity.DANGER: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class Said:
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Live:
    """A published page. `texts` by language; the bodies of READ_WHEN_ASKED are not kept."""

    pk: int
    kind: str
    slug: str
    in_footer: bool
    severity: str
    audience: str
    starts_at: datetime | None
    ends_at: datetime | None
    texts: Mapping[str, Said]


@dataclass(frozen=True, slots=True)
class Link:
    slug: str
    language: str
    title: str


@dataclass(frozen=True, slots=True)
class Notice:
    severity: str
    said: Shown


# The version, and what was published then.
_kept: tuple[str, tuple[Live, ...]] = ("", ())


def changed() -> None:
    """Let every process read the pages again. Called in the transaction that changes one.

    The version is drawn by lot: a number that is counted would come again after a rollback.
    """
    SiteSettings.objects.filter(pk=1).update(pages_version=uuid4().hex)


def published(site: SiteSettings) -> tuple[Live, ...]:
    """Return what is published, in its order. Costs one query after a change, and none where there never was a page."""
    global _kept
    if not site.pages_version:
        return ()
    version, pages = _kept
    if version != site.pages_version:
        # Whoever saw the version sees its rows, which are read after it.
        pages = _read()
        _kept = site.pages_version, pages
    return pages


def languages(request: HttpRequest) -> list[str]:
    """Return in which languages a page is looked for by this reader, the best first."""
    chosen = getattr(getattr(request, "user", None), "language", "")
    wanted = asked_for(chosen, request.headers.get("Accept-Language", ""))
    return list(dict.fromkeys(code for code in (wanted, site_of(request).language) if code))


def shown(request: HttpRequest, kind: str) -> Shown | None:
    """Return what the one page of this kind says to the reader, None if there is none."""
    site = site_of(request)
    for page in published(site):
        if page.kind == kind and (found := _best(page, languages(request))):
            language, said = found
            return words.say(kind, language=language, title=said.title, body=said.body, site=site)
    return None


def by_slug(request: HttpRequest, slug: str) -> Shown | None:
    """Return what the page of its own at this address says to the reader, None if there is none."""
    site = site_of(request)
    page = next((one for one in published(site) if one.slug == slug and one.kind == PageKind.OTHER), None)
    found = _best(page, languages(request)) if page else None
    if page is None or found is None:
        return None
    # What is deleted or withdrawn in this very moment is not there any more.
    text = PageText.objects.filter(page=page.pk, page__is_published=True, language=found[0]).first()
    if text is None:
        return None
    return words.say(page.kind, language=text.language, title=text.title, body=text.body, site=site)


def footer(request: HttpRequest) -> list[Link]:
    """Return the pages that the portal's footer leads to."""
    spoken, links = languages(request), []
    for page in published(site_of(request)):
        if page.in_footer and page.kind == PageKind.OTHER and (found := _best(page, spoken)):
            links.append(Link(page.slug, found[0], found[1].title))
    return links[:MOST_IN_FOOTER]


def notices(request: HttpRequest, audience: str, at: datetime | None = None) -> list[Notice]:
    """Return the notices that hold at this time for requesters or agents, the gravest first."""
    site, at = site_of(request), at or now()
    holding = [
        page
        for page in published(site)
        if page.kind == PageKind.NOTICE
        and page.audience in {audience, Audience.ALL}
        and (page.starts_at is None or page.starts_at <= at)
        and (page.ends_at is None or page.ends_at > at)
    ]
    found = []
    for page in sorted(holding, key=lambda one: _FIRST[Severity(one.severity)]):
        if best := _best(page, languages(request)):
            language, said = best
            shown = words.say(page.kind, language=language, title=said.title, body=said.body, site=site)
            found.append(Notice(page.severity, shown))
    return found[:MOST_NOTICES]


def thanks(request: HttpRequest, ticket: Ticket) -> Shown | None:
    """Return the thank-you after this ticket was opened: of its topic, else of all that have none of their own.

    The text that stands at the help topic itself comes between the two: then there is none here.
    """
    site = site_of(request)
    if not any(page.kind == PageKind.THANKS for page in published(site)):
        return None
    spoken = languages(request)
    texts = PageText.objects.filter(page__kind=PageKind.THANKS, page__is_published=True, language__in=spoken)
    of_topic = Q(page__topics=ticket.topic_id) if ticket.topic_id else Q(pk=None)
    found = texts.filter(of_topic | Q(page__topics=None)).annotate(topic=F("page__topics"))
    rows = [text for text in found if text.topic is not None or not (ticket.topic and ticket.topic.thank_you)]
    best = min(rows, key=lambda one: (one.topic is None, one.page_id, spoken.index(one.language)), default=None)
    if best is None:
        return None
    return words.say(
        PageKind.THANKS, language=best.language, title=best.title, body=best.body, site=site, ticket=ticket
    )


def _best(page: Live, spoken: Iterable[str]) -> tuple[str, Said] | None:
    return next(((code, page.texts[code]) for code in spoken if code in page.texts), None)


def _read() -> tuple[Live, ...]:
    kept_body = Case(When(page__kind__in=READ_WHEN_ASKED, then=Value("")), default=F("body"), output_field=TextField())
    texts = (
        PageText.objects.filter(page__is_published=True)
        .select_related("page")
        .defer("body")
        .annotate(kept_body=kept_body)
        .order_by("page__position", "page_id", "pk")
    )
    pages: dict[int, Live] = {}
    said: dict[int, dict[str, Said]] = {}
    for text in texts:
        page = text.page
        said.setdefault(page.pk, {})[text.language] = Said(text.title, text.kept_body)
        pages.setdefault(
            page.pk,
            Live(
                pk=page.pk,
                kind=page.kind,
                slug=page.slug,
                in_footer=page.in_footer,
                severity=page.severity,
                audience=page.audience,
                starts_at=page.starts_at,
                ends_at=page.ends_at,
                texts=said[page.pk],
            ),
        )
    return tuple(pages.values())[:MOST_PAGES]
