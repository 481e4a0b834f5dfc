"""The forms of the second factor: allauth's, with our words, and every try counted."""

from datetime import timedelta
from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts import tries
from accounts.forms import counted, label
from accounts.second_factor import note_recovery_code
from core import throttle
from core.secrets import SecretUnreadable

UNREADABLE = _("The help desk lost the key to your app's secret. Ask an administrator to reset your second factor.")
# Longer than any code of an app is good for, tolerance included.
CODE_LASTS = timedelta(minutes=2)


class CodeForm(base.AuthenticateForm):  # type: ignore[misc]  # allauth has no types
    """A code of the app, or a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label(self, code=_("Code"))
        code_widget(self)

    def clean_code(self) -> str:
        with counted(tries.SECOND_FACTOR, self.user):
            try:
                code: str = super().clean_code()
            except SecretUnreadable as error:
                raise ValidationError(UNREADABLE) from error
            is_from_app = self.authenticator.type == Authenticator.Type.TOTP
            # allauth keeps used codes for one period, and with a tolerance they are good for three (RFC 6238 5.2).
            digits = "".join(filter(str.isdigit, code))
            if is_from_app and not throttle.claim("code-of-app", f"{self.user.pk} {digits}", 1, CODE_LASTS):
                raise ValidationError(_("This code was used already. Wait for the next one."))
        if not is_from_app:
            note_recovery_code(self.user, at=now())
        return code


class CodeAgainForm(CodeForm):
    """The same, by whoever is signed in and about to change something that matters."""

    save = base.ReauthenticateForm.save


class PasswordAgainForm(account.ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label(self, password=_("Your password"))


class UseAppForm(totp.ActivateTOTPForm):  # type: ignore[misc]
    """Shows that the app has the secret."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label(self, code=_("Code that the app shows"))
        code_widget(self)

    def clean_code(self) -> str:
        with counted(tries.SECOND_FACTOR, self.user):
            code: str = super().clean_code()
        return code


class CountsPasskey(forms.Form):
    user: Any

    def clean_credential(self) -> Any:
        with counted(tries.SECOND_FACTOR, self.user):
            return super().clean_credential()  # type: ignore[misc]


class PasskeyForm(CountsPasskey, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyAgainForm(CountsPasskey, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyAloneForm(CountsPasskey, webauthn.LoginWebAuthnForm):  # type: ignore[misc]
    """Signs in without a password. Whose it is, the passkey says, so that only the client's tries are counted."""


class AddPasskeyForm(webauthn.AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label(self, name=_("Name"))
        self.fields["name"].help_text = _("So that you know it again, such as “Phone” or “Key on the key ring”.")
        alone = self.fields["passwordless"]
        alone.label = _("Sign in with it alone, without the password")
        alone.help_text = _("It then asks for a fingerprint, a face or its PIN. Older keys cannot.")
        alone.initial = True

    def clean_name(self) -> str:
        return tidy(super().clean_name())


class RenamePasskeyForm(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label(self, name=_("Name"))

    def clean_name(self) -> str:
        return tidy(self.cleaned_data["name"])


def tidy(name: str) -> str:
    """Return what somebody called a passkey on one short line."""
    return " ".join(name.split())[:60]


def code_widget(form: forms.BaseForm) -> None:
    form.fields["code"].widget = forms.TextInput(
        attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "20", "required": True}
    )
