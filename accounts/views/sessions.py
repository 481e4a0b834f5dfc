"""Where one is signed in, and ending that."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import sessions


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def my_sessions(request: HttpRequest) -> HttpResponse:
    """Show the sessions; POST ends all but this one."""
    assert request.user.is_authenticated  # login_required
    if request.method == "POST":
        count = sessions.end_others(request, request.user, at=now())
        text = ngettext("%(count)s other session is ended.", "%(count)s other sessions are ended.", count)
        messages.success(request, text % {"count": count})
        return redirect("account_sessions")
    return render(request, "account/sessions.html", {"sessions": sessions.shown(request, request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one session; somebody else's is not found."""
    assert request.user.is_authenticated  # login_required
    if request.method == "POST":
        if not sessions.end(request.user, pk, request=request, at=now()):
            raise Http404
        messages.success(request, _("This session is ended."))
    return redirect("account_sessions")
