"""Business hours in the administration: a row per window, holidays, exceptions, and what comes of them."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.configuration_admin import OffersActiveInline, OneDefaultAdmin
from sla import holidays, preview, reckoning
from sla.business_hours_form import (
    BusinessHoursForm,
    ExceptionForm,
    ExceptionsFormSet,
    TimeOfDayField,
    WindowsFormSet,
    in_words,
)
from sla.holiday_import_admin import import_page
from sla.hours import BadCalendar
from sla.models import BusinessHours, ExceptionWindow, Holiday, HolidaySource, Scope, WeeklyWindow
from sla.models.business_hours import WEEKDAYS
from sla.reckoning_admin import ReckonsAdmin
from sla.reckoning_admin import in_words as tickets_in_words

# Rows of a table within the page; all of them fit into one form.
MOST_ROWS = 60


class TimesInline(OffersActiveInline):
    """Rows with dates or times of day, which say how these are written."""

    extra = 1
    max_num = MOST_ROWS

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in {"opens", "closes"}:
            return db_field.formfield(form_class=TimeOfDayField, widget=TimeOfDayField.widget)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "day":
            field.error_messages["invalid"] = _("Write a date like 2026-12-24.")
        return field


class WindowInline(TimesInline):
    model = WeeklyWindow
    formset = WindowsFormSet
    fields = (*WEEKDAYS, "opens", "closes")
    audited_words = ("opens", "closes")
    min_num = 1
    verbose_name_plural = _("Open every week. A window that closes before it opens runs past midnight.")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, validate_min=True, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WeeklyWindow]:
        return super().get_queryset(request).order_by("pk")


class HolidayInline(TimesInline):
    model = Holiday
    fields = ("day", "name", "came_from")
    readonly_fields = ("came_from",)
    audited_words = ("name",)
    max_num = holidays.MOST_HOLIDAYS
    verbose_name_plural = _("Holidays: no window starts on these dates")

    @admin.display(description=_("source"))
    def came_from(self, holiday: Holiday) -> str:
        return holiday.origin or str(HolidaySource(holiday.source).label)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Holiday]:
        """Return those of this year and later: the ones before are history."""
        return super().get_queryset(request).filter(day__year__gte=now().year).order_by("day")


class ExceptionInline(TimesInline):
    model = ExceptionWindow
    form = ExceptionForm
    formset = ExceptionsFormSet
    fields = ("day", "opens", "closes", "note")
    audited_words = ("opens", "closes")
    verbose_name_plural = _("Exceptions: open at these times instead, also on a holiday; closed if there are none")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExceptionWindow]:
        return super().get_queryset(request).filter(day__year__gte=now().year).order_by("day", "opens")


@admin.register(BusinessHours)
class BusinessHoursAdmin(ReckonsAdmin, OneDefaultAdmin):
    about = _("When the time of promises counts: the hours of a week, holidays and exceptions.")
    form = BusinessHoursForm
    scope = Scope.HOURS
    reckoned_by = frozenset({"time_zone", "country", "region"})
    reckoned_rows = (WeeklyWindow, ExceptionWindow, Holiday)
    change_form_template = "admin/business_hours.html"
    list_display = ("name", "time_zone", "stands", "is_default")
    fields = ("name", "make_default", "time_zone", "country", "region")
    inlines = (WindowInline, ExceptionInline, HolidayInline)
    search_fields = ("name",)
    ordering = ("name", "pk")
    audited_words = ("name", "time_zone", "country", "region")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BusinessHours]:
        return super().get_queryset(request).prefetch_related("windows", "holidays", "exceptions")

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.holidays_of_a_file)
        return [path("<path:object_id>/holidays/", page, name="sla_businesshours_holidays"), *super().get_urls()]

    def holidays_of_a_file(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return import_page(self, request, object_id)

    @admin.display(description=_("now"))
    def stands(self, hours: BusinessHours) -> str:
        try:
            return _standing(hours)
        except BadCalendar as error:
            return in_words(error)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if hours := kwargs.get("obj"):
            context |= _shown(hours)
        return super().render_change_form(request, context, *args, **kwargs)

    def what_moves(self, row: BusinessHours) -> str:
        return gettext(
            "Other windows, holidays, exceptions or another time zone can move the deadlines of %(tickets)s, as if "
            "they had held since the clocks started. What is met or broken stays."
        )

    def beforehand(self, row: BusinessHours) -> Iterator[str]:
        yield from super().beforehand(row)
        if not row.is_default and (count := reckoning.concerned(Scope.SITE)):
            text = gettext("Making these the default can move the deadlines of %(tickets)s.")
            yield text % {"tickets": tickets_in_words(count)}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Fill in the holidays after those that were entered, so that these keep their names."""
        with transaction.atomic():
            super().save_related(request, form, formsets, change)
            if {"country", "region"} & set(form.changed_data):
                holidays.choose(form.instance, at=now())
            form.instance.touch()
            if "make_default" in form.changed_data:
                self.have_reckoned(request, Scope.SITE)


def _shown(hours: BusinessHours) -> dict[str, Any]:
    try:
        calendar = hours.calendar()
    except BadCalendar as error:
        return {"contradiction": in_words(error)}
    at = now()
    notes = dict(
        hours.holidays.filter(day__gte=at.date() - preview.DAY).order_by("day").values_list("day", "name")[:60]
    )
    notes |= {
        row.day: row.note or gettext("Exception")
        for row in hours.exceptions.filter(day__gte=at.date() - preview.DAY).order_by("day")[:60]
    }
    return {"standing": _standing(hours), "coming_days": list(preview.coming_days(calendar, at, notes))}


def _standing(hours: BusinessHours) -> str:
    is_open, then = preview.standing(hours.calendar(), now())
    values = {"time": date_format(then, "DATETIME_FORMAT") if then else "", "zone": hours.time_zone}
    if is_open:
        return gettext("Open until %(time)s (%(zone)s)") % values if then else gettext("Open round the clock")
    return gettext("Closed until %(time)s (%(zone)s)") % values if then else gettext("Closed for good")
