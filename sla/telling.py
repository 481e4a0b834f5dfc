"""A timeline for people: as a picture, as lines of text, and in one sentence why it is due when it is due."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sla.models import Wait
from sla.timelines import State, Stretch, Timeline

WIDTH = 1000
# Narrower than this nobody sees a bar; so wide is the shortest.
NARROWEST = 3
# So many days before and after today no weekday comes twice.
NEAR = timedelta(days=3)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Bar(NamedTuple):
    """Where a stretch begins, of WIDTH, and how wide it is."""

    x: int
    width: int
    state: str
    is_ahead: bool


class Mark(NamedTuple):
    """Something that happened or will, at a moment: name is the class it is drawn by.

    `at` is None where it depends on a deadline that there is not yet; `note` says more about it.
    """

    name: str
    label: "str | Promise"
    at: datetime | None
    note: str = ""
    is_ahead: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A stretch in words. `there` is when it was by the clocks of the calendar, if they show another time."""

    stretch: Stretch
    words: str
    begins: str
    ends: str
    there: str
    spent: str


@dataclass(frozen=True, slots=True)
class Told:
    """What templates/components/_timeline.html draws."""

    why: SafeString
    bars: Sequence[Bar]
    # Each with its place in the picture, None outside of it.
    marks: Sequence[tuple[int | None, Mark]]
    lines: Sequence[Line]
    timeline: Timeline
    zone: str
    other_zone: bool
    begins: str
    ends: str


def tell(
    timeline: Timeline,
    hours: str,
    zone: "tzinfo | None",
    marks: Sequence[Mark] = (),
    *,
    now: datetime | None = None,
    set_by: str = "",
) -> Told:
    """Return the timeline for its reader, in whose zone times are given.

    `hours` names the business hours, "" where every hour counts; `zone` is their time zone. `now` is when it is read,
    if that is not when it was laid out. `set_by` names who set the deadline by hand, "" where it was reckoned.
    """
    now = now or timeline.at
    lines = [_line(stretch, timeline.at, zone) for stretch in timeline.stretches]
    return Told(
        why=_by_hand(timeline, zone, now, set_by) if set_by else why(timeline, hours, zone, now),
        bars=[_bar(stretch, timeline) for stretch in timeline.stretches],
        marks=[(_place(mark, timeline), mark) for mark in sorted(_marks(timeline, marks, now), key=_in_time)],
        lines=lines,
        timeline=timeline,
        zone=str(zone or ""),
        other_zone=any(line.there for line in lines),
        begins=told(timeline.begins, timeline.at),
        ends=told(timeline.ends, timeline.at),
    )


# --- The sentence --------------------------------------------------------------------------------

_WAITED: dict[str, "str | Promise"] = {
    Wait.REQUESTER: gettext_lazy("{time} it waited for the requester"),
    Wait.THIRD_PARTY: gettext_lazy("{time} it waited for a third party"),
    Wait.SNOOZED: gettext_lazy("{time} it was snoozed"),
}
_WAITS: dict[str, "str | Promise"] = {
    Wait.REQUESTER: gettext_lazy("Not due while it waits for the requester: {used} of {span} are used up."),
    Wait.THIRD_PARTY: gettext_lazy("Not due while it waits for a third party: {used} of {span} are used up."),
    Wait.SNOOZED: gettext_lazy("Not due while it is snoozed: {used} of {span} are used up."),
}


def why(timeline: Timeline, hours: str, zone: "tzinfo | None", now: datetime) -> SafeString:
    """Return in one sentence why it is due when it is due, or why it is not."""
    at, due = timeline.at, timeline.due
    span = spoken(timeline.within, is_working=bool(hours))
    if due is None and timeline.has_stopped:
        return format_html(
            _("No deadline: it stopped while it was paused, with {used} of {span} used up."),
            used=spoken(timeline.used),
            span=span,
        )
    if due is None:
        if timeline.waits_for in _WAITS:
            return format_html(str(_WAITS[timeline.waits_for]), used=spoken(timeline.used), span=span)
        return format_html(_("Never due: {hours} have not so much working time."), hours=_named(hours))
    return format_html(
        _ends(is_over=due <= now, has_hours=bool(hours)),
        span=span,
        hours=_named(hours),
        start=zoned(timeline.began, at, zone),
        without=_without(timeline),
        due=zoned(due, at, zone),
        stopped=_stopped(timeline),
    )


def _by_hand(timeline: Timeline, zone: "tzinfo | None", now: datetime, set_by: str) -> SafeString:
    assert timeline.due is not None  # it was set
    return format_html(
        _("Due on {due}, as <bdi>{who}</bdi> set it by hand, whatever the SLA plan promises."),
        due=zoned(timeline.due, now, zone),
        who=set_by,
    )


def _ends(*, is_over: bool, has_hours: bool) -> str:
    if has_hours:
        return (
            _("{span} of {hours} from {start}{without} ended on {due}{stopped}.")
            if is_over
            else _("{span} of {hours} from {start}{without} end on {due}{stopped}.")
        )
    return (
        _("{span} from {start}{without} ended on {due}{stopped}.")
        if is_over
        else _("{span} from {start}{without} end on {due}{stopped}.")
    )


def _without(timeline: Timeline) -> SafeString:
    """Return what did not count, set off by commas; nothing where all counted."""
    waits = [
        format_html(str(_WAITED[wait]), time=spoken(took)) for wait, took in timeline.paused.items() if wait in _WAITED
    ]
    if not waits:
        return SafeString("")
    return format_html(
        _(", without the {waits},"), waits=format_html_join(_(" and the "), "{}", ((one,) for one in waits))
    )


def _stopped(timeline: Timeline) -> str:
    """Return after how long it stopped, set off by a comma; nothing while it runs, and where it stopped too late."""
    if not timeline.has_stopped or timeline.used >= timeline.within:
        return ""
    return _(", and it stopped after {time}").format(time=spoken(timeline.used))


def _named(hours: str) -> SafeString:
    return format_html("<bdi>{}</bdi>", hours or _("All hours"))


def spoken(span: timedelta, *, is_working: bool = False) -> str:
    """Return a time in hours and minutes: “4 hours”, “4 working hours 30 minutes”; a working day is no 24 hours."""
    minutes = max(int(span / MINUTE), 0)
    hours, rest = divmod(minutes, 60)
    if is_working:
        first = ngettext("%(n)s working hour", "%(n)s working hours", hours) % {"n": hours}
        alone = ngettext("%(n)s working minute", "%(n)s working minutes", rest) % {"n": rest}
    else:
        first = ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
        alone = ngettext("%(n)s minute", "%(n)s minutes", rest) % {"n": rest}
    if not hours:
        return alone
    return f"{first} {ngettext('%(n)s minute', '%(n)s minutes', rest) % {'n': rest}}" if rest else first


# --- Times ---------------------------------------------------------------------------------------


def told(moment: datetime, now: datetime, zone: "tzinfo | None" = None) -> str:
    """Return a moment with its weekday, and with its date unless that is clear: “Fri 16:30”."""
    local, today = timezone.localtime(moment, zone), timezone.localtime(now, zone).date()
    if abs(local.date() - today) <= NEAR:
        return date_format(local, "D H:i")
    return date_format(local, "D j M, H:i" if local.year == today.year else "D j M Y, H:i")


def _until(stretch: Stretch, now: datetime, zone: "tzinfo | None" = None) -> str:
    """Return when it ends, behind when it begins: on the same day the time alone."""
    begins, ends = timezone.localtime(stretch.begins, zone), timezone.localtime(stretch.ends, zone)
    return date_format(ends, "H:i") if begins.date() == ends.date() else told(stretch.ends, now, zone)


def zoned(moment: datetime, now: datetime, zone: "tzinfo | None") -> SafeString:
    """Return a moment in the reader's zone, which shows what the calendar's clocks say to who points or goes there."""
    there = _there(moment, now, zone)
    local = timezone.localtime(moment).isoformat(timespec="seconds")
    if not there:
        return format_html('<time datetime="{}">{}</time>', local, told(moment, now))
    return format_html(
        '<time class="zoned" datetime="{}" tabindex="0">{}<span class="zoned-there"> ({})</span></time>',
        local,
        told(moment, now),
        there,
    )


def _there(moment: datetime, now: datetime, zone: "tzinfo | None") -> str:
    """Return what the calendar's clocks show then, "" where they show what the reader's do."""
    if zone is None or moment.astimezone(zone).utcoffset() == timezone.localtime(moment).utcoffset():
        return ""
    return _("%(time)s in %(zone)s") % {"time": told(moment, now, zone), "zone": zone}


# --- Lines and bars ------------------------------------------------------------------------------


def _line(stretch: Stretch, now: datetime, zone: "tzinfo | None") -> Line:
    there = ""
    if _there(stretch.begins, now, zone) or _there(stretch.ends, now, zone):
        there = f"{told(stretch.begins, now, zone)} – {_until(stretch, now, zone)}"
    counts = stretch.state in {State.RUNNING, State.LATE}
    return Line(
        stretch=stretch,
        words=_words(stretch),
        begins=told(stretch.begins, now),
        ends=_until(stretch, now),
        there=there,
        spent=spoken(stretch.open_time) if counts else "",
    )


def _words(stretch: Stretch) -> str:
    match stretch.state:
        case State.PAUSED:
            wait = Wait(stretch.paused_by).label if stretch.paused_by in Wait.values else stretch.paused_by
            return _("Paused: %(why)s") % {"why": wait}
        case State.CLOSED:
            return _("Closed")
        case State.LATE:
            return _("Running, too late")
    return _("Still to run") if stretch.is_ahead else _("Running")


def _bar(stretch: Stretch, timeline: Timeline) -> Bar:
    x, end = _x(stretch.begins, timeline), _x(stretch.ends, timeline)
    width = max(end - x, NARROWEST)
    return Bar(min(x, WIDTH - width), width, stretch.state.value, stretch.is_ahead)


def _marks(timeline: Timeline, more: Sequence[Mark], now: datetime) -> Iterator[Mark]:
    if timeline.due is not None and timeline.begins <= timeline.due <= timeline.ends:
        yield Mark("due", _("Due"), timeline.due)
    if timeline.at == now and timeline.begins < now < timeline.ends:
        yield Mark("now", _("Now"), now)
    yield from more


def _in_time(mark: Mark) -> tuple[bool, datetime]:
    """Order by time; what has none comes last, in the order in which it was given."""
    return (mark.at is None, mark.at or datetime.max.replace(tzinfo=UTC))


def _place(mark: Mark, timeline: Timeline) -> int | None:
    is_within = mark.at is not None and timeline.begins <= mark.at <= timeline.ends
    return _x(mark.at, timeline) if mark.at is not None and is_within else None


def _x(moment: datetime, timeline: Timeline) -> int:
    length = timeline.ends - timeline.begins
    return round(WIDTH * ((moment - timeline.begins) / length)) if length else 0
