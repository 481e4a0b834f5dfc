"""What became of a promise and will, stretch by stretch, of when its clock ran and of a calendar. Knows no rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from sla.hours import Calendar, NeverUsedUp, segments, used_up, working_time

# Of more stretches than these closed hours are not told apart any more, and then the earliest are left out.
MOST_STRETCHES = 80
NONE = timedelta(0)


class State(StrEnum):
    RUNNING = "running"
    CLOSED = "closed"
    PAUSED = "paused"
    LATE = "late"  # running on after the deadline


class Spell(NamedTuple):
    """From when to when a clock ran, or was paused by something; the last one of a clock that goes on has no end."""

    begins: datetime
    ends: datetime | None
    paused_by: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """`open_time` is the working time within; `is_ahead` that it had not begun when the timeline was laid out."""

    begins: datetime
    ends: datetime
    state: State
    open_time: timedelta
    paused_by: str = ""
    is_ahead: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """A promise from its start until it is due, stopped, or laid out, whichever is last.

    `began` is when it was made, also where the first stretches are left out. `due` is when `within` is used up; None
    while the clock is paused and where that never is. `used` is the working time used up by then, `paused` the working
    time that did not count, by what the clock waited for.
    """

    within: timedelta
    at: datetime
    stretches: Sequence[Stretch]
    began: datetime
    stopped_at: datetime | None
    # What it waits for, if that pauses it.
    waits_for: str
    due: datetime | None
    used: timedelta
    paused: dict[str, timedelta] = field(default_factory=dict)
    # It is drawn at least until then.
    until: datetime | None = None
    # Whether closed hours are stretches of their own, and how many spells the first stretch comes after.
    tells_closed: bool = True
    left_out: int = 0

    @property
    def begins(self) -> datetime:
        return self.stretches[0].begins if self.stretches else self.at

    @property
    def ends(self) -> datetime:
        last = self.stretches[-1].ends if self.stretches else self.at
        return max(last, self.until or last)

    @property
    def has_stopped(self) -> bool:
        return self.stopped_at is not None

    @property
    def left(self) -> timedelta:
        """Return the working time that is left; nothing once it is used up."""
        return max(self.within - self.used, NONE)


def lay_out(
    spells: Sequence[Spell],
    within: timedelta,
    calendar: Calendar,
    *,
    at: datetime,
    due: datetime | None = None,
) -> Timeline:
    """Return the timeline of a clock that ran and was paused like this, in order and without gaps, as of `at`.

    `due` is the deadline where one is known already, such as one that was set by hand.
    """
    reckoned = due or when_due(spells, within, calendar)
    paused: dict[str, timedelta] = {}
    used = NONE
    for spell in spells:
        took = working_time(spell.begins, min(spell.ends or at, at), calendar)
        if spell.paused_by:
            paused[spell.paused_by] = paused.get(spell.paused_by, NONE) + took
        else:
            used += took
    stretches, tells_closed = _stretches(spells, calendar, at, reckoned)
    left_out = max(len(stretches) - MOST_STRETCHES, 0)
    return Timeline(
        within=within,
        at=at,
        stretches=stretches[left_out:],
        began=spells[0].begins if spells else at,
        stopped_at=spells[-1].ends if spells else None,
        waits_for=spells[-1].paused_by if spells and spells[-1].ends is None else "",
        due=reckoned,
        used=used,
        paused={wait: took for wait, took in paused.items() if took},
        tells_closed=tells_closed,
        left_out=left_out,
    )


def reaching(timeline: Timeline, moments: Iterable[datetime]) -> Timeline:
    """Return it drawn as far as the last of these, but so that what is known keeps half of the picture."""
    most = timeline.ends + (timeline.ends - timeline.begins)
    return replace(timeline, until=max((moment for moment in moments if moment <= most), default=None))


def when_due(spells: Sequence[Spell], within: timedelta, calendar: Calendar) -> datetime | None:
    """Return when so much working time is used up; None while nothing runs that could, and where it never is."""
    try:
        return used_up([(begins, ends) for begins, ends, paused_by in spells if not paused_by], within, calendar)
    except NeverUsedUp:
        return None


def _stretches(
    spells: Sequence[Spell], calendar: Calendar, at: datetime, due: datetime | None
) -> tuple[list[Stretch], bool]:
    """Return them all, and whether closed hours are told apart."""
    found: list[Stretch] = []
    for spell in spells:
        for stretch in _apart(spell, calendar, at, due):
            if len(found) >= MOST_STRETCHES:
                return [one for spell in spells for one in _whole(spell, calendar, at, due)], False
            if found and found[-1].state == stretch.state == State.CLOSED:
                found[-1] = replace(found[-1], ends=stretch.ends)
                continue
            found.append(stretch)
    return found, True


def _apart(spell: Spell, calendar: Calendar, at: datetime, due: datetime | None) -> Iterator[Stretch]:
    """Yield a spell in the order of time, open hours apart from closed ones."""
    for part in _whole(spell, calendar, at, due):
        if part.state == State.PAUSED:
            yield part
            continue
        reached = part.begins
        for opens, closes in segments(part.begins, part.ends, calendar):
            if opens > reached:
                yield Stretch(reached, opens, State.CLOSED, NONE, is_ahead=reached >= at)
            yield Stretch(opens, closes, part.state, closes - opens, is_ahead=opens >= at)
            reached = closes
        if reached < part.ends:
            yield Stretch(reached, part.ends, State.CLOSED, NONE, is_ahead=reached >= at)


def _whole(spell: Spell, calendar: Calendar, at: datetime, due: datetime | None) -> Iterator[Stretch]:
    """Yield a spell parted at the deadline alone, and at what is still to come."""
    begins, ends, paused_by = spell
    if paused_by:
        end = ends or max(at, begins)
        if begins < end:
            took = working_time(begins, end, calendar)
            yield Stretch(begins, end, State.PAUSED, took, paused_by, is_ahead=begins >= at)
        if ends is None and due is not None and due > end:
            # A deadline that is still to come was set by hand: no pause moves it.
            yield Stretch(end, due, State.RUNNING, working_time(end, due, calendar), is_ahead=True)
        return
    end = ends or max(at, due or at, begins)
    edges = sorted({begins, end, *(edge for edge in (due, at) if edge and begins < edge < end)})
    for first, last in pairwise(edges):
        state = State.LATE if due is not None and first >= due else State.RUNNING
        yield Stretch(first, last, state, working_time(first, last, calendar), is_ahead=first >= at)
