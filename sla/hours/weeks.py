"""A calendar as instants, week by week: most weeks are alike, and are counted as often as there are of them.

A week is from the instant at which the clocks show Monday, 0:00 to that of the next one. All edges are the first
instant at which the clocks show something or later, so a later time has no earlier edge: weeks neither overlap nor
leave anything out, and what is one union on the wall clock is one as instants.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sla.hours.instants import AGAIN, DAY, END, MINUTE, RULES, WEEK, shown_at, steady

_LAST_WEEK = END // WEEK
# Weeks come again after so many, from the first one on in which nothing but rules holds.
_CYCLE, _FIRST_OF_RULES = AGAIN // WEEK, RULES // WEEK + 2
# More built weeks than anybody asks for within one run, less than what fills the memory.
_MOST_KEPT = 2048


class Pattern:
    """Open times within a week, in order and apart: when they open and close, and what is used up at each closing."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self.opens = [opens for opens, _closes in spans]
        self.closes = [closes for _opens, closes in spans]
        self.used = list(accumulate(closes - opens for opens, closes in spans))
        self.total = self.used[-1] if spans else 0


class Week(NamedTuple):
    """A pattern that begins at some instant."""

    begin: int
    pattern: Pattern

    def before(self, at: int) -> int:
        """Return how much of the week's open time lies before the instant."""
        i = bisect_right(self.pattern.opens, at - self.begin) - 1
        if i < 0:
            return 0
        return self.pattern.used[i] - max(0, self.pattern.closes[i] - (at - self.begin))

    def at(self, used: int) -> int:
        """Return the first instant at which so much of the week's open time is used up; `used` is above 0."""
        i = bisect_left(self.pattern.used, used)
        return self.begin + self.pattern.closes[i] - (self.pattern.used[i] - used)


class Weeks:
    """`weekly` and `special` hold windows in minutes after midnight; days are counted from year 1, a Monday."""

    def __init__(
        self,
        zone: ZoneInfo,
        weekly: Sequence[Sequence[tuple[int, int]]],
        special: Mapping[int, Sequence[tuple[int, int]]],
    ) -> None:
        self._zone, self._weekly, self._special = zone, weekly, special
        # A window may reach into the next day, and that may be the next week's.
        self._special_weeks = sorted({week for day in special for week in (day // 7, (day + 1) // 7)})
        week = ((day * DAY, windows) for day, windows in enumerate([weekly[6], *weekly], start=-1))
        self._usual = Pattern(_within(0, _spans(week)))
        self._kept: dict[int, Week] = {}

    def after(self, at: int, span: int) -> int | None:
        """Return the first instant at which `span` since `at` is used up, None if that never is; `span` is above 0."""
        number = self._number(at)
        span += self._run(number)[0].before(at)
        while number <= _LAST_WEEK:
            week, alike = self._run(number)
            total = week.pattern.total
            if span <= total:
                return week.at(span)
            passed = min(alike, (span - 1) // total) if total else alike
            span -= passed * total
            number += passed
            if cycles := self._cycles(number, _LAST_WEEK):
                if self._of_a_cycle:
                    cycles = min(cycles, (span - 1) // self._of_a_cycle)
                span -= cycles * self._of_a_cycle
                number += cycles * _CYCLE
        return None

    def _cycles(self, number: int, last: int) -> int:
        """Return how many whole cycles of years there are from a week on and before `last`, with nothing special."""
        if number < _FIRST_OF_RULES or last - number < _CYCLE:
            return 0
        # In the very last weeks a zone's clocks are asked no more.
        return max(0, min(last, _LAST_WEEK - 2, self._next_special(number)) - number) // _CYCLE

    @cached_property
    def _of_a_cycle(self) -> int:
        """Return the open time of 400 years in which nothing is special, whichever week they begin with."""
        usual = Weeks(self._zone, self._weekly, {})
        first, last = _FIRST_OF_RULES, _FIRST_OF_RULES + _CYCLE
        # In halves, in which no whole cycle is.
        half = (first + last) // 2
        return usual._sum(first, half) + usual._sum(half, last)

    def between(self, start: int, end: int) -> int:
        """Return the open time between two instants, of which `end` is the later one."""
        number, last = self._number(start), self._number(end)
        edges = self._run(last)[0].before(end) - self._run(number)[0].before(start)
        return edges + self._sum(number, last)

    def _sum(self, number: int, last: int) -> int:
        """Return the open time of the weeks from `number` on and before `last`."""
        found = 0
        while number < last:
            if cycles := self._cycles(number, last):
                found += cycles * self._of_a_cycle
                number += cycles * _CYCLE
                continue
            week, alike = self._run(number)
            passed = min(alike, last - number)
            found += passed * week.pattern.total
            number += passed
        return found

    def open_from(self, start: int) -> Iterator[tuple[int, int]]:
        """Yield when it is open since `start`, to the end of all dates. What touches may come in pieces."""
        number = self._number(start)
        while number <= _LAST_WEEK:
            week, alike = self._run(number)
            for opens, closes in zip(week.pattern.opens, week.pattern.closes, strict=True):
                if week.begin + closes > start:
                    yield max(week.begin + opens, start), week.begin + closes
            number += 1 if week.pattern.opens else alike

    def _number(self, at: int) -> int:
        """Return the week of an instant."""
        offset, _until = steady(self._zone, at)
        number = (at + offset) // WEEK
        # Where the clocks are put back over midnight they have shown the next week already.
        while shown_at(self._zone, (number + 1) * WEEK) <= at:
            number += 1
        return number

    def _run(self, number: int) -> tuple[Week, int]:
        """Return a week, and how many there are from it on that are alike and begin a week's time apart."""
        if kept := self._kept.get(number):
            return kept, 1
        usual = self._next_special(number) - number
        if usual > 0:
            if not self._usual.opens:
                return Week(0, self._usual), usual
            begin = number * WEEK
            offset, until = steady(self._zone, begin - DAY)
            if unchanged := max(0, (until - 1 - begin + offset) // WEEK):
                return Week(begin - offset, self._usual), min(usual, unchanged)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        week = self._kept[number] = self._built(number)
        return week, 1

    def _next_special(self, number: int) -> int:
        """Return the first week from this one on in which anything is special."""
        i = bisect_left(self._special_weeks, number)
        return self._special_weeks[i] if i < len(self._special_weeks) else _LAST_WEEK + 1

    def _built(self, number: int) -> Week:
        begin = number * WEEK
        days = range(7 * number - 1, 7 * number + 7)
        spans = _spans((day * DAY, self._special.get(day, self._weekly[day % 7])) for day in days)
        shown = [(shown_at(self._zone, opens), shown_at(self._zone, closes)) for opens, closes in _within(begin, spans)]
        return Week(0, Pattern(_joined(span for span in shown if span[0] < span[1])))


def _spans(days: "Iterator[tuple[int, Sequence[tuple[int, int]]]]") -> list[tuple[int, int]]:
    """Return what is open on the wall clock, in order and joined."""
    return _joined(
        sorted(
            (midnight + opens * MINUTE, midnight + closes * MINUTE)
            for midnight, windows in days
            for opens, closes in windows
        )
    )


def _within(begin: int, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what of the spans lies in the week that begins then."""
    end = begin + WEEK
    return [(max(opens, begin), min(closes, end)) for opens, closes in spans if opens < end and closes > begin]


def _joined(spans: "Sequence[tuple[int, int]] | Iterator[tuple[int, int]]") -> list[tuple[int, int]]:
    """Return the union of spans, which come in order of their beginning."""
    found: list[tuple[int, int]] = []
    for opens, closes in spans:
        if found and opens <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], closes))
        else:
            found.append((opens, closes))
    return found
