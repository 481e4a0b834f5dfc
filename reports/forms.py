"""What a report is asked for: a period and a department."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.timezone import localdate
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.principal import Principal
from reports.periods import MOST_DAYS, Period, Span, span_of
from tickets.models import Department, DepartmentAccess

# Two digits for a year are a slip, not the year 26.
YEARS = range(2000, 2101)
WRITTEN = "%Y-%m-%d"


class ReportForm(forms.Form):
    period = forms.ChoiceField(label=_("Period"), choices=Period.choices, required=False)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format=WRITTEN)
    )
    until = forms.DateField(
        label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format=WRITTEN)
    )
    department = forms.ModelChoiceField(
        Department.objects.none(), label=_("Department"), required=False, empty_label=_("All of yours")
    )

    def __init__(self, *args: Any, principal: Principal, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        field: Any = self.fields["department"]
        field.queryset = (
            Department.objects.filter(
                Q(pk__in=DepartmentAccess.objects.filter(agent=principal.user).values("department"))
                | Q(manager=principal.user)
            )
            .with_path()
            .in_order()
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        period = Period(cleaned.get("period") or Period.THIS_MONTH)
        if period != Period.OWN:
            cleaned["span"] = span_of(period, localdate())
        elif not self.errors:
            self._clean_own(cleaned)
        return cleaned

    def _clean_own(self, cleaned: dict[str, Any]) -> None:
        since, until = cleaned.get("since"), cleaned.get("until")
        if since is None or until is None:
            self.add_error(
                "since" if since is None else "until", gettext("Own dates need both a first and a last day.")
            )
        elif since.year not in YEARS or until.year not in YEARS:
            self.add_error("since", gettext("Choose days between 2000 and 2100."))
        elif until < since:
            self.add_error("until", gettext("The last day comes before the first."))
        elif (until - since).days >= MOST_DAYS:
            words = gettext("Choose at most %(count)s days: reports count every promise within.")
            self.add_error("until", words % {"count": MOST_DAYS})
        else:
            cleaned["span"] = Span(since, until)
