"""When a reply is to go, or a ticket to come back: a few times that come up often, or one of the agent's own."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from desk.forms import SeenForm
from tickets.actions.held import MOST_AHEAD
from tickets.actions.waiting import LONGEST_SNOOZE

MORNING, EVENING = time(9), time(18)
MONDAY = 0
OWN = "own"
# At what hour of the day that a choice carries.
HOURS = {"evening": EVENING, "tomorrow": MORNING, "monday": MORNING}


def presets(at: datetime) -> list[tuple[str, datetime]]:
    """Return the times to choose from, by name, in the reader's zone; none that is over or comes twice.

    Names are "hour", and those of HOURS with their day ("tomorrow-2026-11-22"): what is chosen before midnight and sent
    after it means the day that its reader saw.
    """
    local = timezone.localtime(at)

    def on(days: int, hour: time) -> datetime:
        return datetime.combine(local.date() + timedelta(days=days), hour, tzinfo=local.tzinfo)

    until_monday = (MONDAY - local.weekday()) % 7 or 7
    # An hour of time, not of the clock: in the night in which clocks go back that would be two.
    found = [
        ("hour", timezone.localtime(at + timedelta(hours=1))),
        ("evening", on(0, EVENING)),
        ("tomorrow", on(1, MORNING)),
    ]
    if until_monday > 1:
        found.append(("monday", on(until_monday, MORNING)))
    return [
        (f"{name}-{moment:%Y-%m-%d}" if name in HOURS else name, moment)
        for name, moment in found
        if name != "evening" or moment - local > timedelta(minutes=30)
    ]


def moment_of(name: str, at: datetime) -> datetime | None:
    """Return when that is which somebody chose, in the reader's zone; None for what was never offered."""
    word, _dash, day = name.partition("-")
    if word not in HOURS:
        return dict(presets(at)).get(name)
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(day), HOURS[word]))
    except (ValueError, OverflowError):
        return None


def offered() -> list[tuple[str, str]]:
    """Return the times to choose from, by name, in words."""
    words = {
        "hour": _now("In an hour, %(time)s"),
        "evening": _now("This evening, %(time)s"),
        "tomorrow": _now("Tomorrow, %(time)s"),
        "monday": _now("On Monday, %(time)s"),
    }
    return [
        (name, words[name.partition("-")[0]] % {"time": date_format(moment, "H:i")}) for name, moment in presets(now())
    ]


class PresetField(forms.ChoiceField):
    """One of the times, also one that was offered yesterday: it stands in the list again, with its day."""

    def offer(self, chosen: str, *, before: tuple[str, str] | None = None, own: str) -> None:
        """Offer the times, and what was `chosen` if it is none of these any more; `own` is for one's own time."""
        found = offered()
        moment = moment_of(chosen, now())
        if moment is not None and chosen not in dict(found):
            found.append((chosen, date_format(moment, "j F, H:i")))
        self.choices = [*([before] if before else []), *found, (OWN, own)]


class LaterForm(forms.Form):
    """`cleaned_data["send_at"]` is when the reply goes, None for now."""

    later = PresetField(label=_("Send"), required=False)
    later_at = forms.DateTimeField(
        label=_("Day and time"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": _("Write day and time like 2026-11-30 09:00.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["later"]
        field.offer(_chosen(self), before=("", _now("Send now")), own=_now("At another time"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["send_at"] = None
        chosen, at = cleaned.get("later", ""), now()
        if chosen == OWN:
            cleaned["send_at"] = cleaned.get("later_at")
            if cleaned["send_at"] is None and "later_at" not in self.errors:
                self.add_error("later_at", _now("Say when it is to go."))
        elif chosen:
            cleaned["send_at"] = moment_of(chosen, at)
        if cleaned["send_at"] is not None and not at < cleaned["send_at"] <= at + MOST_AHEAD:
            text = _now("Choose a time within the next %(days)s days.") % {"days": MOST_AHEAD.days}
            self.add_error("later_at" if chosen == OWN else "later", text)
        return cleaned


def due_field(**options: Any) -> forms.DateTimeField:
    """Return the field that takes by when a ticket is to be solved, in the reader's zone."""
    return forms.DateTimeField(
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={
            "required": _("Say by when."),
            "invalid": _("Write day and time like 2026-11-30 09:00."),
        },
        **options,
    )


class DueDateForm(SeenForm):
    """`cleaned_data["due_at"]` is when the ticket is to be solved."""

    due_at = due_field(label=_("Due"))


class SnoozeForm(SeenForm):
    """`cleaned_data["moment"]` is until when the ticket rests."""

    later = PresetField(label=_("Until"))
    later_at = forms.DateTimeField(
        label=_("Day and time"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("For another time."),
        error_messages={"invalid": _("Write day and time like 2026-11-30 09:00.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["later"]
        field.offer(_chosen(self), own=_now("Another time"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        at, chosen = now(), cleaned.get("later", "")
        if cleaned.get("later_at"):
            # Whoever writes a time means it, whatever the list stands at.
            chosen = OWN
        moment = cleaned.get("later_at") if chosen == OWN else moment_of(chosen, at)
        if moment is None and not self.errors:
            self.add_error("later_at", _now("Say until when."))
        elif moment is not None and not at < moment <= at + LONGEST_SNOOZE:
            self.add_error("later_at", _now("Choose a time within the next year."))
        cleaned["moment"] = moment
        return cleaned


def _chosen(form: forms.Form) -> str:
    return str(form.data.get(form.add_prefix("later"), "")) if form.is_bound else ""
