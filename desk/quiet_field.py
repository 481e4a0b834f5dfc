"""The field of an agent's quiet hours: two times for each day of the week, or none."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

EDGES = ("from", "until")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


def name_of(day: int, edge: str) -> str:
    return f"quiet-{day}-{edge}"


def rows_of(hours: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Return the table as it is drawn: a row for each day, from Monday on."""
    labels = {"from": _("quiet from"), "until": _("quiet until")}
    return [
        {
            "label": weekday,
            "cells": [
                {"name": name_of(day, edge), "value": value, "label": f"{weekday}, {labels[edge]}"}
                for edge, value in zip(EDGES, hours.get(str(day)) or ("", ""), strict=True)
            ],
        }
        for day, weekday in WEEKDAYS.items()
    ]


class QuietHoursWidget(forms.Widget):
    """Reads the fields of the table; the page draws them itself."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, list[str]]:
        sent = {str(day): [str(data.get(name_of(day, edge), ""))[:8] for edge in EDGES] for day in WEEKDAYS}
        return {day: pair for day, pair in sent.items() if any(pair)}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False


class QuietHoursField(forms.Field):
    widget = QuietHoursWidget

    def clean(self, value: Any) -> dict[str, list[str]]:
        hours: dict[str, list[str]] = value or {}
        for pair in hours.values():
            # Some browsers send seconds.
            pair[:] = [text[:5] for text in pair]
            if not all(_TIME.fullmatch(text) for text in pair):
                raise ValidationError(_("Give both times of a day, such as 18:00 and 08:00, or none."))
        return hours
