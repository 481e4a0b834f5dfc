"""Holidays of an iCalendar file, taken over in two steps: what is in it and what that changes, then saving."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.changes import Change, differences, record, snapshot
from sla import holiday_files, ical, reckoning
from sla.hours import BadCalendar, validate
from sla.models import BusinessHours, Scope
from sla.reckoning_admin import moves_in_words

SALT = "sla.holidays-of-a-file"
# What was looked at is saved within the hour, or looked at again.
MOST_SECONDS = 3600


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("iCalendar file"),
        help_text=_("A file ending in .ics, up to 10 MB. Its whole days until the end of the year after next count."),
        widget=forms.FileInput(attrs={"accept": ".ics,text/calendar"}),
    )
    origin = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=80,
        help_text=_("A file of the same name replaces the days of the one before. Empty: the name within the file."),
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > ical.MOST_BYTES or upload.file is None:
            most = {"most": ical.MOST_BYTES >> 20}
            raise forms.ValidationError(gettext("The file is larger than %(most)s MB.") % most)
        return upload


def import_page(admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the form, then what the file has, then save what was shown."""
    hours = admin.get_object(request, object_id)
    if hours is None:
        raise Http404
    if not admin.has_change_permission(request, hours):
        raise PermissionDenied
    if request.method == "POST" and "looked_at" in request.POST:
        return _save(admin, request, hours)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        context |= _preview(admin, hours, form)
    return _page(admin, request, hours, context)


def _page(admin: Any, request: HttpRequest, hours: BusinessHours, context: dict[str, Any]) -> HttpResponse:
    shared = {**admin.admin_site.each_context(request), "opts": admin.opts, "hours": hours}
    title = gettext("Holidays of a file")
    status = 422 if context["form"].is_bound and context["form"].errors else 200
    return TemplateResponse(request, "admin/holiday_import.html", {**shared, "title": title, **context}, status=status)


def _preview(admin: Any, hours: BusinessHours, form: ImportForm) -> dict[str, Any]:
    """Return what the file has and would change; nothing where the form got a sentence about it instead."""
    at = now()
    since, until = holiday_files.window(hours, at)
    upload = form.cleaned_data["file"]
    try:
        found = ical.read(upload.read(), zone=ZoneInfo(hours.time_zone), since=since, until=until)
    except ical.BadFile as error:
        form.add_error("file", str(error))
        return {}
    if not found.days:
        words = gettext("It has no whole day between %(since)s and %(until)s.")
        form.add_error("file", words % {"since": date_format(since), "until": date_format(until)})
        return {"remarks": found.remarks}
    origin = (form.cleaned_data["origin"] or found.name or upload.name or "").strip()[:80].strip()
    kept = {"hours": hours.pk, "origin": origin, "days": {f"{day}": name for day, name in found.days.items()}}
    try:
        foreseen = holiday_files.foresee(hours, origin, found.days, at)
    except holiday_files.TooMany as error:
        form.add_error("file", str(error))
        return {"remarks": found.remarks}
    return {
        "origin": origin,
        "foreseen": foreseen,
        "remarks": found.remarks,
        "moves": _foreseen(hours.pk, origin, found.days, at),
        "looked_at": signing.dumps(kept, salt=SALT, compress=True),
    }


def _foreseen(pk: int, origin: str, days: dict[date, str], at: datetime) -> list[str]:
    """Return how many open tickets get another due time: the days are taken over, reckoned by, and taken back."""
    with transaction.atomic():
        holiday_files.take_over(BusinessHours.objects.get(pk=pk), origin, days, at)
        words = moves_in_words([(Scope.HOURS, pk)])
        transaction.set_rollback(True)
    return [
        words,
        gettext("Deadlines move as if these days had held since the clocks started. What is met or broken stays."),
    ]


def _save(admin: Any, request: HttpRequest, hours: BusinessHours) -> HttpResponse:
    here = reverse("admin:sla_businesshours_holidays", args=[hours.pk])
    try:
        kept = signing.loads(request.POST["looked_at"], salt=SALT, max_age=MOST_SECONDS)
    except signing.BadSignature:
        kept = {}
    if kept.get("hours") != hours.pk:
        admin.message_user(request, gettext("That was too long ago. Choose the file again."), "WARNING")
        return redirect(here)
    days = {date.fromisoformat(day): str(name) for day, name in kept["days"].items()}
    at = now()
    try:
        with transaction.atomic():
            before = snapshot(admin, hours.pk, lock=True) or {}
            count = holiday_files.take_over(hours, kept["origin"], days, at)
            validate(BusinessHours.objects.get(pk=hours.pk).calendar(), at)
            record(
                Change.CHANGED, request=request, row=hours, changes=differences(before, snapshot(admin, hours.pk) or {})
            )
            reckoning.ask(Scope.HOURS, hours.pk, at=at, by=request.user)  # type: ignore[arg-type]  # an administrator
    except BadCalendar:
        admin.message_user(request, gettext("With these holidays it would never be open. Nothing was saved."), "ERROR")
        return redirect(here)
    except holiday_files.TooMany as error:
        admin.message_user(request, str(error), "ERROR")
        return redirect(here)
    words = ngettext("%(count)s holiday was taken over.", "%(count)s holidays were taken over.", count)
    admin.message_user(request, words % {"count": count}, "SUCCESS")
    return redirect("admin:sla_businesshours_change", hours.pk)
