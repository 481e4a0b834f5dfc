"""Doors for programs, not people: below these paths nobody is signed in, sent elsewhere or shown a page."""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse

PATHS = ("/api/", "/hooks/", "/metrics")


def is_machine(request: HttpRequest) -> bool:
    """Say whether this asks for a door for programs."""
    return request.path_info.startswith(PATHS)


def is_in_clear(request: HttpRequest) -> bool:
    """Say whether a secret just came in the clear though the help desk is reached by https.

    A browser would be led to https; of a program that would hide that its key travels readable.
    """
    return settings.SECURE_SSL_REDIRECT and not request.is_secure()


def comes_in_pieces(request: HttpRequest) -> bool:
    """Say whether the body has no length (RFC 9112 section 7.1): WSGI has no end for it, and Django reads nothing."""
    return "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length")


def plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return an answer that is nothing but its words, of which half a character, named by who asked, is a ?."""
    text = text.encode("utf-8", "replace").decode()
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8", headers=dict(headers or {}))
