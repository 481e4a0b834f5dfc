"""The form of a plan: what it promises at which priority, mistakes in plain words."""

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.configuration_admin import OneDefaultForm, SpokenFormSet
from sla.models import MOST_WARNINGS, Target, Wait, pause_code, usual_warnings

# Rows of the table within the page: each target at so many priorities.
MOST_TARGETS = 60


class WarningsField(forms.CharField):
    """Shares of a clock's time in percent, written with commas between; in Python a list of numbers in order."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(share) for share in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        shares = []
        for word in re.split(r"[,;%\s]+", str(super().to_python(value) or "")):
            if not word:
                continue
            if not (word.isascii() and word.isdigit() and len(word) <= 3 and 1 <= int(word) <= 99):
                raise ValidationError(
                    gettext("“%(word)s” is no share. Write percents from 1 to 99, such as 75, 90.")
                    % {"word": word[:20]}
                )
            shares.append(int(word))
        if len(set(shares)) < len(shares):
            raise ValidationError(gettext("Name each share once."))
        if len(shares) > MOST_WARNINGS:
            sentence = ngettext("At most %(most)s warning.", "At most %(most)s warnings.", MOST_WARNINGS)
            raise ValidationError(sentence % {"most": MOST_WARNINGS})
        return sorted(shares)


class PlanForm(OneDefaultForm):
    # Without a default plan a ticket may be promised nothing.
    needs_default = False

    pauses = forms.MultipleChoiceField(
        label=_("Paused while"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What is checked stands still meanwhile, and its deadline moves on by as much working time."),
    )

    warnings = WarningsField(
        label=_("Warn at"),
        initial=usual_warnings,
        required=False,
        max_length=100,
        help_text=_("Percents of the promised time, such as 75, 90. Empty: no warning."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["pauses"]
        field.choices = [(wait.label, [(pause_code(wait, target), target.label) for target in Target]) for wait in Wait]

    class Meta:
        widgets = {"notes": forms.Textarea({"rows": 3})}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("hours_everywhere") and not cleaned.get("hours") and "hours" not in self.errors:
            self.add_error("hours", gettext("Choose the business hours that are to hold everywhere."))
        return cleaned


class TargetsFormSet(SpokenFormSet):
    """What is promised: one row for each target and priority, and one without a priority for all the others."""

    default_error_messages: ClassVar[Any] = {"too_few_forms": _("Promise something: a plan without promises is none.")}

    def validate_unique(self) -> None:
        """Leave it to `clean`, which says it beside the row and counts no priority as one, too."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        seen: set[tuple[str, Any]] = set()
        for form in self.forms:
            target = form.cleaned_data.get("target")
            if not target or form.cleaned_data.get("DELETE"):
                continue
            row = target, form.cleaned_data.get("priority")
            if row in seen:
                form.add_error(None, gettext("This is promised in another row already."))
                return
            seen.add(row)
        usual = {target for target, priority in seen if priority is None}
        for target, priority in sorted(seen, key=lambda row: row[0]):
            if target not in usual:
                raise ValidationError(
                    gettext("%(target)s is promised for %(priority)s alone. Add a row for every other priority.")
                    % {"target": Target(target).label, "priority": priority}
                )
