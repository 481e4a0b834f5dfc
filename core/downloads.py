"""Sending files of strangers so that no browser runs them on our origin (PARITY section 4, rule 1).

Whether the reader may have the file is asked by the face, before it comes here.
"""

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.http import content_disposition_header

from core.files import open_blob
from core.models import Blob
from core.uploads import IMAGE_TYPES, OTHER_TYPE

SANDBOX = "sandbox; default-src 'none'"


def file_response(
    request: HttpRequest, blob: Blob, *, name: str, content_type: str, inline: bool = False
) -> HttpResponseBase:
    """Return the file as a download named `name` (RFC 6266); with `inline`, images alone are shown instead.

    Whatever is no image we know goes out as bytes of no type. 404 with a sentence if storage lost the file.
    """
    is_image = content_type in IMAGE_TYPES
    try:
        file = open_blob(blob)
    except FileNotFoundError:
        return protect(render(request, "file_lost.html", {"name": name}, status=404))
    response = FileResponse(file, content_type=content_type if is_image else OTHER_TYPE)
    disposition = content_disposition_header(as_attachment=not (inline and is_image), filename=name)
    assert disposition is not None  # there is a name
    response["Content-Disposition"] = disposition
    response["Content-Length"] = str(blob.size)
    response["Content-Security-Policy"] = SANDBOX
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return protect(response)


def protect(response: HttpResponse | FileResponse) -> HttpResponseBase:
    """Return the response, not to be kept by anybody between, nor to be taken for another type."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response
