"""Form fields that read and write as people do."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core import durations

LONGEST = timedelta(days=36_500)


class DurationField(forms.Field):
    """A time such as "4h" or "3d 12h"; empty is None."""

    widget = forms.TextInput(attrs={"size": "12"})
    default_error_messages = {"invalid": _("Write a time like 30m, 4h or 3d 12h.")}

    def prepare_value(self, value: Any) -> Any:
        return durations.spell(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> timedelta | None:
        if value in self.empty_values or isinstance(value, timedelta):
            return value or None
        try:
            span = durations.parse(str(value))
        except ValueError:
            span = None
        if span is None or span > LONGEST:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return span
