"""Naming somebody outside of the desk: a person who is known, found by name or address, or a new address."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Address
from accounts.people import address_of
from core.domains import require_mail_domain
from desk.finding import Find, FindSelect, first, given
from desk.sidebar import read_id
from tickets.thread import clean_text

# The box above the list of people.
FIND = "find_person"
NO_ADDRESS = _("This is no e-mail address. Write it like ada@example.org.")


class WhoForm(forms.Form):
    """`person` is found in a list (for agents who may look people up); else `email`, with a name if it is known."""

    person = forms.CharField(label=_("Person"), required=False, widget=FindSelect)
    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": NO_ADDRESS, "max_length": NO_ADDRESS},
        validators=[require_mail_domain],
    )
    name = forms.CharField(
        label=_("Name"), required=False, max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def offer_people(self, action: str, *, may_look_up: bool, beside: int | None = None) -> None:
        """List people of the organisation `beside`, or those who fit what is typed into the box above the list."""
        # One of both is needed, and `clean` says so.
        for name in ("person", "email"):
            self.fields[name].is_one_of = True  # type: ignore[attr-defined]  # read by the tag `field`
        if not may_look_up:
            del self.fields["person"]
            return
        find = Find.of(self, action, FIND)
        fitting = _people(find.text, beside)
        people, has_more = first(fitting)
        count, chosen = len(people), self._address(str(given(self).get("person") or ""))
        if find.text and not self.is_bound:
            # Who looks for somebody else has given up whom they had chosen. If one alone fits, it is that one.
            fits = chosen is not None and fitting.filter(pk=chosen.pk).exists()
            chosen = chosen if fits else people[0] if count == 1 else None
            self.initial["person"] = str(chosen.pk) if chosen else ""
        if chosen is not None and chosen not in people:
            people = [chosen, *people]
        choices = [("", _("Nobody chosen")), *((str(one.pk), _label(one)) for one in people)]
        field: Any = self.fields["person"]
        field.help_text = _now("Choose a person, found by a part of the name or address, or type an address below.")
        if people or find.text:
            find.offer(field, choices, shown=count, has_more=has_more or not find.text)
        else:
            # Nobody near at hand: the box alone.
            field.widget.choices, field.widget.find = choices, find

    def clean_person(self) -> Address | None:
        value = self.cleaned_data["person"]
        if not value:
            return None
        address = self._address(value)
        if address is None:
            raise forms.ValidationError(_now("Choose from the list."))
        return address

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        # Django takes letters for ASCII that only look so when cases are folded; mail could not be sent there.
        if not email.rpartition("@")[2].isascii():
            raise forms.ValidationError(NO_ADDRESS)
        return email

    def clean_name(self) -> str:
        return " ".join(clean_text(self.cleaned_data["name"]).split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "email" not in self.errors and "person" not in self.errors:
            chosen, typed = cleaned.get("person"), cleaned.get("email")
            if not chosen and not typed:
                # Who writes an address into the box that finds people, and leaves it there, means it.
                typed = cleaned["email"] = self._looked_for()
            if chosen and typed and chosen.email != typed.lower():
                self.add_error("email", _now("You chose somebody and wrote another address. Leave one of them empty."))
            elif not chosen and not typed:
                self.add_error("email", _now("Say who: choose somebody, or write an e-mail address."))
        return cleaned

    def _looked_for(self) -> str:
        """Return what was typed to find somebody, if it is an e-mail address."""
        field: Any = self.fields["email"]
        if "person" not in self.fields:
            return ""
        try:
            email: str = field.clean(str(given(self).get(FIND) or ""))
        except forms.ValidationError:
            return ""
        return email if email.rpartition("@")[2].isascii() else ""

    def address(self) -> Address:
        """Return the address that was chosen or typed; a guest is made of one that is new."""
        chosen: Address | None = self.cleaned_data.get("person")
        return chosen or address_of(self.cleaned_data["email"], name=self.cleaned_data["name"])

    def _address(self, value: str) -> Address | None:
        pk = read_id(value)
        return _known().filter(pk=pk).first() if pk is not None else None


def _known() -> "QuerySet[Address]":
    return Address.objects.select_related("user").filter(user__is_active=True)


def _people(text: str, organization_id: int | None) -> "QuerySet[Address]":
    known = _known()
    if text:
        return known.filter(Q(user__name__icontains=text) | Q(email__icontains=text)).order_by("user__name", "pk")
    # Without words only colleagues are near at hand; everybody would be a list of thousands.
    mine = known.filter(is_primary=True, user__organization=organization_id) if organization_id else known.none()
    return mine.order_by("user__name", "pk")


def _label(address: Address) -> str:
    name = address.user.name
    return f"{name}, {address.email}" if name else address.email
