"""Public holidays by country and region, as the package `holidays` knows them, kept as rows.

What was filled in stays as it is: a newer version of the package fills in later years and rewrites no earlier ones.
"""

import logging
import re
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

import holidays
from django.db import transaction
from holidays.registry import COUNTRIES

from sla import reckoning
from sla.models import BusinessHours, Holiday, HolidaySource, Scope

logger = logging.getLogger(__name__)

# Promises reach two years ahead.
YEARS_AHEAD = 2
LONGEST_NAME = 120
# Of this year and later, with those of files: all of them fit into one form.
MOST_HOLIDAYS = 240


@cache
def countries() -> list[tuple[str, str]]:
    """Return the countries whose holidays are known: code and English name, by name."""
    return sorted(((entry[1], _spaced(entry[0])) for entry in COUNTRIES.values()), key=lambda pair: pair[1])


def regions(country: str) -> list[tuple[str, str]]:
    """Return the regions of a country with holidays of their own: code and name, by name."""
    if country not in dict(countries()):
        return []
    known = holidays.country_holidays(country)
    names: dict[str, str] = {}
    for name, code in known.subdivisions_aliases.items():
        names.setdefault(code, name)
    return sorted(((code, names.get(code, code)) for code in known.subdivisions), key=lambda pair: pair[1])


def choose(hours: BusinessHours, *, at: datetime) -> None:
    """Fill in the holidays of a newly chosen country or region, from today on; what is past stays."""
    today = _today(hours, at)
    hours.holidays.filter(source=HolidaySource.COUNTRY, day__gte=today).delete()
    hours.filled_through = None
    _fill_in(hours, since=today)


def fill_in_years(at: datetime) -> None:
    """Fill in the years that came within reach, for all business hours. A periodic job."""
    for hours in BusinessHours.objects.exclude(country="").filter(archived_at=None).order_by("pk"):
        if hours.filled_through is None or hours.filled_through < _today(hours, at).year + YEARS_AHEAD:
            try:
                with transaction.atomic():
                    _fill_in(hours, since=_today(hours, at))
                    reckoning.ask(Scope.HOURS, hours.pk, at=at)
            except NotImplementedError:
                # An update of the package may drop or rename a region; the others go on.
                logger.warning("no holidays are known of %s %s any more", hours.country, hours.region)


def _fill_in(hours: BusinessHours, *, since: date) -> None:
    """Fill in what is not filled in yet. Dates that are holidays already keep their names."""
    if not hours.country:
        hours.save(update_fields=["filled_through"])
        return
    last = since.year + YEARS_AHEAD
    first = since.year if hours.filled_through is None else hours.filled_through + 1
    found = holidays.country_holidays(
        hours.country, subdiv=hours.region or None, years=range(first, last + 1), language="en_US"
    )
    rows = [
        Holiday(hours=hours, day=day, name=name[:LONGEST_NAME], source=HolidaySource.COUNTRY)
        for day, name in found.items()
        if day >= since
    ]
    Holiday.objects.bulk_create(rows, ignore_conflicts=True)
    hours.filled_through = last
    hours.save(update_fields=["filled_through"])
    hours.touch()


def _today(hours: BusinessHours, at: datetime) -> date:
    return at.astimezone(ZoneInfo(hours.time_zone)).date()


def _spaced(name: str) -> str:
    """Return a name such as “United States” of a class such as UnitedStates."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
