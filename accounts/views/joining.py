"""Coming in by a mailed link: to sign in, to confirm a registration, to accept an invitation.

A link shows; only a press of its button does something: programs that look at mails follow links.
"""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django.views.generic.edit import FormView

from accounts import invitations, registration, sign_in_links, tries
from accounts.joining import LinkInvalid
from accounts.joining_forms import AcceptForm, ConfirmForm, LinkForm, RegisterForm
from accounts.views.pages import MailsLink, unlisted
from accounts.views.sign_in import let_in
from core.context import site_of
from core.models.settings import Registration

# Under this name the session keeps what shows that the same browser confirms.
BROWSER = "registering"

LinkView = Callable[..., HttpResponse]


def behind_link(view: LinkView) -> LinkView:
    """Answer with one page whatever is wrong with the link. Its address stays out of caches and other sites' logs."""

    @wraps(view)
    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @sensitive_post_parameters("password")
    def opened(request: HttpRequest, signed: str) -> HttpResponse:
        try:
            return unlisted(view(request, signed))
        except LinkInvalid:
            return unlisted(render(request, "account/link_invalid.html", status=404))

    return opened


# --- To sign in ------------------------------------------------------------------------------------


@method_decorator(never_cache, name="dispatch")
class AskForLink(MailsLink, FormView):  # type: ignore[type-arg]  # generic only to the type checker
    """Mail me a link to sign in. The button on the sign-in page sends what was typed there."""

    form_class = LinkForm
    template_name = "account/link_ask.html"
    success_url = reverse_lazy("account_link_sent")
    kind = "sign-in-link"

    def get_form_kwargs(self) -> dict[str, Any]:
        given = super().get_form_kwargs()
        if "login" in self.request.POST:
            given["data"] = {"email": self.request.POST["login"]}
        return given

    def mail_to(self, email: str, form: Any) -> None:
        sign_in_links.mail_link(email)


@require_safe
def link_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "account/link_sent.html")


@behind_link
def sign_in_by_link(request: HttpRequest, signed: str) -> HttpResponse:
    if request.method != "POST":
        return render(request, "account/link_use.html", {"address": sign_in_links.read(signed), "signed": signed})
    return let_in(request, sign_in_links.use(signed, at=now()), way="link")


# --- To register -----------------------------------------------------------------------------------


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class Register(MailsLink, FormView):  # type: ignore[type-arg]
    form_class = RegisterForm
    template_name = "account/register.html"
    success_url = reverse_lazy("account_registration_sent")
    kind = "registration"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated:
            return redirect("/")
        if site_of(request).registration != Registration.OPEN:
            return render(request, "account/register_closed.html", status=403)
        return super().dispatch(request, *args, **kwargs)

    def mail_to(self, email: str, form: Any) -> None:
        browser = self.request.session.setdefault(BROWSER, secrets.token_hex(16))
        data = form.cleaned_data
        registration.ask(name=data["name"], email=data["email"], password=data["password"], browser=browser, at=now())


@require_safe
def registration_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "account/registration_sent.html")


@behind_link
def confirm_registration(request: HttpRequest, signed: str) -> HttpResponse:
    at = now()
    wanted = registration.read(signed, at=at)
    is_same_browser = wanted.is_from(request.session.get(BROWSER))
    form = None if is_same_browser else ConfirmForm(request.POST or None)
    if request.method == "POST" and (form is None or _shows_password(request, form, wanted)):
        person = registration.confirm(wanted, at=at)
        return let_in(request, person, way="registration", then="account_registered")
    context = {"wanted": wanted, "form": form, "signed": signed}
    return render(request, "account/registration_confirm.html", context, status=_status(request, form))


def _shows_password(request: HttpRequest, form: ConfirmForm, wanted: registration.Wanted) -> bool:
    if not form.is_valid():
        return False
    try:
        slot = tries.begin_as_client(request)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    if wanted.has_password(form.cleaned_data["password"]):
        tries.succeeded_as_client(slot)
        return True
    tries.failed_as_client(request, at=now())
    form.add_error("password", _("This is not the password of this registration."))
    return False


# --- To accept an invitation -----------------------------------------------------------------------


@behind_link
def accept_invitation(request: HttpRequest, signed: str) -> HttpResponse:
    at = now()
    invitation = invitations.read(signed, at=at)
    person = invitation.address.user
    if request.user.is_authenticated and request.user.pk != person.pk:
        return render(request, "account/invitation_other.html", {"invitation": invitation}, status=409)
    form = AcceptForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        accepted = invitations.accept(
            signed,
            name=form.cleaned_data.get("name", ""),
            password=form.cleaned_data["password"],
            at=at,
        )
        return let_in(request, accepted, way="invitation")
    context = {"invitation": invitation, "form": form, "signed": signed, "person": person}
    return render(request, "account/invitation.html", context, status=_status(request, form))


def _status(request: HttpRequest, form: Any) -> int:
    if request.method != "POST" or form is None:
        return 200
    throttled = any(error.code == tries.THROTTLED for errors in form.errors.as_data().values() for error in errors)
    return 429 if throttled else 422
