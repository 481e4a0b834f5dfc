"""Pages of their own, and the pictures in all of them."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from core.downloads import file_response
from pages import live
from pages.models import PageKind, Picture


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    shown = live.by_slug(request, slug)
    if shown is None:
        raise Http404
    return render(request, "pages/page.html", {"text": shown})


@require_safe
def picture(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send a picture of a published page to everybody, one of a draft to administrators."""
    found = Picture.objects.select_related("page", "blob").filter(pk=pk).first()
    if found is None or not (found.page.is_published or getattr(request.user, "is_administrator", False)):
        raise Http404
    response = file_response(request, found.blob, name=found.name, content_type=found.content_type, inline=True)
    if found.page.is_published and response.status_code == 200:
        # The same for everybody, and of one content for ever; it may be withdrawn.
        response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
def registered(request: HttpRequest) -> HttpResponse:
    """Say that the account is made, to whoever has just confirmed it; without such a page lead to the start page."""
    shown = live.shown(request, PageKind.REGISTERED)
    if shown is None or not request.user.is_authenticated:
        return redirect("portal:home")
    return render(request, "pages/registered.html", {"text": shown})
