"""The second factor: setting it up, and showing it when signing in. allauth's views, with our pages, forms and log."""

from collections.abc import Mapping
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.timezone import now
from django.views.decorators.cache import never_cache

from accounts import audit
from accounts.factor_forms import (
    AddPasskeyForm,
    CodeAgainForm,
    CodeForm,
    PasskeyAgainForm,
    PasskeyAloneForm,
    PasskeyForm,
    PasswordAgainForm,
    RenamePasskeyForm,
    UseAppForm,
)
from accounts.models import AuditKind
from accounts.notices import Notice, tell
from accounts.second_factor import lacks_second_factor, why_no_passkeys
from accounts.views.pages import OnOurPages, SaysWhatIsWrong
from core.context import site_of


class SaysWhyNoPasskeys(OnOurPages):
    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"why_no_passkeys": why_no_passkeys(self.request)}


@method_decorator(never_cache, name="dispatch")
class Security(SaysWhyNoPasskeys, base.IndexView):  # type: ignore[misc]  # allauth has no types
    """What the person signs in with."""

    template_name = "account/security.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        held = context["authenticators"]
        return context | {
            "passkeys": held.get(Authenticator.Type.WEBAUTHN, []),
            "app": held.get(Authenticator.Type.TOTP),
            "codes": held.get(Authenticator.Type.RECOVERY_CODES),
            "must_set_up": lacks_second_factor(self.request.user, site_of(self.request)),  # type: ignore[arg-type]
        }


# --- While signing in ----------------------------------------------------------------------------


class ShowFactor(SaysWhyNoPasskeys, SaysWhatIsWrong, base.AuthenticateView):  # type: ignore[misc]
    """The second step of signing in."""

    form_class = CodeForm
    webauthn_form_class = PasskeyForm
    template_name = "account/second_factor.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        held = Authenticator.objects.filter(user=self.stage.login.user)
        types = set(held.values_list("type", flat=True))
        has_passkey = Authenticator.Type.WEBAUTHN in types
        return super().get_context_data(**kwargs) | {"has_passkey": has_passkey, "has_app": "totp" in types}


class SignInByPasskey(OnOurPages, webauthn.LoginWebAuthnView):  # type: ignore[misc]
    form_class = PasskeyAloneForm


# --- Once more, before something that matters ------------------------------------------------------


@method_decorator(never_cache, name="dispatch")
class PasswordAgain(SaysWhatIsWrong, account.ReauthenticateView):  # type: ignore[misc]
    form_class = PasswordAgainForm
    template_name = "account/again_password.html"


@method_decorator(never_cache, name="dispatch")
class CodeAgain(SaysWhatIsWrong, base.ReauthenticateView):  # type: ignore[misc]
    form_class = CodeAgainForm
    template_name = "account/again_code.html"


@method_decorator(never_cache, name="dispatch")
class PasskeyAgain(SaysWhyNoPasskeys, webauthn.ReauthenticateWebAuthnView):  # type: ignore[misc]
    form_class = PasskeyAgainForm
    template_name = "account/again_passkey.html"

    def form_invalid(self, form: Any) -> HttpResponse:
        for error in form.errors.get("credential", []):
            messages.error(self.request, error)
        return redirect("mfa_reauthenticate_webauthn")


# --- Setting up -------------------------------------------------------------------------------------


class Noted:
    """The audit log, and a mail to the person, tell that a second factor came or went."""

    request: HttpRequest
    # Which, as (before, after).
    change: Mapping[str, tuple[str | None, str | None]]
    notice: Notice

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        person, at = self.request.user, now()
        audit.record(
            AuditKind.SECOND_FACTOR,
            by=person,  # type: ignore[arg-type]  # allauth asked who it is
            at=at,
            target=person,  # type: ignore[arg-type]
            changes=self.change,
        )
        tell(person, self.notice, by=person, at=at)  # type: ignore[arg-type]
        return response


@method_decorator(never_cache, name="dispatch")
class UseApp(Noted, SaysWhatIsWrong, totp.ActivateTOTPView):  # type: ignore[misc]
    form_class = UseAppForm
    template_name = "account/app_use.html"
    change = {"app": (None, "on")}
    notice = Notice.APP_ADDED


@method_decorator(never_cache, name="dispatch")
class StopApp(Noted, SaysWhatIsWrong, totp.DeactivateTOTPView):  # type: ignore[misc]
    template_name = "account/app_stop.html"
    change = {"app": ("on", None)}
    notice = Notice.APP_REMOVED


@method_decorator(never_cache, name="dispatch")
class AddPasskey(Noted, SaysWhyNoPasskeys, SaysWhatIsWrong, webauthn.AddWebAuthnView):  # type: ignore[misc]
    form_class = AddPasskeyForm
    template_name = "account/passkey_add.html"
    change = {"passkey": (None, "added")}
    notice = Notice.PASSKEY_ADDED


@method_decorator(never_cache, name="dispatch")
class RemovePasskey(Noted, SaysWhatIsWrong, webauthn.RemoveWebAuthnView):  # type: ignore[misc]
    template_name = "account/passkey_remove.html"
    success_url = reverse_lazy("mfa_index")
    change = {"passkey": ("there", None)}
    notice = Notice.PASSKEY_REMOVED


@method_decorator(never_cache, name="dispatch")
class RenamePasskey(SaysWhatIsWrong, webauthn.EditWebAuthnView):  # type: ignore[misc]
    """A name is for its owner alone: nothing that others could do with it, so it is no news."""

    form_class = RenamePasskeyForm
    template_name = "account/passkey_rename.html"
    success_url = reverse_lazy("mfa_index")


@method_decorator(never_cache, name="dispatch")
class RecoveryCodes(OnOurPages, recovery_codes.ViewRecoveryCodesView):  # type: ignore[misc]
    """Shows them once, right after they were made (MFA_RECOVERY_CODES_SHOW_ONCE); later how many are left."""

    template_name = "account/codes.html"


@method_decorator(never_cache, name="dispatch")
class NewRecoveryCodes(Noted, SaysWhatIsWrong, recovery_codes.GenerateRecoveryCodesView):  # type: ignore[misc]
    template_name = "account/codes_new.html"
    change = {"recovery_codes": (None, "new")}
    notice = Notice.CODES_NEW
