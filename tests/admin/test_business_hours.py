"""Business hours in the administration: rows that make a calendar, holidays of countries, and the coming weeks."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEvent
from sla import holidays, preview
from sla.hours import working_time
from sla.models import BusinessHours, HolidaySource

ADD = "/admin/sla/businesshours/add/"
AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")

pytestmark = pytest.mark.django_db


def data(windows=(), exceptions=(), entered=(), **fields):
    found = {"name": "Office, Berlin", "time_zone": "Europe/Berlin", "country": "", "region": ""} | fields
    for prefix, rows in (("windows", windows), ("exceptions", exceptions), ("holidays", entered)):
        found |= {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": "0"}
        for number, row in enumerate(rows):
            found |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return found


def window(opens, closes, *days):
    return {"opens": opens, "closes": closes} | dict.fromkeys(days, "on")


OFFICE = (window("9:00", "12:30", *WEEK), window("13:30", "18:00", *WEEK))


@pytest.fixture
def hours():
    """An office in Berlin, saved without the page."""
    found = BusinessHours.objects.create(name="Office, Berlin", time_zone="Europe/Berlin")
    found.windows.create(opens="09:00", closes="12:30", **dict.fromkeys(WEEK, True))
    found.windows.create(opens="13:30", closes="18:00", **dict.fromkeys(WEEK, True))
    return found


def page(hours):
    return f"/admin/sla/businesshours/{hours.pk}/change/"


def test_rows_of_weekdays_make_a_calendar(root):
    christmas = {"day": "2026-12-25", "name": "Christmas"}
    half_day = {"day": "2026-12-24", "opens": "09:00", "closes": "12:00", "note": "Half a day"}
    response = root.post(ADD, data(OFFICE, [half_day, {"day": "2026-12-26"}], [christmas]))

    assert response.status_code == 302
    calendar = BusinessHours.objects.get().calendar()
    week = datetime(2026, 12, 21, tzinfo=UTC), datetime(2026, 12, 28, tzinfo=UTC)
    assert working_time(*week, calendar) == timedelta(hours=3 * 8 + 3)


def test_the_end_of_the_day_and_the_night_can_be_typed(root):
    rows = [window("00:00", "24:00", "sunday"), window("22:00", "06:00", "tuesday")]
    root.post(ADD, data(rows, time_zone="Asia/Kathmandu"))

    week = datetime(2026, 10, 31, 18, tzinfo=UTC), datetime(2026, 11, 7, 18, tzinfo=UTC)
    assert working_time(*week, BusinessHours.objects.get().calendar()) == timedelta(hours=24 + 8)


@pytest.mark.parametrize(
    ("windows", "sentence"),
    [
        ([window("09:00", "12:00", "monday"), window("11:00", "13:00", "monday", "tuesday")], "overlap"),
        ([window("22:00", "06:00", "sunday"), window("05:00", "09:00", "monday")], "overlap"),
        ([window("22:00", "06:00", *WEEK), window("05:00", "09:00", "saturday")], "05:00 to 09:00 on Saturday"),
        ([window("09:00", "09:00", "monday")], "09:00 to 09:00 on Monday has no length"),
        ([window("24:00", "06:00", "monday")], "Use 00:00 of the next one"),
        ([window("09:00", "12:00")], "Choose at least one day"),
        ([window("nine", "12:00", "monday")], "Write a time like 09:30"),
        ([window("٠٩:٠٠", "12:00", "monday")], "Write a time like 09:30"),
        ([], "Write down at least one window"),
    ],
)
def test_windows_that_make_no_week_are_refused_in_plain_words(root, windows, sentence):
    response = root.post(ADD, data(windows))

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not BusinessHours.objects.exists()


@pytest.mark.parametrize(
    ("exceptions", "sentence"),
    [
        ([{"day": "2026-12-24", "opens": "09:00", "closes": ""}], "Fill in both times"),
        ([{"day": "2026-02-29", "opens": "09:00", "closes": ""}], "Fill in both times"),
        ([{"day": "24.12.2026", "opens": "9 am", "closes": ""}], "Write a date like 2026-12-24."),
        ([{"day": "2026-12-24"}, {"day": "2026-12-24", "opens": "09:00", "closes": "12:00"}], "Keep one"),
        (
            [
                {"day": "2026-12-24", "opens": "09:00", "closes": "12:00"},
                {"day": "2026-12-24", "opens": "11:00", "closes": "13:00"},
            ],
            "overlap",
        ),
    ],
)
def test_exceptions_that_contradict_each_other_are_refused(root, exceptions, sentence):
    page = root.post(ADD, data(OFFICE, exceptions)).content.decode()

    assert sentence in page
    assert "is violated" not in page
    assert not BusinessHours.objects.exists()


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../../etc/passwd", "", "x" * 65])
def test_an_unknown_zone_is_refused(root, zone):
    assert root.post(ADD, data(OFFICE, time_zone=zone)).status_code == 200
    assert not BusinessHours.objects.exists()


def test_a_page_with_all_holidays_it_may_have_is_saved(root, hours):
    today = timezone.localdate()
    entered = [{"day": f"{today + timedelta(days=n)}", "name": "Closed"} for n in range(holidays.MOST_HOLIDAYS)]
    extra = [
        {"day": f"{today + timedelta(days=n)}", "opens": "09:00", "closes": "12:00", "note": "x"} for n in range(12)
    ]
    nights = [window(f"{n // 60:02}:{n % 60:02}", f"{n // 60:02}:{n % 60 + 1:02}", *WEEK) for n in range(0, 8, 2)]

    assert root.post(ADD, data(nights, extra, entered, name="All of them")).status_code == 302
    found = BusinessHours.objects.get(name="All of them")
    counted = [getattr(found, rows).count() for rows in ("windows", "exceptions", "holidays")]
    assert counted == [4, 12, holidays.MOST_HOLIDAYS]
    sent = _as_sent(root.get(page(found)))
    assert len(sent) > 1000
    assert root.post(page(found), sent).status_code == 302


def _as_sent(response) -> dict[str, object]:
    """Return what a browser sends of the page as it is."""
    sent: dict[str, object] = {}
    forms = [response.context["adminform"].form]
    for inline in response.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for field in form:
            value = field.value()
            if value is True:
                sent[field.html_name] = "on"
            elif value not in (None, False):
                sent[field.html_name] = str(value)
    return sent


# --- Holidays of a country -----------------------------------------------------------------------


def test_choosing_a_country_and_a_region_fills_in_their_holidays_and_keeps_what_was_entered(hours):
    hours.holidays.create(day="2027-01-06", name="Party")
    hours.country, hours.region = "DE", "BY"
    hours.save()

    holidays.choose(hours, at=AT)

    filled = dict(hours.holidays.values_list("day", "name"))
    assert filled[date(2026, 12, 25)] == "Christmas Day"
    assert filled[date(2027, 1, 6)] == "Party"
    assert filled[date(2028, 1, 6)] == "Epiphany"
    assert min(filled) > AT.date()
    assert max(filled).year == 2028


def test_another_country_takes_the_place_of_the_holidays_to_come_alone(hours):
    hours.holidays.create(day="2026-10-03", name="German Unity Day", source=HolidaySource.COUNTRY)
    hours.holidays.create(day="2026-12-31", name="Inventory")
    hours.country = "DE"
    hours.save()
    holidays.choose(hours, at=AT)
    hours.country = "GB"
    hours.save()

    holidays.choose(hours, at=AT)

    days = set(hours.holidays.values_list("day", flat=True))
    assert {date(2026, 10, 3), date(2026, 12, 31), date(2026, 12, 28)} <= days
    assert date(2027, 10, 3) not in days


def test_what_was_filled_in_is_never_rewritten_and_later_years_are_added(hours):
    hours.country = "DE"
    hours.save()
    holidays.choose(hours, at=AT)
    hours.holidays.filter(day="2026-12-25").delete()
    hours.holidays.filter(day="2026-12-26").update(day="2026-12-27", name="Moved")

    holidays.fill_in_years(AT + timedelta(days=1))
    assert hours.holidays.filter(day__gt="2026-12-24", day__lt="2027-01-01").get().name == "Moved"

    holidays.fill_in_years(AT + timedelta(days=365))
    holidays.fill_in_years(AT + timedelta(days=365))
    assert hours.holidays.filter(day__gt="2026-12-24", day__lt="2027-01-01").get().name == "Moved"
    assert hours.holidays.filter(day="2029-12-25").exists()


def test_a_region_that_is_not_known_any_more_stops_no_other(hours):
    BusinessHours.objects.filter(pk=hours.pk).update(country="DE", region="Atlantis")
    other = BusinessHours.objects.create(name="Office, Vienna", time_zone="Europe/Vienna", country="AT")

    holidays.fill_in_years(AT)

    assert not hours.holidays.exists()
    assert other.holidays.filter(day="2026-12-08").exists()


def test_a_date_is_a_holiday_once(hours):
    hours.holidays.create(day="2026-12-25", name="Christmas")

    with pytest.raises(IntegrityError), transaction.atomic():
        hours.holidays.create(day="2026-12-25", name="Christmas again")


def test_the_page_fills_in_and_offers_the_regions_of_the_country(root):
    root.post(ADD, data(OFFICE, country="DE", region="Nowhere"))

    hours = BusinessHours.objects.get()
    assert hours.region == ""
    assert hours.holidays.filter(source=HolidaySource.COUNTRY).count() >= 18
    assert '<option value="BY">Bayern</option>' in root.get(page(hours)).content.decode()


def test_every_country_and_region_is_a_choice_that_fits_its_column():
    known = holidays.countries()

    assert len(known) > 200
    assert ("DE", "Germany") in known
    assert ("US", "United States") in known
    assert all(len(code) == 2 for code, _name in known)
    assert holidays.regions("") == holidays.regions("XX") == []
    assert all(len(code) <= 40 for code, _name in holidays.regions("GB") + holidays.regions("DE"))


# --- What comes of it ----------------------------------------------------------------------------


def test_the_page_shows_the_coming_weeks(root, hours):
    answer = root.get(page(hours)).content.decode()

    assert answer.count('<rect class="hours-day"') == 28
    assert "09:00–12:30" in answer
    assert "Europe/Berlin" in root.get("/admin/sla/businesshours/").content.decode()


def test_the_preview_tells_each_day_with_its_night_and_its_reason(hours):
    hours.windows.create(opens="22:00", closes="02:00", friday=True)
    days = list(preview.coming_days(hours.calendar(), AT, {date(2026, 11, 4): "Inventory"}))

    assert len(days) == 28
    assert days[0].times == [("09:00", "12:30"), ("13:30", "18:00")]
    assert days[2].note == "Inventory"
    assert days[4].times[-1] == ("22:00", "24:00")
    assert days[5].times == [("00:00", "02:00")]
    assert days[5].bars == [preview.Bar(0, 120)]
    assert days[6].times == []


@pytest.mark.parametrize(
    ("at", "is_open", "then"),
    [
        (datetime(2026, 11, 2, 9, tzinfo=UTC), True, "2026-11-02T12:30+01:00"),
        (datetime(2026, 11, 6, 17, tzinfo=UTC), False, "2026-11-09T09:00+01:00"),
    ],
)
def test_it_says_whether_it_is_open_and_until_when(hours, at, is_open, then):
    assert preview.standing(hours.calendar(), at) == (is_open, datetime.fromisoformat(then))


def test_rows_that_contradict_each_other_are_told_on_the_page(root, hours):
    hours.windows.create(opens="12:00", closes="14:00", monday=True)

    assert "overlap" in root.get(page(hours)).content.decode()
    assert "overlap" in root.get("/admin/sla/businesshours/").content.decode()


def test_a_change_of_a_window_is_told_in_the_audit_log(root, hours):
    one, other = hours.windows.order_by("pk")
    form = data([window("08:00", "12:30", *WEEK), window("13:30", "18:00", *WEEK)]) | {
        "windows-INITIAL_FORMS": "2",
        "windows-0-id": one.pk,
        "windows-1-id": other.pk,
    }

    assert root.post(page(hours), form).status_code == 302

    assert AuditEvent.objects.latest("pk").changes[f"windows:{one.pk}"][1]["opens"] == "08:00"


# --- Who counts by them ------------------------------------------------------------------------------


def test_one_may_be_the_default_and_saving_tells_whoever_keeps_the_calendar(root, hours):
    rows = {f"windows-{n}-id": row.pk for n, row in enumerate(hours.windows.order_by("pk"))}
    sent = data(OFFICE, make_default="on") | rows | {"windows-INITIAL_FORMS": "2"}

    response = root.post(page(hours), sent)

    saved = BusinessHours.objects.get()
    assert response.status_code == 302
    assert saved.is_default
    assert saved.version != hours.version


def test_holidays_that_are_filled_in_tell_it_too(hours):
    hours.country = "DE"
    hours.save()

    holidays.fill_in_years(AT)

    assert BusinessHours.objects.get().version != hours.version
