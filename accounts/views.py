"""Signing in and out, and passwords: allauth's views with our forms, throttles and answers."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from allauth.account import views as allauth
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from accounts.adapter import THROTTLED, demo_may_sign_in
from accounts.forms import ChangePasswordForm, ResetPasswordForm, SetPasswordForm
from accounts.models import User
from accounts.passwords import mail_link
from accounts.people import normalise, person_who_signs_in
from core import throttle

HOUR = timedelta(hours=1)
LINKS_PER_CLIENT = 10
LINKS_PER_ADDRESS = 3
# Longer than writing a mail takes, so that the time of an answer does not tell whether one was written.
ANSWER_AFTER_SECONDS = 0.25

TOO_MANY_LINKS = _("Too many links were asked for from here. Wait an hour, then try once more.")

BACKEND = "accounts.backends.AddressBackend"

# What the sign-in page shows of the demo: name, role, email, password of each.
DemoSignIns = Callable[[], Sequence[Mapping[str, str]]]


def no_demo() -> Sequence[Mapping[str, str]]:
    return []


class OnOurPages:
    """allauth adds a `site` of its own to what its pages know, which would stand before ours (core.context)."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        context.pop("site", None)
        return context


class SaysWhatIsWrong(OnOurPages):
    """An answer to a form that was refused has a status that says so, for tests, scripts and htmx alike."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        throttled = any(error.code == THROTTLED for errors in form.errors.as_data().values() for error in errors)
        response.status_code = 429 if throttled else 422
        return response


class SignIn(SaysWhatIsWrong, allauth.LoginView):  # type: ignore[misc]  # allauth has no types
    """`demo_sign_ins` is asked where the demo's people may sign in at all."""

    demo_sign_ins: DemoSignIns = staticmethod(no_demo)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if demo_may_sign_in(self.request):
            context["demo_sign_ins"] = self.demo_sign_ins()
        return context


class ChangePassword(SaysWhatIsWrong, allauth.PasswordChangeView):  # type: ignore[misc]  # allauth has no types
    form_class = ChangePasswordForm


class AskForPasswordLink(SaysWhatIsWrong, allauth.PasswordResetView):  # type: ignore[misc]  # allauth has no types
    """Answers alike, and after the same time, whether or not anybody signs in with the address."""

    form_class = ResetPasswordForm

    def form_valid(self, form: ResetPasswordForm) -> HttpResponse:
        begun = time.monotonic()
        if not throttle.allow(self.request, "password-link:client", LINKS_PER_CLIENT, HOUR):
            form.add_error(None, ValidationError(TOO_MANY_LINKS, code=THROTTLED))
            return self.form_invalid(form)
        email = normalise(form.cleaned_data["email"])
        # Said to nobody: it would tell that a link was asked for before.
        if throttle.allow(self.request, "password-link:address", LINKS_PER_ADDRESS, HOUR, key=email):
            person = person_who_signs_in(email)
            if person is not None:
                mail_link(person)
        time.sleep(max(0.0, begun + ANSWER_AFTER_SECONDS - time.monotonic()))
        return HttpResponseRedirect(self.get_success_url())


class SetPassword(SaysWhatIsWrong, allauth.PasswordResetFromKeyView):  # type: ignore[misc]  # allauth has no types
    """Behind the mailed link. It signs nobody in: typing the new password once more shows that it works."""

    form_class = SetPasswordForm


class SignOut(OnOurPages, allauth.LogoutView):  # type: ignore[misc]  # allauth has no types
    pass


class LinkIsOnItsWay(OnOurPages, allauth.PasswordResetDoneView):  # type: ignore[misc]  # allauth has no types
    pass


class PasswordIsSet(OnOurPages, allauth.PasswordResetFromKeyDoneView):  # type: ignore[misc]  # allauth has no types
    pass


def sign_in_now(request: HttpRequest, user: User) -> None:
    """Sign somebody in who has just proved who they are in another way. The session gets a new key."""
    login(request, user, backend=BACKEND)
