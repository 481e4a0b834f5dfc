"""Pages for tests, published as the administration publishes them."""

from core.files import store
from pages import live
from pages.models import Page, PageKind, PageText, Picture
from pages.words import cid_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


def publish(kind: str, texts: dict[str, str | tuple[str, str]], *, topics: tuple = (), **fields: object) -> Page:
    """Return a page of this kind that is published. `texts` are bodies by language, or headings and bodies."""
    page = Page.objects.create(**{"name": f"The {kind}", "kind": kind, "is_published": True} | fields)
    page.topics.set(topics)
    for language, said in texts.items():
        title, body = said if isinstance(said, tuple) else ("", said)
        PageText.objects.create(page=page, language=language, title=title, body=body)
    live.changed()
    return page


def own_page(slug: str = "imprint", **fields: object) -> Page:
    return publish(PageKind.OTHER, {"en": ("Imprint", "<p>Who we are.</p>")}, slug=slug, **fields)


def with_picture(page: Page) -> Picture:
    """Put a picture at the end of the page's English text."""
    picture = Picture.objects.create(page=page, blob=store([PNG]), name="pink.png", content_type="image/png")
    text = page.texts.get(language="en")
    text.body += f'<p><img src="cid:{cid_of(picture.pk)}" alt="Pink"></p>'
    text.save()
    live.changed()
    return picture
