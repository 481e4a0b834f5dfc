"""Signing in by password, and out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from allauth.account import views as allauth
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.adapter import AccountAdapter, demo_may_sign_in
from accounts.models import User
from accounts.second_factor import why_no_passkeys
from accounts.views.pages import OnOurPages, SaysWhatIsWrong
from core.context import site_of
from core.models.settings import Registration

# What the sign-in page shows of the demo: name, role, email, password of each.
DemoSignIns = Callable[[], Sequence[Mapping[str, str]]]


def no_demo() -> Sequence[Mapping[str, str]]:
    return []


class SignIn(SaysWhatIsWrong, allauth.LoginView):  # type: ignore[misc]  # allauth has no types
    """`demo_sign_ins` is asked where the demo's people may sign in at all."""

    demo_sign_ins: DemoSignIns = staticmethod(no_demo)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["passkeys_work"] = not why_no_passkeys(self.request)
        context["may_register"] = site_of(self.request).registration == Registration.OPEN
        if demo_may_sign_in(self.request):
            context["demo_sign_ins"] = self.demo_sign_ins()
        return context


class SignOut(OnOurPages, allauth.LogoutView):  # type: ignore[misc]  # allauth has no types
    pass


def sign_in_now(request: HttpRequest, user: User) -> None:
    """Sign somebody in who has just proved who they are in another way. The session gets a new key."""
    AccountAdapter(request).login(request, user)


def let_in(request: HttpRequest, person: User, *, way: str, then: str = "") -> HttpResponse:
    """Sign in who has shown it by a mailed link, and lead to the page of that name, else to where a person's work is.

    The second factor is asked for all the same.
    """
    if request.user.is_authenticated:
        # Somebody else, most likely: nothing of their session goes on.
        logout(request)
    record_authentication(request, person, method=way)
    response: HttpResponse = perform_login(request, person, redirect_url=reverse(then) if then else None)
    return response
