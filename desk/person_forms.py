"""Forms about people."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, User
from core import languages
from core.domains import require_mail_domain
from desk.finding import FindSelect, offer_rows

NO_PHONE = _("Write a phone number, such as +49 30 123456.")
MAX_NOTE = 10_000


class ContactFields(forms.Form):
    """What is known about a person beside their addresses."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        required=False,
        validators=[RegexValidator(r"^[0-9+()/. xX#*-]*$", NO_PHONE)],
        widget=forms.TextInput({"type": "tel", "autocomplete": "off"}),
    )
    organization = forms.ModelChoiceField(
        label=_("Organisation"),
        queryset=Organization.objects.none(),
        required=False,
        widget=FindSelect,
        empty_label=_("None"),
    )

    def __init__(self, *args: Any, action: str, held: Organization | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Organization.objects.filter(archived_at=None)
        if held is not None:
            # Whoever is in an archived one stays in it until somebody takes them out.
            rows = rows | Organization.objects.filter(pk=held.pk)
        offer_rows(self, "organization", rows.order_by("name", "pk"), action=action)


class AddPersonForm(ContactFields):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("Nothing is mailed now. Mails about tickets go there."),
        validators=[require_mail_domain],
    )
    field_order = ("name", "email", "phone", "organization")


class EditPersonForm(ContactFields):
    is_primary_contact = forms.BooleanField(
        label=_("Primary contact"), required=False, help_text=_("Speaks for the organisation.")
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, held=person.organization, **kwargs)
        zones: Any = self.fields["time_zone"]
        zones.choices = [("", _("The help desk's own")), *((name, name) for name in sorted(available_timezones()))]
        languages.offer(self.fields["language"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("organization"):
            data["is_primary_contact"] = False
        return data


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("A link goes there. Until somebody acts on it, the address counts as not confirmed."),
        validators=[require_mail_domain],
    )


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note"),
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"class": "input-note", "rows": 3}),
        error_messages={"required": _("Write something first.")},
    )
