"""What an SLA plan would promise, tried out by administrators; nothing is stored (PARITY S08)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from desk.milestones import if_broken, warns
from sla.hours import ALWAYS, Calendar
from sla.models import BusinessHours, Priority, SLAPlan, Target, Wait
from sla.promises import calendar_or_none, hours_for
from sla.telling import Mark, Told, tell
from sla.timelines import Spell, Timeline, lay_out, reaching, when_due
from tickets.models import Department

PAUSES = 4
# Zones are known for these years, and promises end within two years of working time.
FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
# Of a clock that is never due so much is shown after all that happened.
SHOWN = timedelta(hours=1)
WRITTEN = "%Y-%m-%dT%H:%M"


class Pause(NamedTuple):
    begins: datetime
    ends: datetime | None
    wait: Wait
    row: int


class MomentField(forms.DateTimeField):
    """A time in the reader's zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WRITTEN)

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("error_messages", {"invalid": _("Write a date and a time, such as 2026-12-24 09:30.")})
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> datetime | None:
        try:
            found = super().to_python(value)
            if found is None or FIRST <= found < LAST:
                return found
        except OverflowError:
            pass
        raise forms.ValidationError(_now("Choose a time between 1990 and 2060."))


class DiagnosisForm(forms.Form):
    start = MomentField(label=_("Start"), help_text=_("In your time zone."))
    plan = forms.ModelChoiceField(SLAPlan.objects.none(), label=_("SLA plan"), empty_label=None)
    priority = forms.ModelChoiceField(Priority.objects.none(), label=_("Priority"), empty_label=None)
    department = forms.ModelChoiceField(
        Department.objects.none(), label=_("Department"), required=False, empty_label=_("None")
    )
    hours = forms.ModelChoiceField(
        BusinessHours.objects.none(),
        label=_("Business hours"),
        required=False,
        empty_label=_("Those of the department, the plan or the site"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["plan"].queryset = SLAPlan.objects.filter(archived_at=None).order_by("name", "pk")
        fields["priority"].queryset = Priority.objects.filter(archived_at=None).order_by("level", "pk")
        fields["department"].queryset = Department.objects.filter(archived_at=None).with_path().in_order()
        fields["hours"].queryset = BusinessHours.objects.filter(archived_at=None).order_by("name", "pk")
        for n in range(1, PAUSES + 1):
            fields[f"from_{n}"] = MomentField(label=_("Paused from"), required=False)
            fields[f"until_{n}"] = MomentField(label=_("until"), required=False)
            fields[f"by_{n}"] = forms.ChoiceField(label=_("by"), required=False, choices=[("", "–"), *Wait.choices])

    @property
    def usual(self) -> list[Any]:
        return [self[name] for name in ("start", "plan", "priority", "department", "hours")]

    @property
    def pause_rows(self) -> list[list[Any]]:
        return [[self[f"{name}_{n}"] for name in ("from", "until", "by")] for n in range(1, PAUSES + 1)]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            cleaned["pauses"] = [pause for n in range(1, PAUSES + 1) if (pause := self._pause(n))]
        if not self.errors:
            self._refuse_disorder(cleaned["pauses"])
        return cleaned

    def _pause(self, n: int) -> Pause | None:
        begins, ends, by = (self.cleaned_data.get(f"{name}_{n}") for name in ("from", "until", "by"))
        if not begins and not ends and not by:
            return None
        if not begins:
            self.add_error(f"from_{n}", _now("Say when the pause began."))
        elif not by:
            self.add_error(f"by_{n}", _now("Say what it waited for."))
        elif begins < self.cleaned_data["start"]:
            self.add_error(f"from_{n}", _now("A pause cannot begin before the start."))
        elif ends and ends <= begins:
            self.add_error(f"until_{n}", _now("A pause ends after it began."))
        else:
            return Pause(begins, ends, Wait(by), n)
        return None

    def _refuse_disorder(self, pauses: Sequence[Pause]) -> None:
        for number, (first, second) in enumerate(pairwise(pauses), start=2):
            if first.ends is None or first.ends > second.begins:
                self.add_error(
                    f"from_{number}", _now("Write pauses in order: this one begins before the last one ended.")
                )
                return


@dataclass(frozen=True, slots=True)
class Found:
    """What a plan promises of one target; `ignored` are the waits that the plan does not let pause it."""

    target: Target
    told: Told
    due: datetime | None
    ignored: Sequence[str]


@require_safe
def diagnosis(request: HttpRequest) -> HttpResponse:
    """Show the timelines of all that a plan promises."""
    if not request.user.has_perm("sla.view_slaplan"):
        raise PermissionDenied
    form = DiagnosisForm(request.GET if "start" in request.GET else None, initial=_usual())
    context: dict[str, Any] = {"title": _now("When would it be due?"), "form": form}
    if form.is_bound and form.is_valid():
        context |= _answer(form.cleaned_data)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "admin/diagnosis.html", {**admin.site.each_context(request), **context}, status=status)


def _usual() -> dict[str, Any]:
    return {
        "start": localtime().replace(second=0, microsecond=0),
        "plan": SLAPlan.objects.filter(is_default=True).first(),
        "priority": Priority.objects.filter(is_default=True).first(),
    }


def _answer(given: dict[str, Any]) -> dict[str, Any]:
    plan: SLAPlan = given["plan"]
    hours = _hours(given, plan)
    calendar = calendar_or_none(hours.pk, hours.version) if hours else ALWAYS
    if calendar is None:
        return {"hours": hours, "contradiction": True}
    promised = plan.promises(given["priority"].pk)
    named, zone = (hours.name, ZoneInfo(hours.time_zone)) if hours else ("", None)
    found = [
        _found(Target(target), promised[target], given, calendar, (named, zone))
        for target in Target
        if target in promised
    ]
    return {"hours": hours, "found": found, "plan": plan}


def _hours(given: dict[str, Any], plan: SLAPlan) -> BusinessHours | None:
    """Return the business hours that are asked for, else those that would hold (sla.promises); None for all hours."""
    if given["hours"] is not None:
        chosen: BusinessHours = given["hours"]
        return chosen
    department: Department | None = given["department"]
    holding = hours_for(plan, department.hours_id if department else None)
    return BusinessHours.objects.get(pk=holding[0]) if holding else None


def _found(
    target: Target, within: timedelta, given: dict[str, Any], calendar: Calendar, by: "tuple[str, tzinfo | None]"
) -> Found:
    plan: SLAPlan = given["plan"]
    pauses: list[Pause] = [pause for pause in given["pauses"] if plan.pausing(target, [pause.wait])]
    ignored = [pause.wait.label for pause in given["pauses"] if pause not in pauses]
    spells = list(_spells(given["start"], pauses))
    timeline = _until_due(spells, within, calendar)
    marks = [*_warnings(plan, spells, within, calendar), *_steps(plan, target, timeline.due, calendar)]
    timeline = reaching(timeline, [mark.at for mark in marks if mark.at])
    return Found(target, tell(timeline, *by, marks, now=now()), timeline.due, list(dict.fromkeys(map(str, ignored))))


def _warnings(plan: SLAPlan, spells: Sequence[Spell], within: timedelta, calendar: Calendar) -> Iterator[Mark]:
    for share in plan.warnings:
        if at := when_due(spells, within * share / 100, calendar):
            yield warns(share, at)


def _steps(plan: SLAPlan, target: Target, due: datetime | None, calendar: Calendar) -> Iterator[Mark]:
    """Yield what is done if the promise is broken, some working time after it was due."""
    for step in plan.steps.select_related("team", "agent", "priority").order_by("after", "pk"):
        if step.target in ("", target):
            yield if_broken(
                step, (when_due([Spell(due, None)], step.after, calendar) or due + step.after) if due else None
            )


def _spells(start: datetime, pauses: Sequence[Pause]) -> Iterator[Spell]:
    """Yield how the clock runs and is paused by turns, as one of a ticket would."""
    runs_since: datetime | None = start
    for begins, ends, wait, _row in pauses:
        if runs_since is not None and runs_since < begins:
            yield Spell(runs_since, begins)
        yield Spell(begins, ends, wait)
        runs_since = ends
    if runs_since is not None:
        yield Spell(runs_since, None)


def _until_due(spells: list[Spell], within: timedelta, calendar: Calendar) -> Timeline:
    """Lay it out as of the moment it is due, so that all pauses before are counted, and none after."""
    due = when_due(spells, within, calendar)
    if due is None:
        return lay_out(spells, within, calendar, at=spells[-1].begins + SHOWN)
    before = [spell for spell in spells if spell.begins < due]
    before[-1] = before[-1]._replace(ends=None)
    return lay_out(before, within, calendar, at=due, due=due)


urlpatterns = [path("sla/diagnosis/", admin.site.admin_view(diagnosis), name="diagnosis")]
