"""The form of a plan: what it promises at which priority, mistakes in plain words."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.configuration_admin import OneDefaultForm, SpokenFormSet
from sla.models import Target, Wait, pause_code

# Rows of the table within the page: each target at so many priorities.
MOST_TARGETS = 60


class PlanForm(OneDefaultForm):
    # Without a default plan a ticket may be promised nothing.
    needs_default = False

    pauses = forms.MultipleChoiceField(
        label=_("Paused while"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What is checked stands still meanwhile, and its deadline moves on by as much working time."),
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
