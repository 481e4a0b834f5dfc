"""The forms of sign-in and passwords."""

from typing import Any

from allauth.account import forms as allauth
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.adapter import ACCOUNT, TRIES_PER_ACCOUNT, WINDOW, account_key, too_many_tries
from core import throttle

DEMO_KEEPS_PASSWORDS = _("The demo's passwords stay as the sign-in page shows them.")


class ResetPasswordForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)


class ChangePasswordForm(allauth.ChangePasswordForm):  # type: ignore[misc]  # allauth has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label(self, oldpassword=_("Your password now"), password1=_("New password"), password2=_("New password again"))

    def clean_oldpassword(self) -> str:
        """Try the old password as sign-in does: whoever finds an open browser must not guess it here."""
        if self.user.is_demo:
            raise ValidationError(DEMO_KEEPS_PASSWORDS)
        account = account_key(self.user.email)
        if not throttle.claim(ACCOUNT, account, TRIES_PER_ACCOUNT, WINDOW):
            raise too_many_tries()
        password: str = super().clean_oldpassword()
        throttle.release(ACCOUNT, account, TRIES_PER_ACCOUNT, WINDOW)
        return password


class SetPasswordForm(allauth.ResetPasswordKeyForm):  # type: ignore[misc]  # allauth has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label(self, password1=_("New password"), password2=_("New password again"))


def label(form: forms.BaseForm, **labels: Any) -> None:
    """Put our words on allauth's fields; the rules for passwords stand on the page already."""
    for name, words in labels.items():
        form.fields[name].label = words
        form.fields[name].help_text = ""
