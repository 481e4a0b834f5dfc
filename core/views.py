"""Pages that belong to no face: is it alive, and the answers to what cannot be trusted, read or done."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.context import theme_of
from core.machines import is_machine, plain


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 "ok" while this process can ask the database, else 503; for load balancers and health checks."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("no database", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _without_database(request, "400.html", 400)


def server_error(request: HttpRequest) -> HttpResponse:
    return _without_database(request, "500.html", 500)


def _without_database(request: HttpRequest, template: str, status: int) -> HttpResponse:
    """Return a page that asks nobody anything, since that may be what just failed: Django's own do without context."""
    if is_machine(request):
        return plain(status, "unknown error" if status == 500 else "Bad request")
    context = {"request": request, "theme": theme_of(request), "is_demo": settings.DEMO}
    return HttpResponse(render_to_string(template, context), status=status)
