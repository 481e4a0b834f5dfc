"""Made-up calendars for hypothesis, as files have them, and moments at which they are asked."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as some

from tests.sla import oracle

DAY = 24 * 60
WEEK = 7 * DAY
ZONES = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Havana",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
    "UTC",
]
# The minutes of a day at which something happens: mostly round ones, around the hours at which clocks change.
minutes = some.one_of(some.integers(0, 47).map(lambda n: n * 30), some.integers(0, 300), some.integers(0, DAY - 1))


@some.composite
def windows(draw, room: int):
    """Some windows one after another, as minutes, for no longer than `room`; they may touch."""
    at = first = draw(minutes)
    found = []
    for _n in range(draw(some.integers(0, 10))):
        at += draw(some.one_of(some.just(0), some.sampled_from([30, 60, 90]), some.integers(0, 1500)))
        whole_day = at % DAY == 0
        longest = min(DAY if whole_day else DAY - 1, first + room - at)
        if longest < 1:
            break
        length = draw(some.one_of(some.sampled_from([1, 30, 60, 240, 480, DAY]), some.integers(1, DAY)))
        found.append((at, min(length, longest)))
        at = sum(found[-1])
    return found


def written(at: int, length: int) -> list[str]:
    opens = at % DAY
    closes = opens + length
    return [clock(opens), clock(closes if closes <= DAY else closes - DAY)]


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@some.composite
def asked(draw) -> tuple[dict[str, Any], datetime]:
    """A calendar and a minute in UTC, in half of all cases shortly before the clocks change."""
    zone, year = draw(some.sampled_from(ZONES)), draw(some.integers(1990, 2060))
    begin = datetime(year, 1, 3, tzinfo=UTC) + timedelta(minutes=draw(some.integers(0, 360 * DAY)))
    if (jumps := oracle.changes(zone, year)) and draw(some.booleans()):
        begin = draw(some.sampled_from(jumps)) - timedelta(minutes=draw(some.integers(0, 5 * DAY)))
    around = some.integers(-2, 8).map(lambda n: str(begin.astimezone(ZoneInfo(zone)).date() + timedelta(days=n)))
    weekly: dict[str, list[list[str]]] = {}
    first = draw(some.integers(0, 6))
    for at, length in draw(windows(WEEK)):
        weekly.setdefault(oracle.WEEKDAYS[(first + at // DAY) % 7], []).append(written(at, length))
    calendar = {"zone": zone, "weekly": weekly}
    if draw(some.booleans()):
        exceptions = some.dictionaries(around, windows(2 * DAY).map(of_one_day), max_size=4)
        calendar |= {"holidays": draw(some.lists(around, max_size=4)), "exceptions": draw(exceptions)}
    return calendar, begin


def of_one_day(found: list[tuple[int, int]]) -> list[list[str]]:
    return [written(at, length) for at, length in found if at < DAY]
