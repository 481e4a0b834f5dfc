"""Holidays of an iCalendar file: looked at first, then taken over; a file that comes again replaces its own."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import AuditEvent
from sla import holiday_import_admin
from sla.holidays import MOST_HOLIDAYS
from sla.models import BusinessHours, Holiday, HolidaySource, Reckoning
from tests import cast

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def hours() -> BusinessHours:
    return cast.make_hours("Office")


def in_days(n: int) -> date:
    return timezone.now().date() + n * DAY


def upload(*days: tuple[date, str], name: str = "days.ics") -> SimpleUploadedFile:
    events = "".join(
        f"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:{day:%Y%m%d}\r\nSUMMARY:{of}\r\nEND:VEVENT\r\n" for day, of in days
    )
    return SimpleUploadedFile(name, f"BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n".encode())


def url(hours: BusinessHours) -> str:
    return f"/admin/sla/businesshours/{hours.pk}/holidays/"


def look(root, hours, *days, **given):
    return root.post(url(hours), {"file": upload(*days), **given})


def take(root, hours, *days, **given):
    looked = look(root, hours, *days, **given)
    return root.post(url(hours), {"looked_at": looked.context["looked_at"]})


def kept(hours) -> dict[date, tuple[str, str]]:
    return {row.day: (row.name, row.source) for row in hours.holidays.all()}


def test_looking_saves_nothing(root, hours):
    answer = look(root, hours, (in_days(3), "Founders’ <day>"))

    assert "Founders’ &lt;day&gt;" in answer.text
    assert kept(hours) == {}


def test_saving_takes_over_what_was_shown_and_has_clocks_reckoned(root, hours):
    version = hours.version

    answer = take(root, hours, (in_days(3), "Founders’ day"))

    assert answer.status_code == 302
    assert kept(hours) == {in_days(3): ("Founders’ day", HolidaySource.FILE)}
    assert hours.holidays.get().origin == "days.ics"
    hours.refresh_from_db()
    assert hours.version != version
    assert Reckoning.objects.filter(number=hours.pk).exists()
    logged = AuditEvent.objects.get(target_model="sla.businesshours", target_id=str(hours.pk))
    assert "Founders’ day" in str(logged.changes)
    assert "days.ics" in root.get(f"/admin/sla/businesshours/{hours.pk}/change/").text


def test_where_nothing_would_change_nothing_is_offered_to_be_saved(root, hours):
    hours.holidays.create(day=in_days(3), name="Founders’ day", source=HolidaySource.HAND)

    answer = look(root, hours, (in_days(3), "Founders’ day"))

    assert "stays as it is" in answer.text
    assert "Nothing would change" in answer.text
    assert 'name="looked_at"' not in answer.text


def test_a_file_that_comes_again_replaces_its_own_days_alone(root, hours):
    hours.holidays.create(day=in_days(5), name="By hand")
    hours.holidays.create(day=in_days(-9), name="Long ago", source=HolidaySource.FILE, origin="days.ics")
    take(root, hours, (in_days(7), "Other"), origin="Other file")
    take(root, hours, (in_days(3), "One"), (in_days(4), "Two"), (in_days(5), "Three"))

    answer = look(root, hours, (in_days(4), "Two again"))
    assert [row.name for row in answer.context["foreseen"].going] == ["One"]
    take(root, hours, (in_days(4), "Two again"))

    assert kept(hours) == {
        in_days(-9): ("Long ago", HolidaySource.FILE),
        in_days(4): ("Two again", HolidaySource.FILE),
        in_days(5): ("By hand", HolidaySource.HAND),
        in_days(7): ("Other", HolidaySource.FILE),
    }


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello", "This is no iCalendar file"),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "It has no whole day between"),
        (b"", "The submitted file is empty."),
        (b"BEGIN:VCALENDAR\n" + b"x" * (10 * 1024 * 1024), "larger than 10 MB"),
    ],
)
def test_a_file_that_is_none_gets_a_sentence(root, hours, data, words):
    answer = root.post(url(hours), {"file": SimpleUploadedFile("a.ics", data)})

    assert answer.status_code == 422
    assert words in answer.text


def test_what_was_not_looked_at_is_not_saved(root, hours):
    other = cast.make_hours("Elsewhere")
    looked = look(root, other, (in_days(3), "One")).context["looked_at"]

    for forged in ("", "x:y:z", looked):
        answer = root.post(url(hours), {"looked_at": forged})
        assert answer.status_code == 302
    assert kept(hours) == {}


def test_holidays_that_would_close_it_for_good_are_refused(root, hours):
    hours.windows.all().delete()

    take(root, hours, (in_days(3), "One"))

    assert kept(hours) == {}


def test_what_was_looked_at_before_midnight_leaves_the_day_that_is_over(root, hours, monkeypatch):
    take(root, hours, (in_days(1), "One"), (in_days(3), "Two"))
    looked = look(root, hours, (in_days(1), "One again"), (in_days(3), "Two again")).context["looked_at"]
    monkeypatch.setattr(holiday_import_admin, "now", lambda: timezone.now() + 2 * DAY)

    assert root.post(url(hours), {"looked_at": looked}).status_code == 302

    assert {name for name, _source in kept(hours).values()} == {"One", "Two again"}


def fill(hours, count: int) -> None:
    days = (Holiday(hours=hours, day=in_days(n + 10), name="Closed") for n in range(count))
    Holiday.objects.bulk_create(days)


def test_more_than_the_page_of_business_hours_has_room_for_are_refused(root, hours):
    fill(hours, MOST_HOLIDAYS - 1)
    looked = look(root, hours, (in_days(3), "One")).context["looked_at"]

    answer = look(root, hours, (in_days(3), "One"), (in_days(4), "Two"))
    hours.holidays.create(day=in_days(5), name="By hand")
    late = root.post(url(hours), {"looked_at": looked}, follow=True)

    words = "With these there are more than 240 holidays from this year on."
    assert (answer.status_code, words in answer.text, words in late.text) == (422, True, True)
    assert in_days(3) not in kept(hours)


def test_only_administrators_come_here(sign_in, grace, hours):
    assert sign_in(grace).get(url(hours)).status_code == 403


def test_looking_says_how_many_deadlines_would_really_move(root, hours, ada, topic, billing):
    billing.hours = hours
    billing.save()
    ticket = cast.make_ticket(ada, topic, at=timezone.now())
    due = ticket.clocks.order_by("-deadline_at").first().deadline_at

    near = look(root, hours, (due.date(), "Founders’ day")).context["moves"][0]
    far = look(root, hours, (in_days(60), "Founders’ day")).context["moves"][0]

    assert near == "1 of 1 open ticket gets another due time."
    assert far == "It concerns 1 open ticket, and gives none of them another due time."
    assert kept(hours) == {}
