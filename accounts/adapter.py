"""allauth, wrapped: what it decides about people, throttles and addresses is said here.

Signing up is closed, and people are found by `Address` (accounts.backends), so allauth's own table of
addresses stays empty.
"""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.people import normalise, person_who_signs_in
from core import throttle
from core.loopback import is_local

# Failing tries within the window: per account, whoever tries, and per client, whatever they try.
WINDOW = timedelta(minutes=5)
TRIES_PER_ACCOUNT = 5
TRIES_PER_CLIENT = 20
ACCOUNT, CLIENT = "sign-in:account", "sign-in:client"

THROTTLED = "throttled"
TOO_MANY_TRIES = _("Too many tries to sign in. Wait five minutes, then try once more.")
DEMO_FROM_ELSEWHERE = _("Demo sign-ins work only on the machine the help desk runs on.")


def too_many_tries() -> ValidationError:
    return ValidationError(TOO_MANY_TRIES, code=THROTTLED)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("E-mail address and password do not match."),
        "enter_current_password": _("This is not your password."),
        "too_many_login_attempts": TOO_MANY_TRIES,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Agents are made by administrators, and requesters need no account."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return whose e-mail address and password these are. Raises ValidationError when tried too often.

        The slots are taken before the password is looked at, so that many tries at once cannot slip through together.
        """
        account = account_key(credentials.get("email", ""))
        if not (by_client := throttle.claim(CLIENT, throttle.client_ip(request), TRIES_PER_CLIENT, WINDOW)):
            raise too_many_tries()
        if not throttle.claim(ACCOUNT, account, TRIES_PER_ACCOUNT, WINDOW):
            # The client's slot stays taken: it tried.
            raise too_many_tries()
        user: User | None = super().authenticate(request, **credentials)
        if user is None:
            return None
        throttle.release(ACCOUNT, account, TRIES_PER_ACCOUNT, WINDOW)
        throttle.give_back(by_client)
        if user.is_demo and not demo_may_sign_in(request):
            raise ValidationError(DEMO_FROM_ELSEWHERE)
        return user

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
        if message_template == "account/messages/password_changed.txt" and request.user.is_authenticated:
            messages.success(request, _("Your password is changed. Other devices have to sign in again."))


def account_key(email: str) -> str:
    """Return what an account's tries are counted by: the person, whichever of their addresses is typed."""
    person = person_who_signs_in(email)
    return f"person:{person.pk}" if person else normalise(email)


def demo_may_sign_in(request: HttpRequest) -> bool:
    """Say whether the demo's people, whose passwords everybody knows, may sign in by this request."""
    return settings.DEMO and is_local(request)


def home_of(user: Any) -> str:
    """Return where a person's work is."""
    if getattr(user, "is_agent", False):
        return str(settings.LOGIN_REDIRECT_URL)
    return reverse("admin:index") if getattr(user, "is_administrator", False) else "/"
