"""What every page knows: the site, the reader's theme."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.mailing import has_mail
from core.models import SiteSettings

THEMES = frozenset({"light", "dark"})


def site(request: HttpRequest) -> dict[str, object]:
    """Return the site's settings, whether this is the demo, whether mails go out, and the theme the reader chose.

    An empty theme is the system's.
    """
    settings = SimpleLazyObject(lambda: site_of(request))
    return {
        "site": settings,
        "is_demo": SimpleLazyObject(lambda: bool(settings.is_demo)),
        # Asked by the few pages that promise a mail.
        "has_mail": SimpleLazyObject(has_mail),
        "theme": theme_of(request),
    }


def theme_of(request: HttpRequest) -> str:
    theme = request.COOKIES.get("theme", "")
    return theme if theme in THEMES else ""


def site_of(request: HttpRequest) -> SiteSettings:
    """Return the site's settings, read once for a request."""
    known: SiteSettings | None = getattr(request, "_site", None)
    if known is None:
        known = request._site = SiteSettings.load()  # type: ignore[attr-defined]  # ours alone
    return known
