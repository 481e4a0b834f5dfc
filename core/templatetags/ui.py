"""Tags that draw: icons, people, status, clocks, times, form fields. Loaded in every template.

They take objects by their attributes and know no model, so that every floor above may use them.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django import forms, template
from django.contrib.messages.storage.base import Message
from django.forms import BaseForm, BoundField
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_lazy, ngettext
from lucide.templatetags.lucide import lucide

from core.glyphs import GLYPHS

register = template.Library()

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
TONES = 6


# --- Icons ---------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Return an inline SVG: one of our own glyphs (core/glyphs.py), else the Lucide icon of that name."""
    return _icon(str(name), str(css))


@cache
def _icon(name: str, css: str) -> SafeString:
    classes = f"icon {css}".strip()
    if glyph := GLYPHS.get(name):
        return format_html(
            '<svg class="{}" viewBox="{}" aria-hidden="true" focusable="false">{}</svg>',
            classes,
            glyph.view_box,
            mark_safe(glyph.drawing),  # noqa: S308 - drawn in core/glyphs.py
        )
    svg = lucide(name, size=16, aria_hidden="true", focusable="false", **{"class": classes})
    return mark_safe(" ".join(svg.split()).replace("> <", "><"))  # noqa: S308 - from the installed package


# --- People --------------------------------------------------------------------------------------


@register.simple_tag
def avatar(person: Any, size: str = "", named: bool = False) -> SafeString:
    """Return a circle with the initials of a person or team, or a dashed one for nobody.

    `size` is "", "sm" or "xs". With `named` the name is there for screen readers and as a tooltip;
    without, it must stand beside the avatar.
    """
    sized = f" avatar-{size}" if size else ""
    if not person:
        return format_html(
            '<span class="avatar{} avatar-none" title="{}"><span class="vh">{}</span></span>',
            sized,
            gettext("Unassigned"),
            gettext("Unassigned"),
        )
    name = name_of(person)
    # From the key, so that a person keeps the colour when the name changes.
    tone = zlib.crc32(str(person.pk).encode()) % TONES + 1
    circle = format_html('<span class="avatar av-{}{}" aria-hidden="true">{}</span>', tone, sized, initials(name))
    if not named:
        return circle
    return format_html('<span title="{}">{}<span class="vh">{}</span></span>', name, circle, name)


def name_of(person: Any) -> str:
    return str(getattr(person, "display_name", "") or person.name)


def initials(name: str) -> str:
    """Return the first letters of the first and the last word, or "?" where there is none."""
    words = [word for word in ("".join(c for c in part if c.isalnum()) for part in name.split()) if word]
    return "".join(word[0] for word in dict.fromkeys((words[0], words[-1]))).upper() if words else "?"


# --- Status and priority -------------------------------------------------------------------------


@register.simple_tag
def status_badge(ticket: Any, chip: bool = False) -> SafeString:
    """Return the ticket's status with its glyph; beside it, for an agent, that it awaits the requester.

    Plain in tables, where "awaiting" is a glyph with its text for screen readers; with `chip` as in
    headers, where "awaiting" is written out. Overdue is told by the clocks.
    """
    css = " status-chip" if chip else ""
    badge = format_html(
        '<span class="status status-{}{}">{}<span>{}</span></span>',
        ticket.status,
        css,
        icon(f"st-{ticket.status}"),
        ticket.get_status_display(),
    )
    if ticket.awaiting != "requester" or ticket.status not in {"open", "assigned", "reopened"}:
        return badge
    words = gettext("Awaiting requester")
    if chip:
        return format_html(
            '{} <span class="status status-awaiting">{}<span>{}</span></span>', badge, icon("st-awaiting"), words
        )
    return format_html(
        '{}<span class="status status-awaiting" title="{}">{}<span class="vh">, {}</span></span>',
        badge,
        words,
        icon("st-awaiting"),
        words,
    )


@register.simple_tag
def status_chip(ticket: Any) -> SafeString:
    """Return the status alone, as a chip: what a requester needs to know."""
    return format_html(
        '<span class="status status-{} status-chip">{}<span>{}</span></span>',
        ticket.status,
        icon(f"st-{ticket.status}"),
        ticket.get_status_display(),
    )


@register.simple_tag
def priority_badge(priority: Any) -> SafeString:
    return format_html(
        '<span class="priority priority-{}">{}<span>{}</span></span>',
        priority.glyph,
        icon(f"pr-{priority.glyph}"),
        priority.name,
    )


# --- Clocks --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock shows: its state (ok, risk, breached, met, late), in words, and how much is left."""

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
    "breached": gettext_lazy("breached"),
    "met": gettext_lazy("met in time"),
    "late": gettext_lazy("met too late"),
}
STATE_ICONS = {"breached": "clock-alert", "late": "clock-alert", "met": "check"}


def read_clock(clock: Any, now: datetime) -> Reading | None:
    """Return what `clock` shows at `now`; None for no clock, and for one that was cancelled."""
    if clock is None or clock.outcome == "cancelled":
        return None
    left = clock.deadline_at - (clock.stopped_at or now)
    if clock.stopped_at:
        if left < timedelta():
            return Reading("late", gettext("%(time)s late") % {"time": duration(-left)})
        return Reading("met", gettext("Met in %(time)s") % {"time": duration(clock.stopped_at - clock.started_at)})
    if left <= timedelta():
        return Reading("breached", gettext("%(time)s over") % {"time": duration(-left)})
    total = clock.deadline_at - clock.started_at
    percent = min(100, round(100 * (left / total)))
    return Reading("risk" if left <= HOUR or left < total / 4 else "ok", duration(left), percent)


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
    of = gettext("of %(time)s") % {"time": duration(clock.deadline_at - clock.started_at)}
    if not clock.stopped_at:
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
    return gettext("%(what)s, due %(moment)s") % {
        "what": clock.get_target_display(),
        "moment": _full_moment(clock.deadline_at),
    }


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
    return _time(moment, _full_moment(moment)) if moment else mark_safe("")


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
        _full_moment(moment),
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
    return _full_moment(moment)


def _full_moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y, H:i")


# --- Properties ----------------------------------------------------------------------------------


@register.simple_block_tag
def prop(content: SafeString, label: str, deed: Any = None) -> SafeString:
    """Return a property as dt and dd; with `deed` ({url, name}) its value opens the dialog that changes it."""
    if not deed:
        return format_html(
            '<div class="prop"><dt>{}</dt><dd><span class="prop-value">{}</span></dd></div>', label, content
        )
    return format_html(
        '<div class="prop"><dt>{}</dt><dd><a class="prop-value" href="{}" data-dialog="{}">{}</a></dd></div>',
        label,
        deed["url"] if isinstance(deed, Mapping) else deed.url,
        deed["name"] if isinstance(deed, Mapping) else deed.name,
        content,
    )


# --- Files ---------------------------------------------------------------------------------------


@register.filter
def filesize_short(size: int | None) -> str:
    """Return a size in bytes as people say it: 184 KB, 1.4 MB."""
    if size is None:
        return ""
    if size < 1024:
        return ngettext("%(n)s byte", "%(n)s bytes", size) % {"n": size}
    if round(size / 1024) < 1024:
        return gettext("%(n)s KB") % {"n": round(size / 1024)}
    megabytes = size / 1024 / 1024
    return gettext("%(n)s MB") % {"n": f"{megabytes:.1f}".removesuffix(".0")}


# --- Forms ---------------------------------------------------------------------------------------


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, label: str = "", hint: str | None = None, css: str = "", **attrs: Any) -> dict[str, Any]:
    """Draw a form field: label, hint, error, input, tied together for screen readers.

    `label` and `hint` replace the form's own; further arguments become attributes of the input
    (`rows=6 autocomplete="email"`; an underscore stands for a hyphen). A widget of the class
    `input-note` is amber and says that only agents see it.
    """
    widget = bound.field.widget
    kind = _kind_of(widget)
    own_css = str(widget.attrs.get("class", ""))
    hint = str(bound.help_text) if hint is None else hint
    is_note = "input-note" in own_css
    attrs = {name.replace("_", "-"): value for name, value in attrs.items()}
    described_by = [f"{bound.auto_id}_error"] if bound.errors else []
    if hint or is_note:
        described_by.append(f"{bound.auto_id}_helptext")
    if described_by:
        attrs["aria-describedby"] = " ".join(described_by)
    if kind == "input":
        attrs["class"] = f"input {own_css} {css}".strip()
        if isinstance(widget, forms.Textarea) or getattr(widget, "input_type", "") == "text":
            attrs.setdefault("dir", "auto")
    return {
        "bound": bound,
        "kind": kind,
        "label": label or bound.label,
        "hint": hint,
        "is_note": is_note,
        "is_optional": not bound.field.required and kind != "check",
        "described_by": attrs.get("aria-describedby", ""),
        "widget": "" if kind == "choices" else bound.as_widget(attrs=attrs),
    }


def _kind_of(widget: forms.Widget) -> str:
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    return "input"


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """Draw what is wrong with a form above it, each with a link to its field. Gets the focus."""
    problems = [("", str(error)) for error in form.non_field_errors()]
    for bound in form:
        target = "" if bound.is_hidden else bound.id_for_label or bound.auto_id
        # A question already ends in its own mark.
        mark = "" if str(bound.label).endswith("?") else ":"
        problems += [(target, f"{bound.label}{mark} {error}" if target else str(error)) for error in bound.errors]
    title = ngettext("One thing needs a change", "%(count)s things need a change", len(problems))
    return {"problems": problems, "title": title % {"count": len(problems)}}


# --- Toasts --------------------------------------------------------------------------------------


@register.inclusion_tag("components/toast.html", takes_context=True)
def toast(context: template.Context, message: Message) -> dict[str, Any]:
    """Draw a message of django.contrib.messages.

    Its extra_tags may hold `undo:/path`, which adds a button that posts there, and `sent:<draft>`,
    which tells composer.js that the text kept under that name arrived.
    """
    told = dict(part.partition(":")[::2] for part in (message.extra_tags or "").split())
    level = message.level_tag if message.level_tag in TOAST_ICONS else "info"
    undo = told.get("undo", "")
    return {
        "message": message,
        "level": level,
        "icon_name": TOAST_ICONS[level],
        # A path of ours: "//host" and "/\host" would leave it.
        "undo": undo if undo.startswith("/") and undo[1:2] not in {"/", "\\"} else "",
        "sent": told.get("sent", ""),
        "csrf_token": context.get("csrf_token"),
    }


TOAST_ICONS = {"success": "st-resolved", "info": "info", "warning": "triangle-alert", "error": "circle-x"}
