"""Business hours: weekly windows, holidays and exceptions in a time zone, and the calendar they make (sla.hours)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from secrets import randbits
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.settings import validate_time_zone
from sla.hours import BadCalendar, Calendar, Window
from sla.hours.reading import minutes_of, window_of

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def validate_time(value: str) -> None:
    try:
        minutes_of(value)
    except BadCalendar:
        raise ValidationError(_("Write a time like 09:30. The end of the day is 24:00.")) from None


def new_version() -> int:
    return randbits(62)


class BusinessHours(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True, help_text=_("For example “Office, Berlin”."))
    time_zone = models.CharField(
        _("time zone"), max_length=64, validators=[validate_time_zone], help_text=_("Such as Europe/Berlin.")
    )
    country = models.CharField(
        _("holidays of"), max_length=2, blank=True, help_text=_("Its public holidays are filled in below.")
    )
    region = models.CharField(_("region"), max_length=40, blank=True)
    is_default = models.BooleanField(
        _("default"),
        default=False,
        help_text=_("For tickets whose department and SLA plan have none. If none is the default, every hour counts."),
    )
    # Another one whenever a row of it changes, so that whoever keeps a calendar knows (sla.compiled). Drawn by lot:
    # a number that is counted comes again when a transaction is rolled back, and then means something else.
    version = models.BigIntegerField(default=new_version, editable=False)
    # Later years are not filled in yet; earlier ones are never touched again.
    filled_through = models.PositiveSmallIntegerField(_("filled through"), null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("business hours")
        verbose_name_plural = _("business hours")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_business_hours"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def calendar(self) -> Calendar:
        """Return what these rows say, for arithmetic. Raises BadCalendar if they contradict each other."""
        return make_calendar(
            self.time_zone,
            self.windows.all(),
            (row.day for row in self.holidays.all()),
            self.exceptions.all(),
        )

    def touch(self) -> None:
        """Let everybody who keeps the calendar make it anew: windows, holidays or exceptions changed."""
        self.version = new_version()
        self.save(update_fields=["version"])


class WeeklyWindow(models.Model):
    """Open between two times on some weekdays; a window that closes before it opens runs past midnight."""

    hours = models.ForeignKey(BusinessHours, models.CASCADE, related_name="windows")
    monday = models.BooleanField(_("Mon"), default=False)
    tuesday = models.BooleanField(_("Tue"), default=False)
    wednesday = models.BooleanField(_("Wed"), default=False)
    thursday = models.BooleanField(_("Thu"), default=False)
    friday = models.BooleanField(_("Fri"), default=False)
    saturday = models.BooleanField(_("Sat"), default=False)
    sunday = models.BooleanField(_("Sun"), default=False)
    opens = models.CharField(_("opens"), max_length=5, validators=[validate_time])
    closes = models.CharField(_("closes"), max_length=5, validators=[validate_time])

    class Meta:
        verbose_name = _("window")
        verbose_name_plural = _("weekly windows")

    def __str__(self) -> str:
        return f"{self.opens}–{self.closes}"

    def window(self) -> Window:
        return window_of(minutes_of(self.opens), minutes_of(self.closes))


class HolidaySource(models.TextChoices):
    HAND = "hand", _("entered")
    COUNTRY = "country", _("of the country")
    FILE = "file", _("of a file")


class Holiday(models.Model):
    """A date on which no window starts."""

    hours = models.ForeignKey(BusinessHours, models.CASCADE, related_name="holidays", db_index=False)
    day = models.DateField(_("date"))
    name = models.CharField(_("name"), max_length=120)
    source = models.CharField(
        _("source"), max_length=10, choices=HolidaySource, default=HolidaySource.HAND, editable=False
    )
    # The name of the file it came with: one of the same name replaces it.
    origin = models.CharField(_("file"), max_length=80, blank=True, default="", db_default="", editable=False)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        # Also serves the holidays of business hours, by date.
        constraints = [models.UniqueConstraint(fields=["hours", "day"], name="one_holiday_per_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class ExceptionWindow(models.Model):
    """What is open on a date instead of the weekday's windows; without times nothing is."""

    hours = models.ForeignKey(BusinessHours, models.CASCADE, related_name="exceptions", db_index=False)
    day = models.DateField(_("date"))
    opens = models.CharField(_("opens"), max_length=5, blank=True, validators=[validate_time])
    closes = models.CharField(_("closes"), max_length=5, blank=True, validators=[validate_time])
    note = models.CharField(_("note"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        # Serves the exceptions of business hours, by date.
        indexes = [models.Index(fields=["hours", "day"], name="exceptions_of_hours")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opens="", closes="") | (~models.Q(opens="") & ~models.Q(closes="")),
                name="exception_has_both_times_or_none",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.opens}–{self.closes}"

    def window(self) -> Window:
        return window_of(minutes_of(self.opens), minutes_of(self.closes))


def make_calendar(
    zone: str,
    windows: Iterable[WeeklyWindow],
    holidays: Iterable[date],
    exceptions: Iterable[ExceptionWindow],
) -> Calendar:
    """Return the calendar of rows, saved or not. Raises BadCalendar."""
    weekly: list[list[Window]] = [[] for _day in WEEKDAYS]
    for row in windows:
        for number, name in enumerate(WEEKDAYS):
            if getattr(row, name):
                weekly[number].append(row.window())
    instead: dict[date, list[Window]] = defaultdict(list)
    for exception in exceptions:
        found = instead[exception.day]
        if exception.opens:
            found.append(exception.window())
    return Calendar(ZoneInfo(zone), weekly, frozenset(holidays), dict(instead))
