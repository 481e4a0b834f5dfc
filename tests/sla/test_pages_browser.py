"""Every page on which promises are set up, explained and counted can be read by everybody: axe finds nothing.

Each in light and in dark colours, on a desktop and on a telephone; in the ordinary run two of the four by turns.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import cycle

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import Organization, User
from sla.models import BusinessHours, HolidaySource, OrganizationPlan, PlanTarget, SLAPlan, Target
from tests import axe, cast
from tests.browsing import new_context, next_page
from tests.cast import DAY, HOUR, priority
from tickets import actions
from tickets.models import AsideReason, Department, Does, Escalation, EscalationStep, SetAside, Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

DESKTOP, PHONE, NARROW = ({"width": width, "height": height} for width, height in ((1440, 900), (390, 844), (320, 700)))
LOOKS = [(DESKTOP, "light"), (PHONE, "dark"), (DESKTOP, "dark"), (PHONE, "light")]
# Django's own pages follow the WCAG, and not all that axe thinks good besides.
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
# What stands out of a page that is wider than its window; nothing where it is not.
WIDER = """() => {
    const page = document.documentElement;
    if (page.scrollWidth <= page.clientWidth) return '';
    const out = [...document.querySelectorAll('body *')].filter(
        (one) => one.getBoundingClientRect().right > page.clientWidth
    );
    const told = (one) => `<${one.tagName} ${one.className}> ${one.textContent.slice(0, 40)}`;
    return out.slice(-3).map(told).join() || '?';
}"""
# As long as one may be, and begun with a word that fits on no line: what has room for it has room for all.
LONG = "Donaudampfschifffahrtsgesellschaftskundendienstzeiten of weekdays and every other Saturday"[:80]


@pytest.fixture
def office() -> BusinessHours:
    """Return hours with split windows, a half day, and holidays from all three sources."""
    hours = cast.make_hours(LONG, opens="09:00", closes="12:30", time_zone="Asia/Kathmandu")
    hours.windows.create(opens="13:30", closes="18:00", monday=True, tuesday=True)
    hours.windows.create(opens="22:00", closes="06:00", friday=True)
    today = timezone.now().date()
    hours.exceptions.create(day=today + 3 * DAY, opens="09:00", closes="12:00", note="Half a day")
    hours.exceptions.create(day=today + 4 * DAY, note="Closed")
    for days, source, origin in ((5, HolidaySource.HAND, ""), (6, HolidaySource.FILE, "days.ics")):
        hours.holidays.create(day=today + days * DAY, name="Founders’ day", source=source, origin=origin)
    return hours


@pytest.fixture
def gold(office: BusinessHours, grace: User, billing: Department) -> SLAPlan:
    """Return a plan with promises for each priority, warnings, and steps of every sort."""
    plan = cast.make_plan("Gold", first_response=HOUR, next_response=2 * HOUR, resolution=4 * HOUR)
    PlanTarget.objects.create(plan=plan, target=Target.RESOLUTION, priority=priority("Emergency"), within=HOUR)
    plan.warnings, plan.hours, plan.pauses = [50, 75, 90], office, ["requester:resolution", "snoozed:resolution"]
    plan.save()
    team = cast.make_team("Seniors", grace)
    for number, (does, named) in enumerate(
        (
            (Does.RAISE, {}),
            (Does.ASSIGN, {"team": team}),
            (Does.NOTIFY, {"agent": grace}),
            (Does.NOTE, {"text": "Call"}),
        )
    ):
        EscalationStep.objects.create(plan=plan, does=does, after=number * HOUR, **named)
    company = Organization.objects.create(name="Analytical Engines")
    OrganizationPlan.objects.create(plan=plan, organization=company)
    return plan


@pytest.fixture
def late(gold: SLAPlan, ada: User, billing: Department, grace: User) -> Ticket:
    """Return a ticket whose promises were broken long ago: a step failed, one waits, and a clock is set aside."""
    topic = cast.make_topic("Printers", department=billing, sla_plan=gold)
    start = timezone.now() - 20 * DAY
    ticket = cast.make_ticket(ada, topic, at=start)
    cast.run_clock(ticket, at=start + 10 * DAY)
    first, second, *_others = Escalation.objects.order_by("planned_at", "pk")
    Escalation.objects.filter(pk=first.pk).update(attempts=3, failed_at=start, error="Traceback: " + "x" * 300)
    Escalation.objects.filter(pk=second.pk).update(attempts=9, failed_at=start, due_at=None)
    actions.set_due_date(ticket=ticket, to=timezone.now() + DAY, by=cast.principal(grace), at=timezone.now())
    clock = ticket.clocks.latest("pk")
    SetAside.objects.create(clock=clock, reason=AsideReason.FAILED, since=start, error="Traceback", attempts=2)
    return ticket


@pytest.fixture
def enter(chromium: Browser, live_server: object) -> Iterator[Callable[[User], Page]]:
    """`enter(grace)`: a page of hers, signed in; faults in the console fail the test at the end."""
    contexts, faults = [], []

    def entered(user: User) -> Page:
        context = new_context(chromium, base_url=live_server.url, viewport=DESKTOP)
        contexts.append(context)
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        return page

    yield entered
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def look(long_run: bool) -> Iterator[Callable[..., None]]:
    """`look(page, name)`: judge the page as it stands now; all that is wrong fails the test at the end."""
    wrong: list[str] = []
    turns = cycle([LOOKS] if long_run else [[one] for one in LOOKS])

    def looked(page: Page, name: str, rules: tuple[str, ...] = WCAG) -> None:
        for size in (PHONE, NARROW):
            page.set_viewport_size(size)
            if wider := page.evaluate(WIDER):
                wrong.append(f"{name}, too wide for {size['width']}: {wider}")
        for size, scheme in next(turns):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            told = axe.told(axe.violations(page, rules))
            wrong.extend(f"{name}, {size['width']} {scheme}: {line}" for line in told)
        page.set_viewport_size(DESKTOP)

    yield looked
    assert not wrong, "\n".join(wrong)


def save(page: Page) -> None:
    with next_page(page):
        page.locator('.submit-row [name="_save"]').click()


def test_plans(enter, look, late, gold, ada, admin_user):
    cast.make_ticket(ada, late.topic, at=timezone.now())
    page = enter(admin_user)
    for path in ("", "add/", f"{gold.pk}/change/"):
        page.goto(f"/admin/sla/slaplan/{path}")
        look(page, f"plans/{path}")
    page.locator("#id_targets-0-within").fill("10000d")
    page.get_by_role("button", name="How many would move?").click()
    expect(page.get_by_role("status")).to_have_text(
        "Something on this page cannot be saved yet. Press “Save” to see what."
    )
    page.locator("#id_targets-0-within").fill("30d")
    page.get_by_role("button", name="How many would move?").click()
    expect(page.get_by_role("status")).to_have_text("1 of 2 open tickets gets another due time.")
    look(page, "a plan, asked what would move")
    page.locator("#id_targets-0-within").fill("0m")
    page.locator("#id_steps-0-after").fill("-3h")
    save(page)
    expect(page.locator(".errornote")).to_be_visible()
    look(page, "a plan with errors")
    for path in ("sla/priority/", f"sla/priority/{priority('Low').pk}/change/", "sla/priority/add/"):
        page.goto(f"/admin/{path}")
        look(page, path)


def test_business_hours(enter, look, late, office, admin_user, tmp_path):
    page = enter(admin_user)
    for path in ("", "add/", f"{office.pk}/change/"):
        page.goto(f"/admin/sla/businesshours/{path}")
        look(page, f"business hours/{path}")
    page.locator("#id_windows-0-closes").fill("23:00")
    save(page)
    expect(page.locator(".errornote")).to_be_visible()
    look(page, "business hours with errors")
    holidays = f"/admin/sla/businesshours/{office.pk}/holidays/"
    page.goto(holidays)
    look(page, "holidays of a file")
    soon = f"{date.today() + timedelta(days=9):%Y%m%d}"
    days = f"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:{soon}\r\nSUMMARY:{LONG}\r\nEND:VEVENT\r\n"
    for body, name in ((days, "looked at"), ("", "without a day")):
        file = tmp_path / "days.ics"
        file.write_bytes(f"BEGIN:VCALENDAR\r\n{body}END:VCALENDAR\r\n".encode())
        page.goto(holidays)
        page.locator("input[type=file]").set_input_files(file)
        with next_page(page):
            page.get_by_role("button", name="Look at it").click()
        look(page, f"holidays of a file, {name}")


def test_what_is_tried_out_and_what_went_wrong(enter, look, late, gold, admin_user):
    page = enter(admin_user)
    tried = f"/admin/sla/diagnosis/?start=2026-11-20T14:30&plan={gold.pk}&priority={priority('Low').pk}"
    paused = "&from_1=2026-11-20T15:00&until_1=2026-11-20T16:00&by_1=requester"
    for path in ("/admin/sla/diagnosis/", tried, tried + paused, tried + "&from_1=2026-11-01T15:00"):
        page.goto(path)
        look(page, path)
    for name, row in (("setaside", SetAside.objects.get()), ("escalation", Escalation.objects.first())):
        assert row is not None
        for path in ("", f"{row.pk}/change/"):
            page.goto(f"/admin/tickets/{name}/{path}")
            look(page, f"{name}/{path}")


def test_the_desk_and_the_reports(enter, look, late, grace):
    page = enter(grace)
    ticket = f"/desk/tickets/{late.number}/"
    wanted = "/reports/attainment/"
    for path in (
        *(f"{ticket}{name}/" for name in ("clocks", "due-date", "snooze")),
        *(wanted, f"{wanted}?period=own", f"{wanted}promises/", f"{wanted}promises/?figure=breached"),
        *("/desk/new/", "/desk/queues/overdue/"),
    ):
        page.goto(path)
        look(page, path, ())
    page.goto(f"{ticket}clocks/")
    for summary in page.locator(".tl-text summary").all():
        summary.click()
    look(page, "the clocks in words", ())
