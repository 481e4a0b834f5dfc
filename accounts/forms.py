"""The forms of sign-in and passwords."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account import forms as allauth
from allauth.core import context
from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts import tries
from accounts.models import User

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
        with counted(tries.PASSWORD, self.user):
            password: str = super().clean_oldpassword()
        return password


@contextmanager
def counted(scope: str, person: User | None) -> Iterator[None]:
    """Count what is cleaned within as a try of this person, or of nobody known; what raises ValidationError failed."""
    request, account = context.request, tries.account_of(person) if person else None
    slot = tries.begin(request, scope, account) if account else tries.begin_as_client(request)
    try:
        yield
    except ValidationError:
        if account:
            tries.failed(request, scope, account, at=now())
        else:
            tries.failed_as_client(request, at=now())
        raise
    if account:
        tries.succeeded(scope, account, slot)
    else:
        tries.succeeded_as_client(slot)


class SetPasswordForm(allauth.ResetPasswordKeyForm):  # type: ignore[misc]  # allauth has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label(self, password1=_("New password"), password2=_("New password again"))


def label(form: forms.BaseForm, **labels: Any) -> None:
    """Put our words on allauth's fields; the rules for passwords stand on the page already."""
    for name, words in labels.items():
        form.fields[name].label = words
        form.fields[name].help_text = ""
