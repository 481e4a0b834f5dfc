"""The forms of registering, of invitations and of links to sign in."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.people import gave_a_name, normalise
from core.domains import require_mail_domain

NO_ADDRESS = _("This is no e-mail address. Write it like ada@example.org.")
LONGEST_PASSWORD = 1000


class AddressField(forms.EmailField):
    default_error_messages = {"invalid": NO_ADDRESS, "required": _("Write your e-mail address.")}

    def __init__(self, *, is_new: bool = False, **options: Any) -> None:
        """`is_new` says that we do not know it yet, so that its domain may be looked up."""
        self.is_new = is_new
        super().__init__(label=_("E-mail address"), max_length=254, **options)

    def clean(self, value: Any) -> str:
        email: str = super().clean(value)
        # Some letters become ASCII when cases are folded: another address than the one that was typed.
        if not email.rpartition("@")[0].isascii():
            raise ValidationError(NO_ADDRESS)
        if self.is_new:
            require_mail_domain(email)
        return normalise(email)


class NameField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(label=_("Your name"), max_length=120, **options)

    def to_python(self, value: Any) -> str:
        """Return one line: what cannot be seen, such as marks that turn the direction, becomes space."""
        text = "".join(letter if letter.isprintable() else " " for letter in str(value or ""))
        return " ".join(text.split())


class PasswordField(forms.CharField):
    def __init__(self, *, autocomplete: str = "new-password", **options: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        given: dict[str, Any] = {
            "label": _("Password"),
            "strip": False,
            "max_length": LONGEST_PASSWORD,
            "widget": widget,
        }
        super().__init__(**given | options)


class LinkForm(forms.Form):
    email = AddressField()


class RegisterForm(forms.Form):
    name = NameField()
    email = AddressField(is_new=True)
    password = PasswordField(help_text=_("At least ten characters. A short sentence is easy to keep in mind."))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        check_password_of(self, User(name=data.get("name", ""), email=data.get("email", "")))
        return data


class ConfirmForm(forms.Form):
    """In another browser than the one that registered."""

    password = PasswordField(label=_("The password you registered with"), autocomplete="current-password")


class AcceptForm(forms.Form):
    name = NameField()
    password = PasswordField(help_text=_("At least ten characters. A short sentence is easy to keep in mind."))

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        if gave_a_name(person):
            # Known to the agents already; it is changed in the profile.
            del self.fields["name"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        person = User(name=data.get("name") or self.person.name, email=self.person.email)
        check_password_of(self, person)
        return data


def check_password_of(form: forms.Form, person: User) -> None:
    if password := form.cleaned_data.get("password"):
        try:
            validate_password(password, person)
        except ValidationError as error:
            form.add_error("password", error)
