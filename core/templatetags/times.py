"""Tags that draw clocks and times. Loaded in every template."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_lazy

from core.moments import full_moment
from core.templatetags.ui import icon

register = template.Library()

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)


# --- Clocks --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock shows: its state (ok, risk, paused, breached, met, late), in words, and how much is left."""

    state: str
    text: str
    percent_left: int = 0

    @property
    def spoken(self) -> str:
        """Return the state for those who do not see the colour."""
        return str(SPOKEN[self.state])

    @property
    def glyph(self) -> SafeString:
        if name := STATE_ICONS.get(self.state):
            return icon(name)
        return _ring(self.percent_left)


SPOKEN: dict[str, str | Promise] = {
    "ok": gettext_lazy("on track"),
    "risk": gettext_lazy("at risk"),
    "paused": gettext_lazy("paused"),
    "breached": gettext_lazy("breached"),
    "met": gettext_lazy("met in time"),
    "late": gettext_lazy("met too late"),
}
STATE_ICONS = {"paused": "pause", "breached": "clock-alert", "late": "clock-alert", "met": "check"}


def read_clock(clock: Any, now: datetime) -> Reading | None:
    """Return what `clock` shows at `now`; None for no clock, and for one that was cancelled."""
    if clock is None or clock.outcome == "cancelled":
        return None
    if not clock.stopped_at and not clock.has_deadline:
        return Reading("paused", gettext("Paused")) if clock.paused_by else None
    left = clock.time_left(now)
    if clock.stopped_at:
        if left < timedelta():
            return Reading("late", gettext("%(time)s late") % {"time": duration(-left)})
        return Reading("met", gettext("Met in %(time)s") % {"time": duration(clock.stopped_at - clock.started_at)})
    if left <= timedelta():
        return Reading("breached", gettext("%(time)s over") % {"time": duration(-left)})
    # What is promised says nothing about a deadline that was set by hand.
    whole = max(clock.deadline_at - clock.started_at, MINUTE) if clock.is_manual else clock.within
    percent = min(100, round(100 * (left / whole)))
    is_at_risk = left <= HOUR or clock.warned_share or now > clock.warn_at
    return Reading("risk" if is_at_risk else "ok", _counted(clock, left), percent)


@register.simple_tag
def sla_chip(clock: Any, now: datetime) -> SafeString:
    """Return the clock as a chip: “48m”, “24m over”, “Met in 7m”; nothing where no clock runs."""
    reading = read_clock(clock, now)
    if reading is None:
        return mark_safe("")
    return format_html(
        '<span class="sla sla-{}" title="{}">{}<span class="vh">{} {}, </span><span class="num">{}</span></span>',
        reading.state,
        _due_words(clock),
        reading.glyph,
        clock.get_target_display(),
        reading.spoken,
        reading.text,
    )


@register.simple_tag
def clock_line(clock: Any, now: datetime) -> SafeString:
    """Return the clock as dt and dd for the ticket's header: Resolution, 48m left of 4h, due 13:02."""
    reading = read_clock(clock, now)
    if reading is None:
        return mark_safe("")
    words = reading.text
    if reading.state in {"ok", "risk"}:
        words = gettext("%(time)s left") % {"time": reading.text}
    if reading.state == "paused":
        words = gettext("Paused: %(why)s") % {"why": clock.get_paused_by_display()}
    promised = {"time": _counted(clock, clock.within)}
    of = gettext("of %(time)s of working time") % promised if clock.hours_id else gettext("of %(time)s") % promised
    if clock.is_manual:
        of = gettext("due %(time)s, set by hand") % {"time": _short_moment(clock.deadline_at, now)}
    elif not clock.stopped_at and clock.has_deadline:
        of = gettext("%(of)s, due %(time)s") % {"of": of, "time": _short_moment(clock.deadline_at, now)}
    return format_html(
        '<div class="clock is-{}" title="{}"><dt>{}</dt><dd>{}<span class="vh">{},</span>'
        '<strong class="num">{}</strong><span class="num">{}</span></dd></div>',
        reading.state,
        _due_words(clock),
        clock.get_target_display(),
        reading.glyph,
        reading.spoken,
        words,
        of,
    )


def _due_words(clock: Any) -> str:
    if not clock.has_deadline:
        why = clock.get_paused_by_display()
        return f"{clock.get_target_display()}: {why}" if why else str(clock.get_target_display())
    return gettext("%(what)s, due %(moment)s") % {
        "what": clock.get_target_display(),
        "moment": full_moment(clock.deadline_at),
    }


def _counted(clock: Any, span: timedelta) -> str:
    """Return some of the clock's time. Working time has no days: those of an office are no 24 hours."""
    if not clock.hours_id or span < HOUR:
        return duration(span)
    hours, minutes = divmod(int(span / MINUTE), 60)
    first = gettext("%(n)sh") % {"n": hours}
    return f"{first} {gettext('%(n)sm') % {'n': minutes}}" if minutes else first


@cache
def _ring(percent: int) -> SafeString:
    """Return a ring of which `percent` is drawn; presentation attributes, so that the CSP allows it."""
    return format_html(
        '<svg class="ring" viewBox="0 0 16 16" aria-hidden="true" focusable="false">'
        '<circle class="ring-track" cx="8" cy="8" r="6"/><circle class="ring-value" cx="8" cy="8" r="6" '
        'pathLength="100" stroke-dasharray="{} 100" transform="rotate(-90 8 8)"/></svg>',
        percent,
    )


# --- Times ---------------------------------------------------------------------------------------


@register.simple_tag
def time_ago(moment: datetime | None, now: datetime | None = None) -> SafeString:
    """Return how long ago, for lists: 6m, 3h, 2d; past a week the date."""
    if moment is None:
        return mark_safe("")
    now = now or timezone.now()
    return _time(moment, _ago_words(moment, now))


@register.simple_tag
def clock_time(moment: datetime | None, now: datetime | None = None) -> SafeString:
    """Return the time of day, for threads: 09:02; before today with the weekday; past a week the full date."""
    if moment is None:
        return mark_safe("")
    return _time(moment, _short_moment(moment, now or timezone.now()))


@register.simple_tag
def full_time(moment: datetime | None) -> SafeString:
    """Return date and time in full: 18 Nov 2025, 09:02."""
    return _time(moment, full_moment(moment)) if moment else mark_safe("")


@register.filter
def duration(span: timedelta | None) -> str:
    """Return a span in its two largest units: 48m, 1h 12m, 3d 2h."""
    if span is None:
        return ""
    minutes = int(abs(span) / MINUTE)
    if minutes < 1:
        return gettext("<1m")
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    units = [
        (days, gettext("%(n)sd") % {"n": days}),
        (hours, gettext("%(n)sh") % {"n": hours}),
        (minutes, gettext("%(n)sm") % {"n": minutes}),
    ]
    first = next(i for i, (n, _text) in enumerate(units) if n)
    return " ".join(text for n, text in units[first : first + 2] if n)


def _time(moment: datetime, words: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        timezone.localtime(moment).isoformat(timespec="seconds"),
        full_moment(moment),
        words,
    )


def _ago_words(moment: datetime, now: datetime) -> str:
    ago = now - moment
    if ago < MINUTE:
        return gettext("now")
    if ago < HOUR:
        return gettext("%(n)sm") % {"n": int(ago / MINUTE)}
    if ago < DAY:
        return gettext("%(n)sh") % {"n": int(ago / HOUR)}
    if ago < WEEK:
        return gettext("%(n)sd") % {"n": int(ago / DAY)}
    local = timezone.localtime(moment)
    return date_format(local, "j M" if local.year == timezone.localtime(now).year else "j M Y")


def _short_moment(moment: datetime, now: datetime) -> str:
    local, today = timezone.localtime(moment), timezone.localtime(now).date()
    if local.date() == today:
        return date_format(local, "H:i")
    if abs(local.date() - today) < WEEK:
        return date_format(local, "D H:i")
    return full_moment(moment)
