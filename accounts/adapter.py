"""allauth, wrapped: what it decides about people, throttles and addresses is said here.

Its way to sign up is closed, since accounts.registration is ours, and people are found by `Address`
(accounts.backends), so that its own table of addresses stays empty.
"""

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts import audit, tries
from accounts.models import AuditKind, User
from accounts.second_factor import how_signed_in
from core import throttle
from core.loopback import is_local

UNKNOWN_IP = "::"
DEMO_FROM_ELSEWHERE = _("Demo sign-ins work only on the machine the help desk runs on.")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("E-mail address and password do not match."),
        "enter_current_password": _("This is not your password."),
        "incorrect_password": _("This is not your password."),
        "incorrect_code": _("This does not fit. Try once more."),
        "too_many_login_attempts": tries.TOO_MANY_TRIES,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say no: people register, or are invited, by links of ours."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return whose e-mail address and password these are. Raises ValidationError when tried too often."""
        account = tries.account_at(credentials.get("email", ""))
        slot = tries.begin(request, tries.PASSWORD, account)
        user: User | None = super().authenticate(request, **credentials)
        if user is None:
            tries.failed(request, tries.PASSWORD, account, at=now())
            return None
        tries.succeeded(tries.PASSWORD, account, slot)
        if user.is_demo and not demo_may_sign_in(request):
            raise ValidationError(DEMO_FROM_ELSEWHERE)
        return user

    def reauthenticate(self, user: User, password: str) -> bool:
        """Say whether this is the person's password. Counted like a try to sign in."""
        found = self.authenticate(context.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def is_reauthentication_required(self, *, app: str, **options: Any) -> bool:
        """Whoever has just signed in need not do so again to set up a second factor."""
        request = context.request
        records = get_authentication_records(request, request.user)
        signed_in_just_now = records and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT
        return not signed_in_just_now

    def login(self, request: HttpRequest, user: User) -> None:
        """Open the session, once every step of signing in is done."""
        how = how_signed_in(request, user)
        super().login(request, user)
        audit.record(AuditKind.SIGNED_IN, by=user, at=now(), target=user, changes={"way": (None, how)})

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        super().logout(request)
        if isinstance(user, User):
            audit.record(AuditKind.SIGNED_OUT, by=user, at=now(), target=user)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Lead whoever is switched off back to the sign-in, and tell them what everybody is told."""
        messages.error(request, self.error_messages["incorrect_code"])
        return redirect("account_login")

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return who asks, as far as we believe it; "::" for nobody known (RFC 4291 section 2.5.2)."""
        return throttle.client_ip(request) or UNKNOWN_IP

    def is_safe_url(self, url: str) -> bool:
        """Say whether to go there after signing in: to a path of ours, and nowhere else."""
        return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return home_of(request.user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return home_of(request.user)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Say what is worth a sentence; that one is signed in, one sees."""
        if kwargs.get("message"):
            messages.add_message(request, level, kwargs["message"])
        if message_template == "account/messages/password_changed.txt" and request.user.is_authenticated:
            messages.success(request, _("Your password is changed. Other devices have to sign in again."))


def demo_may_sign_in(request: HttpRequest) -> bool:
    """Say whether the demo's people, whose passwords everybody knows, may sign in by this request."""
    return settings.DEMO and is_local(request)


def home_of(user: Any) -> str:
    """Return where a person's work is."""
    if getattr(user, "is_agent", False):
        return str(settings.LOGIN_REDIRECT_URL)
    return reverse("admin:index") if getattr(user, "is_administrator", False) else "/"
