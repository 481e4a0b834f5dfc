"""Holidays of a file: what taking them over would do, and doing it. A file that comes again replaces its own days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from sla.holidays import MOST_HOLIDAYS, YEARS_AHEAD
from sla.models import BusinessHours, Holiday, HolidaySource


class TooMany(ValueError):
    """With these days there are more holidays than the page of business hours has room for; says so in a sentence."""

    def __init__(self) -> None:
        words = _("With these there are more than %(count)s holidays from this year on. Remove some first.")
        super().__init__(words % {"count": MOST_HOLIDAYS})


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would come, what stands there already by another way and stays, and what of the same file would go."""

    coming: Sequence[tuple[date, str]]
    staying: Sequence[Holiday]
    going: Sequence[Holiday]


def window(hours: BusinessHours, at: datetime) -> tuple[date, date]:
    """Return from when to when days are taken over: what is past is history, and promises reach two years ahead."""
    today = at.astimezone(ZoneInfo(hours.time_zone)).date()
    return today, date(today.year + YEARS_AHEAD, 12, 31)


def foresee(hours: BusinessHours, origin: str, days: Mapping[date, str], at: datetime) -> Foreseen:
    """Return what would become of days from today on. Raises TooMany."""
    since, _until = window(hours, at)
    known = list(hours.holidays.filter(day__year__gte=since.year).order_by("day"))
    rows = [row for row in known if row.day >= since]
    own = [row for row in rows if _is_of(row, origin)]
    others = {row.day: row for row in rows if not _is_of(row, origin)}
    # A file that was looked at before midnight may name a day that is over.
    ahead = [day for day in sorted(days) if day >= since]
    coming = [(day, days[day]) for day in ahead if day not in others]
    if len(known) - len(own) + len(coming) > MOST_HOLIDAYS:
        raise TooMany
    return Foreseen(
        coming=coming,
        staying=[others[day] for day in ahead if day in others],
        going=[row for row in own if row.day not in days],
    )


def take_over(hours: BusinessHours, origin: str, days: Mapping[date, str], at: datetime) -> int:
    """Replace what an earlier file of this name brought, from today on; say how many days it brought now.

    Days that were entered by hand, belong to the country or to another file stay as they are. Call it with the row
    of the business hours locked, in a transaction. Raises TooMany.
    """
    foreseen = foresee(hours, origin, days, at)
    since, _until = window(hours, at)
    hours.holidays.filter(source=HolidaySource.FILE, origin=origin, day__gte=since).delete()
    Holiday.objects.bulk_create(
        Holiday(hours=hours, day=day, name=name, source=HolidaySource.FILE, origin=origin)
        for day, name in foreseen.coming
    )
    hours.touch()
    return len(foreseen.coming)


def _is_of(row: Holiday, origin: str) -> bool:
    return row.source == HolidaySource.FILE and row.origin == origin
