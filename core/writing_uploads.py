"""Files that go to the server while somebody writes, and the images among them to look at."""

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from core import throttle
from core.downloads import file_response
from core.models import Blob
from core.uploads import IMAGE_TYPES, named, receive

# What nothing comes to refer to is swept after a day. Until then so much may lie there for one person.
MOST_UPLOADS = 60
WINDOW = timedelta(minutes=10)


def take(request: HttpRequest, *, owner: str, address: str, images_only: bool = False) -> JsonResponse:
    """Store the one file that was sent for this owner (core.uploads.receive), and answer with its reference.

    `address` is where `show` answers for the same owner. Whether somebody may store is asked before.
    """
    if not throttle.allow(request, "desk.upload", MOST_UPLOADS, WINDOW, key=str(request.user.pk)):
        return JsonResponse({"error": _("These are too many files at once. Try again in a few minutes.")}, status=429)
    chosen = request.FILES.getlist("file")
    if len(chosen) != 1:
        return JsonResponse({"error": _("No file arrived. Choose it again.")}, status=422)
    received = receive(chosen, owner=owner)
    if received.problems:
        return JsonResponse({"error": " ".join(received.problems)}, status=422)
    [kept] = received.kept
    is_image = kept.file.content_type in IMAGE_TYPES
    if images_only and not is_image:
        return JsonResponse({"error": _("Choose a PNG, JPEG, GIF or WebP picture.")}, status=422)
    return JsonResponse(
        {
            "reference": kept.reference,
            "name": kept.name,
            "size": kept.size,
            "image": f"{address}?{urlencode({'file': kept.reference})}" if is_image else "",
        },
        status=201,
    )


def show(request: HttpRequest, *, owner: str) -> HttpResponseBase:
    """Show whoever stored it the image that the address names. Raises Http404."""
    found = named(request.GET.get("file", ""), owner)
    blob = Blob.objects.filter(sha256=found[0]).first() if found else None
    if found is None or blob is None:
        raise Http404
    return file_response(request, blob, name=found[1], content_type=found[2], inline=True)
