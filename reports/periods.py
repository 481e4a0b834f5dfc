"""Spans of days that reports are about, in the reader's zone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

DAY = timedelta(days=1)
# A quarter. Reports count what began within, so that this is what bounds their cost.
MOST_DAYS = 92


class Period(models.TextChoices):
    THIS_MONTH = "this-month", _("This month")
    LAST_MONTH = "last-month", _("Last month")
    THIS_QUARTER = "this-quarter", _("This quarter")
    LAST_QUARTER = "last-quarter", _("Last quarter")
    OWN = "own", _("Own dates")


@dataclass(frozen=True, slots=True)
class Span:
    """Some days, both the first and the last one included."""

    first: date
    last: date

    @property
    def begins(self) -> datetime:
        return _midnight(self.first)

    @property
    def ends(self) -> datetime:
        """Return the first moment that belongs to it no more."""
        return _midnight(self.last + DAY)


def span_of(period: Period, today: date) -> Span:
    """Return the days of a period; Period.OWN has none by itself."""
    return SPANS[period](today)


def _month(day: date) -> Span:
    first = day.replace(day=1)
    return Span(first, _first_after(first, 1) - DAY)


def _quarter(day: date) -> Span:
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return Span(first, _first_after(first, 3) - DAY)


def _first_after(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


SPANS: Mapping[Period, Callable[[date], Span]] = {
    Period.THIS_MONTH: _month,
    Period.LAST_MONTH: lambda today: _month(_month(today).first - DAY),
    Period.THIS_QUARTER: _quarter,
    Period.LAST_QUARTER: lambda today: _quarter(_quarter(today).first - DAY),
}


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))
