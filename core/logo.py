"""The help desk's own picture: which files may be it, and how it is sent."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.downloads import file_response
from core.files import open_blob, store
from core.models import Blob, SiteSettings
from core.uploads import HEAD, IMAGE_TYPES, Upload, type_of

LARGEST = 512 * 1024


def store_logo(upload: Upload) -> Blob:
    """Keep the picture. Raises ValidationError for what is none by its first bytes, or too large."""
    if (upload.size or 0) > LARGEST:
        raise ValidationError(_("This picture is too large. Choose one below 512 KB."))
    head = upload.read(HEAD)
    upload.seek(0)
    if type_of("", head) not in IMAGE_TYPES:
        raise ValidationError(_("Choose a PNG, JPEG, GIF or WebP picture."))
    return store(upload.chunks())


@require_safe
def logo(request: HttpRequest) -> HttpResponseBase:
    blob = SiteSettings.load().logo
    if blob is None:
        raise Http404
    try:
        with open_blob(blob) as file:
            kind = type_of("", file.read(HEAD))
    except FileNotFoundError as error:
        raise Http404 from error
    response = file_response(request, blob, name="logo", content_type=kind, inline=True)
    # The same for everybody, and on every page.
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
def favicon(request: HttpRequest) -> HttpResponseBase:
    """Lead browsers to the icon where a page names none, such as a mail shown in the admin."""
    return redirect(static("img/icon.svg"))
