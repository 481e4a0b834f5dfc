"""The set-up page of a help desk that nobody administers yet, and what it has left to do on the start page after it."""

from datetime import timedelta

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.audit_admin import recent_of
from accounts.models import User
from accounts.people import AddressTaken
from accounts.views.sign_in import sign_in_now
from core import throttle
from helpdesk import first_run, next_steps
from helpdesk.forms import SetUpForm

TRIES, WINDOW = 20, timedelta(minutes=5)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password", "password_again", "token")
def setup(request: HttpRequest) -> HttpResponse:
    """Ask for the help desk's name and its first administrator, of whoever sits at the machine or has the link."""
    if first_run.has_administrator():
        return redirect("account_login")
    token = request.POST.get("token", "") or request.GET.get("token", "")
    if not first_run.may_set_up(request, token):
        if token and not throttle.allow(request, "setup", TRIES, WINDOW):
            return render(request, "429.html", status=429)
        return render(request, "setup/closed.html", status=403)
    form = SetUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("site_name", "name", "email", "password")}
        try:
            user = first_run.set_up(**given)
        except first_run.SetUpAlready:
            messages.info(request, _("Somebody else has just set up this help desk."))
            return redirect("account_login")
        except AddressTaken as error:
            form.add_error("email", str(error))
        else:
            sign_in_now(request, user)
            return redirect("admin:index")
    status = 422 if form.is_bound else 200
    return render(request, "setup/setup.html", {"form": form, "token": token}, status=status)


@admin.site.admin_view
def administration(request: HttpRequest) -> HttpResponse:
    """Show the administration's own start page: what is left to do in a new help desk, what its reader did last."""
    assert isinstance(request.user, User)
    return admin.site.index(request, {"next_steps": next_steps.left_to(request), "recent": recent_of(request.user)})


@admin.site.admin_view
@require_POST
def hide_next_steps(request: HttpRequest) -> HttpResponse:
    """Show the steps no more in this browser."""
    response = redirect("admin:index")
    response.set_cookie(
        next_steps.COOKIE,
        next_steps.HIDDEN,
        next_steps.HIDDEN_FOR,
        path=reverse("admin:index"),
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response
