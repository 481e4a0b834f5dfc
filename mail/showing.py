"""A mail of ours in the browser: as a mail program would show it, on a page of its own that may do nothing."""

from base64 import b64encode

from django.http import HttpResponse

from core.files import open_blob
from mail.rendering import Rendered, content_id

# It runs nothing, loads nothing and is no part of our origin; mails carry their colours inline, and here their images.
SANDBOX = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page_of(shown: Rendered) -> HttpResponse:
    """Return the HTML with its images in their places, which a browser knows by "data:" only."""
    html = shown.html
    for image in shown.images:
        try:
            with open_blob(image.blob) as file:
                content = b64encode(file.read()).decode()
        except FileNotFoundError:
            continue
        html = html.replace(f"cid:{content_id(image)}", f"data:{image.content_type};base64,{content}")
    return sandboxed(HttpResponse(html))


def sandboxed(response: HttpResponse) -> HttpResponse:
    response["Content-Security-Policy"] = SANDBOX
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
