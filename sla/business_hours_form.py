"""The form of business hours: times as people write them, mistakes in plain words."""

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.bounded_admin import ModelForm
from core.configuration_admin import OneDefaultForm, SpokenFormSet
from sla import holidays
from sla.hours import BadCalendar, NeverOpens, OverlappingWindows, validate
from sla.hours.calendar import BadWindow
from sla.models import BusinessHours, ExceptionWindow, WeeklyWindow
from sla.models.business_hours import WEEKDAYS, make_calendar


class TimeOfDayField(forms.CharField):
    """A time such as 09:30; 9:30 is the same, and 24:00 the end of the day."""

    widget = forms.TextInput(attrs={"size": "5", "placeholder": "09:00", "class": "time-of-day"})

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return f"0{text}" if len(text) == 4 else text


class BusinessHoursForm(OneDefaultForm):
    # Without any, every hour counts.
    needs_default = False

    class Meta:
        model = BusinessHours
        fields = ("name", "time_zone", "country", "region")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        none = ("", _("No country"))
        self.fields["country"] = _choice(self.fields["country"], [none, *holidays.countries()])
        country = str(self.data.get("country", "") if self.is_bound else self.instance.country)
        offered = holidays.regions(country)
        region = self.fields["region"] = _choice(self.fields["region"], [("", _("The whole country")), *offered])
        if not country:
            region.help_text = _("Choose a country and save: then its regions are offered here.")
        elif not offered:
            region.help_text = _("This country has no regions with holidays of their own.")
        # A region of another country is let go of, not complained about.
        if self.is_bound and str(self.data.get("region", "")) not in dict(offered):
            self.data = {**self.data.dict(), "region": ""} if isinstance(self.data, QueryDict) else self.data


class WindowsFormSet(SpokenFormSet):
    """The weekly windows: some day each, none over another, and open at some time."""

    default_error_messages: ClassVar[Any] = {"too_few_forms": _("Write down at least one window: when is it open?")}

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        rows: list[WeeklyWindow] = [form.instance for form in _kept(self)]
        for form in _kept(self):
            if not any(form.cleaned_data.get(name) for name in WEEKDAYS):
                form.add_error(None, gettext("Choose at least one day."))
                return
        zone = self.instance.time_zone
        if not zone or "time_zone" in _errors_of(self.instance):
            return
        saved = self.instance if self.instance.pk else None
        days = saved.holidays.values_list("day", flat=True) if saved else []
        instead = saved.exceptions.all() if saved else []
        try:
            validate(make_calendar(zone, rows, days, instead), now())
        except BadCalendar as error:
            raise ValidationError(in_words(error)) from None


class ExceptionsFormSet(SpokenFormSet):
    """The exceptions: windows of one date do not overlap, and a date is open or it is not."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        rows: list[ExceptionWindow] = [form.instance for form in _kept(self)]
        closed = {row.day for row in rows if not row.opens}
        if both := sorted(closed & {row.day for row in rows if row.opens}):
            raise ValidationError(
                gettext("On %(day)s it is closed, and open too. Keep one.") % {"day": _named(both[0])}
            )
        try:
            make_calendar("UTC", [], [], rows)
        except BadCalendar as error:
            raise ValidationError(in_words(error)) from None


class ExceptionForm(ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        is_readable = not {"opens", "closes"} & self.errors.keys()
        if bool(cleaned.get("opens")) != bool(cleaned.get("closes")) and is_readable:
            missing = "opens" if cleaned.get("closes") else "closes"
            self.add_error(missing, gettext("Fill in both times, or neither if it is closed that day."))
        return cleaned


def in_words(error: BadCalendar) -> str:
    """Return what is wrong in the reader's language."""
    match error:
        case OverlappingWindows():
            values = {
                "first": error.first,
                "second": error.second,
                "day": _named(error.days[0]),
                "other_day": _named(error.days[1]),
            }
            return gettext("%(first)s on %(day)s and %(second)s on %(other_day)s overlap.") % values
        case BadWindow() if error.window.opens == error.window.closes:
            values = {"window": error.window, "day": _named(error.day)}
            return gettext("%(window)s on %(day)s has no length.") % values
        case BadWindow():
            values = {"window": error.window, "day": _named(error.day)}
            return gettext("%(window)s on %(day)s begins at the end of a day. Use 00:00 of the next one.") % values
        case NeverOpens():
            return gettext("It would never be open within the next ten years.")
    return str(error)


def _named(day: int | date) -> str:
    if isinstance(day, date):
        return date_format(day)
    names = [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")]
    return str(names[day])


def _choice(field: Any, choices: list[Any]) -> forms.ChoiceField:
    return forms.ChoiceField(label=field.label, help_text=field.help_text, required=False, choices=choices)


def _kept(formset: Any) -> list[Any]:
    """Return the rows that are filled in and stay."""
    return [
        form
        for form in formset.forms
        if (form.has_changed() or form.instance.pk) and not (formset.can_delete and formset._should_delete_form(form))
    ]


def _errors_of(hours: BusinessHours) -> dict[str, Any]:
    try:
        hours.clean_fields()
    except ValidationError as error:
        return error.message_dict
    return {}
