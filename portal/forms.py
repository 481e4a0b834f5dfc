"""What requesters fill in. Every mistake gets one plain sentence by its field, and what was typed stays."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Address, User
from core import languages
from core.domains import require_mail_domain
from core.models import NewFile, SiteSettings
from core.uploads import FilesForm
from core.zones import zones
from portal.promises import Offer
from tickets.models import TicketQuerySet
from tickets.prose import MAX_TEXT
from tickets.thread import clean_text

SUBJECT_LENGTH = 1000
REQUEST_KEY = re.compile(r"[A-Za-z0-9_-]{16,40}")
# They turn the direction of what follows, also outside the field.
DIRECTION_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")


class LineField(forms.CharField):
    """One line: line ends, tabs and the like become spaces; what cannot be seen is dropped."""

    def to_python(self, value: Any) -> str:
        text = CONTROLS.sub("", DIRECTION_MARKS.sub("", clean_text(str(value or ""))))
        return " ".join(text.split())

    def bound_data(self, data: Any, initial: Any) -> Any:
        # Ten megabytes in one line need not travel back.
        return data[: 2 * self.max_length] if self.max_length and isinstance(data, str) else data

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        # No maxlength: browsers cut pasted text off without a word.
        return {}


class TextField(forms.CharField):
    """Many lines, as typed."""

    widget = forms.Textarea

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)

    def to_python(self, value: Any) -> str:
        text = clean_text(str(value or ""))
        return text if text.strip() else ""

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data[: self.max_length] if self.max_length and isinstance(data, str) else data

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {}


TEXT_TOO_LONG = _(
    "This text has %(show_value)s characters; up to %(limit_value)s can be sent. What goes beyond is cut off below: "
    "attach it as a file."
)


NO_PHONE = _("Write a phone number, such as +49 30 123456.")
YOUR_ADDRESS = _("Your e-mail address")
SO_THAT_WE_CAN_ANSWER = _("Write your e-mail address, so that we can answer.")


class EmailField(forms.EmailField):
    def __init__(
        self,
        *,
        label: Any = YOUR_ADDRESS,
        required_message: Any = SO_THAT_WE_CAN_ANSWER,
        is_new: bool = True,
        **options: Any,
    ) -> None:
        """`is_new` says that mail will go there, so that its domain may be looked up."""
        self.is_new = is_new
        super().__init__(
            label=label,
            max_length=254,
            error_messages={
                "required": required_message,
                "invalid": _("This is no e-mail address. Write it like ada@example.org."),
                "max_length": _("This e-mail address is too long. The longest has 254 characters."),
                "null_characters_not_allowed": _("This is no e-mail address. Write it like ada@example.org."),
            },
            **options,
        )

    def run_validators(self, value: Any) -> None:
        try:
            super().run_validators(value)
        except forms.ValidationError as error:
            raise forms.ValidationError(error.messages[-1]) from None
        # Django takes letters for ASCII that only look so when cases are folded; mail could not be sent there.
        if value and not str(value).rpartition("@")[0].isascii():
            raise forms.ValidationError(self.error_messages["invalid"])
        if value and self.is_new:
            require_mail_domain(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"autocomplete": "email", "inputmode": "email"}


class WordsField(TextField):
    """Required as far as people are told; files may stand for words, so the form decides."""

    def validate(self, value: Any) -> None:
        """Let nothing pass."""


class PersonForm(forms.Form):
    """Whom to let take part in a ticket."""

    email = EmailField(label=_("E-mail address"), required_message=_("Write the e-mail address of whom to add."))
    name = LineField(
        label=_("Name"),
        required=False,
        max_length=120,
        error_messages={"max_length": _("This name is too long. Up to %(limit_value)s characters fit.")},
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="person-%s")


class PhoneField(LineField):
    """A phone number, as people write it."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Phone"),
            required=False,
            max_length=40,
            error_messages={"max_length": NO_PHONE},
            validators=[RegexValidator(r"\A(?=(?:[^0-9]*[0-9]){3})[0-9+()/. xX#*-]*\Z", NO_PHONE)],
        )

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"type": "tel", "autocomplete": "tel"}


class ProfileForm(forms.Form):
    """What people keep about themselves; fields are called as in User."""

    name = LineField(
        label=_("Name"),
        max_length=120,
        error_messages={
            "required": _("Write your name, so that we know whom we answer."),
            "max_length": _("This name is too long. Up to %(limit_value)s characters fit."),
        },
    )
    phone = PhoneField()
    time_zone = forms.ChoiceField(
        label=_("Time zone"), required=False, error_messages={"invalid_choice": _("Choose from the list.")}
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, error_messages={"invalid_choice": _("Choose from the list.")}
    )

    def __init__(self, data: Any = None, *, person: User) -> None:
        super().__init__(data, initial={name: getattr(person, name) for name in self.base_fields})
        usual = _now("The help desk's own (%(zone)s)") % {"zone": SiteSettings.load().time_zone}
        known = ((zone, zone.replace("_", " ")) for zone in zones(person.time_zone))
        self._offer("time_zone", [("", usual), *known])
        languages.offer(self.fields["language"])

    def _offer(self, name: str, choices: Any) -> None:
        field: Any = self.fields[name]
        field.choices = choices


class AddressForm(forms.Form):
    """An address to add to one's own."""

    email = EmailField(label=_("Another e-mail address"), required_message=_("Write the address that you want to add."))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="address-%s")


class OnceForm(FilesForm):
    """A form that counts once, however often it is sent; changed and sent again, it counts again."""

    request_key = LineField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def __init__(
        self, data: Any = None, files: Any = None, *, initial: dict[str, Any] | None = None, **options: Any
    ) -> None:
        super().__init__(data, files, initial={"request_key": secrets.token_hex(16)} | (initial or {}), **options)

    def sent_as(self) -> str:
        """Return the key of this form with this content; "" for a form that carries none of ours."""
        key = self.cleaned_data["request_key"]
        if not REQUEST_KEY.fullmatch(key):
            return ""
        typed = [str(self[name].data) for name in sorted(self.fields) if name != "attachments"]
        files: Sequence[NewFile] = self.cleaned_data["attachments"]
        content = [*typed, *(f"{file.blob.sha256} {file.name}" for file in files)]
        return hashlib.sha256("\0".join(content).encode("utf-8", "replace")).hexdigest()[:40]


def may_be_kept(person: User) -> bool:
    """Say whether a phone number that is told with a ticket becomes this person's own."""
    return not (person.phone or person.is_agent or person.is_administrator)


class OpenTicketForm(OnceForm):
    email = EmailField()
    name = LineField(
        label=_("Your name"),
        max_length=120,
        error_messages={
            "required": _("Write your name, so that we know whom we answer."),
            "max_length": _("This name is too long. Up to %(limit_value)s characters fit."),
        },
    )
    topic = LineField(label=_("What is it about?"), error_messages={"required": _("Choose what it is about.")})
    subject = LineField(
        label=_("Summary"),
        max_length=SUBJECT_LENGTH,
        error_messages={
            "required": _("Write a short summary, for example “Sign-in page shows error 503”."),
            "max_length": _(
                "This summary has %(show_value)s characters; up to %(limit_value)s fit. Say the rest below."
            ),
        },
    )
    text = TextField(
        label=_("What happens?"),
        max_length=MAX_TEXT,
        error_messages={
            "required": _("Describe what happens: what you did, and what you saw."),
            "max_length": TEXT_TOO_LONG,
        },
    )
    # People leave it empty, machines do not.
    website = LineField(label=_("Leave this field empty"), required=False)

    phone = PhoneField()

    field_order = ["email", "name", "phone", "topic", "subject", "text", "attachments"]

    def __init__(self, *args: Any, offers: Sequence[Offer], address: Address | None = None, **options: Any) -> None:
        """`address` is that of whoever is signed in: they need not say who they are."""
        super().__init__(*args, **options)
        self.address = address
        if address is not None:
            del self.fields["email"], self.fields["name"]
            if not may_be_kept(address.user):
                del self.fields["phone"]
        # Which tickets keep it from being opened: the person has too many.
        self.open_tickets: TicketQuerySet | None = None
        self.offers = {str(offer.pk): offer for offer in offers}
        if not offers:
            del self.fields["topic"]
        elif len(offers) == 1:
            self.initial.setdefault("topic", str(offers[0].pk))

    @property
    def chosen(self) -> Offer | None:
        """The offer whose card is chosen, now or on the page that comes back."""
        return self.offers.get(str(self["topic"].value())) if "topic" in self.fields else None

    def clean_topic(self) -> Offer:
        offer = self.offers.get(self.cleaned_data["topic"])
        if offer is None:
            raise forms.ValidationError(
                _now("The help topic you chose is not offered any more. Choose another; the rest is as you left it.")
            )
        return offer

    def clean_website(self) -> str:
        if self.cleaned_data["website"]:
            raise forms.ValidationError(_now("Leave this field empty: it is there to catch machines."))
        return ""


class CheckForm(forms.Form):
    email = EmailField(is_new=False)
    number = LineField(
        label=_("Ticket number"),
        max_length=40,
        error_messages={
            "required": _("Write the ticket number. It is in every mail about the ticket."),
            "max_length": _("This is no ticket number. It is in every mail about the ticket."),
        },
    )

    def clean_number(self) -> str:
        # What a help topic puts before its numbers is written in capitals.
        return str(self.cleaned_data["number"]).replace(" ", "").lstrip("#").upper()


class MessageForm(OnceForm):
    text = WordsField(label=_("Your message"), max_length=MAX_TEXT, error_messages={"max_length": TEXT_TOO_LONG})

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not data["text"] and not data["attachments"]:
            self.add_error("text", _now("Write something first, or attach a file."))
        return data


class SeenForm(forms.Form):
    """Carries how many events the page told of (portal.reading.count_seen)."""

    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def count(self) -> int:
        """Return how many; what is missing or no number counts as having seen nothing."""
        return (self.cleaned_data.get("seen") if self.is_valid() else 0) or 0
