"""What one answer may do beyond the content security policy of all (helpdesk.settings)."""

from csp.decorators import csp_replace, csp_update
from django.http import HttpRequest, HttpResponseBase


def with_images_from_elsewhere(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer, whose page may load images over https from anywhere: its reader asked for them.

    Nobody there is told which page shows them: no answer of ours lets its address go to other sites, and
    "no-referrer" for the whole page would break its forms (see portal.views.door.guard).
    """
    return csp_update({"img-src": ["https:"]})(lambda _request: response)(request)


def with_own_frames(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer, whose page may frame pages of ours that say they may be framed."""
    return csp_update({"frame-src": ["'self'"]})(lambda _request: response)(request)


def framed_by_us(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer, which pages of ours may frame, and nobody else's."""
    response["X-Frame-Options"] = "SAMEORIGIN"
    return csp_replace({"frame-ancestors": ["'self'"]})(lambda _request: response)(request)
