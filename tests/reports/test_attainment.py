"""How promises were kept: figures by plan and target, the promises behind each, only of tickets one may open."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role, User
from reports.periods import Period, span_of
from sla.models import SLAPlan, Target
from tests import cast
from tests.cast import DAY, HOUR
from tickets import actions
from tickets.models import Department, HelpTopic, Ticket, TicketClock

URL = "/reports/attainment/"
LIST = "/reports/attainment/promises/"


@pytest.fixture
def plan(topic: HelpTopic) -> SLAPlan:
    topic.sla_plan = cast.make_plan("Gold", resolution=8 * HOUR)
    topic.save()
    return topic.sla_plan


@pytest.fixture
def clerk(sign_in, grace):
    return sign_in(grace)


def promise(ada: User, topic: HelpTopic, *, outcome: str = "", breached: bool = False, ago: int = 0) -> TicketClock:
    """Return a promise that was made so many days ago, and what became of it."""
    at = timezone.now() - ago * DAY
    clock = cast.make_ticket(ada, topic, at=at).clocks.get()
    stopped = at + HOUR if outcome else None
    values = {"outcome": outcome, "stopped_at": stopped, "due_at": None, "breached_at": at if breached else None}
    TicketClock.objects.filter(pk=clock.pk).update(**values)
    return clock


def lately(**given) -> dict[str, object]:
    today = timezone.localdate()
    return {"period": "own", "since": f"{today - 20 * DAY}", "until": f"{today}", **given}


def test_made_is_met_broken_and_open(clerk, plan, ada, topic):
    promise(ada, topic, outcome="met")
    promise(ada, topic, outcome="met", ago=3)
    promise(ada, topic, outcome="met", breached=True)
    promise(ada, topic, breached=True)
    promise(ada, topic)
    promise(ada, topic, outcome="cancelled")
    promise(ada, topic, outcome="met", ago=40)

    answer = clerk.get(URL, lately())

    (row,) = answer.context["rows"]
    line = row["line"]
    assert (line.plan_name, line.target) == ("Gold", Target.RESOLUTION)
    assert (line.made, line.met, line.breached, line.open, line.share) == (5, 2, 2, 1, 50)


@pytest.mark.parametrize(("reason", "count"), [("", 1), ("obsolete", 1), ("spam", 0), ("duplicate", 0)])
def test_what_was_broken_before_it_was_cancelled_stays_broken(clerk, plan, ada, topic, reason, count):
    clock = promise(ada, topic, outcome="cancelled", breached=True)
    Ticket.objects.filter(pk=clock.ticket_id).update(close_reason=reason)

    total = clerk.get(URL, lately()).context["total"]["line"]

    assert (total.made, total.breached) == (count, count)
    assert len(clerk.get(LIST, lately(figure="breached")).context["rows"]) == count


@pytest.mark.parametrize(("figure", "count"), [("made", 3), ("met", 1), ("breached", 1), ("open", 1)])
def test_each_figure_leads_to_its_promises(clerk, plan, ada, topic, figure, count):
    promise(ada, topic, outcome="met")
    promise(ada, topic, breached=True)
    promise(ada, topic)
    (row,) = clerk.get(URL, lately()).context["rows"]

    url = next(one["url"] for one in row["figures"] if one["name"] == figure)

    assert len(clerk.get(url).context["rows"]) == count


def test_nobody_counts_what_they_cannot_open(sign_in, plan, ada, topic, linus):
    promise(ada, topic)
    client = sign_in(linus)

    assert client.get(URL, lately()).context["rows"] == []
    assert client.get(LIST, lately()).context["rows"] == []


def test_a_department_narrows(clerk, plan, ada, topic, grace, support: Department):
    cast.give_access(grace, support)
    promise(ada, topic)
    there = promise(ada, topic)
    Ticket.objects.filter(pk=there.ticket_id).update(department=support)

    answer = clerk.get(URL, lately(department=support.pk))

    assert answer.context["total"]["line"].made == 1
    assert clerk.get(LIST, lately(department=support.pk)).context["rows"][0]["clock"] == there


@pytest.fixture
def moved(plan, ada, topic, grace, support: Department) -> Callable[[datetime], Ticket]:
    """`moved(at)`: a ticket that was opened in Billing twelve hours ago, and handed to Support then."""
    cast.give_access(grace, support)

    def moved(at: datetime) -> Ticket:
        ticket = cast.make_ticket(ada, topic, at=timezone.now() - 12 * HOUR)
        return actions.transfer(ticket=ticket, to=support, by=cast.principal(grace), at=at)

    return moved


def counted(clerk, department: Department) -> tuple[int, int, int]:
    """Return how many promises of the department were met, broken, and are open; the lists behind say the same."""
    given = lately(department=department.pk)
    total = clerk.get(URL, given).context["total"]["line"]
    figures = {"met": total.met, "breached": total.breached, "open": total.open}
    for figure, count in figures.items():
        rows = clerk.get(LIST, given | {"figure": figure}).context["rows"]
        assert [row["clock"].held_by for row in rows] == [department] * count
    return total.met, total.breached, total.open


def test_while_it_is_open_a_promise_is_of_whoever_has_the_ticket(clerk, moved, grace, billing, support):
    ticket = moved(timezone.now() - 10 * HOUR)

    assert (counted(clerk, billing), counted(clerk, support)) == ((0, 0, 0), (0, 0, 1))
    actions.resolve(ticket=ticket, resolution="Done.", by=cast.principal(grace), at=timezone.now() - 9 * HOUR)
    assert (counted(clerk, billing), counted(clerk, support)) == ((0, 0, 0), (1, 0, 0))


def test_a_promise_that_was_met_stays_with_the_department_that_met_it(clerk, plan, ada, topic, grace, billing, support):
    cast.give_access(grace, support)
    start, by = timezone.now() - 12 * HOUR, cast.principal(grace)
    ticket = cast.make_ticket(ada, topic, at=start)
    actions.resolve(ticket=ticket, resolution="Done.", by=by, at=start + HOUR)
    actions.reopen(ticket=ticket, by=by, at=start + 2 * HOUR)

    actions.transfer(ticket=ticket, to=support, by=by, at=start + 3 * HOUR)

    assert (counted(clerk, billing), counted(clerk, support)) == ((1, 0, 0), (0, 0, 1))


@pytest.mark.parametrize("seen", ["before", "after"])
def test_a_promise_that_was_broken_stays_with_the_department_that_broke_it(
    clerk, plan, ada, topic, grace, billing, support, seen
):
    cast.give_access(grace, support)
    start = timezone.now() - 12 * HOUR
    ticket = cast.make_ticket(ada, topic, at=start)
    clock = ticket.clocks.get()
    if seen == "before":
        look_at(clock, start + 9 * HOUR)

    actions.transfer(ticket=ticket, to=support, by=cast.principal(grace), at=start + 10 * HOUR)
    if seen == "after":
        look_at(clock, start + 11 * HOUR)

    assert (counted(clerk, billing), counted(clerk, support)) == ((0, 1, 0), (0, 0, 0))


def test_who_claimed_a_clock_before_it_moved_does_nothing_to_it(plan, ada, topic, grace, support, billing):
    cast.give_access(grace, support)
    start, claim = timezone.now() - 12 * HOUR, uuid4()
    ticket = cast.make_ticket(ada, topic, at=start)
    clock = ticket.clocks.get()
    TicketClock.objects.update(claim=claim)

    actions.transfer(ticket=ticket, to=support, by=cast.principal(grace), at=start + 10 * HOUR)
    actions.sweep_clocks([clock.pk], claim=claim, at=start + 10 * HOUR)

    clock.refresh_from_db()
    assert (clock.breached_at, clock.department, clock.due_at) == (None, billing, clock.warn_at)


def look_at(clock: TicketClock, at: datetime) -> None:
    claim = uuid4()
    TicketClock.objects.filter(pk=clock.pk).update(claim=claim)
    actions.sweep_clocks([clock.pk], claim=claim, at=at)


def test_a_department_of_others_is_no_choice(clerk, plan, support):
    assert clerk.get(URL, lately(department=support.pk)).status_code == 422
    assert clerk.get(LIST, lately(department=support.pk)).status_code == 404


def test_without_the_permission_there_is_no_link_and_no_page(clerk, sign_in, billing):
    vera = sign_in(cast.make_agent("Vera", billing, role=cast.VIEW_ONLY))

    assert URL not in vera.get("/desk/queues/open/").text
    assert [vera.get(one).status_code for one in (URL, f"{URL}csv/", LIST)] == [403] * 3
    assert f'href="{URL}"' in clerk.get("/desk/queues/open/").text


def test_it_leaves_as_csv(clerk, plan, ada, topic):
    plan.name = "=Gold"
    plan.save()
    promise(ada, topic, outcome="met")

    answer = clerk.get(f"{URL}csv/", lately())

    today = timezone.localdate()
    assert answer["Content-Type"].startswith("text/csv")
    assert f"{today - 20 * DAY},{today},,'=Gold,Resolution,1,1,0,0,100" in answer.content.decode()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"period": "own"}, "Own dates need both"),
        ({"since": "2026-01-01"}, "Own dates need both"),
        ({"since": "2026-05-01", "until": "2026-04-01"}, "The last day comes before the first."),
        ({"since": "2026-01-01", "until": "2026-12-31"}, "Choose at most 92 days"),
        ({"since": "0026-01-01", "until": "0026-01-02"}, "Choose days between 2000 and 2100."),
        ({"since": "soon", "until": "2026-01-02"}, "Enter a valid date."),
        ({"period": "ever"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_counted_is_said(clerk, given, words):
    answer = clerk.get(URL, given)

    assert answer.status_code == 422
    assert words in answer.text
    assert clerk.get(f"{URL}csv/", given).status_code == 422


@pytest.mark.parametrize("given", [{"figure": "x"}, {"target": "x"}, {"period": "ever"}])
def test_an_address_that_nobody_made_leads_nowhere(clerk, given):
    assert clerk.get(LIST, given).status_code == 404


def test_nothing_promised_says_so(clerk):
    assert "No promises in this time" in clerk.get(URL).text
    assert "There is no such promise" in clerk.get(LIST).text


def test_the_list_goes_on_by_key_for_the_same_queries(clerk, plan, ada, topic):
    first = promise(ada, topic)

    def asked(url, given=None):
        with CaptureQueriesContext(connection) as queries:
            answer = clerk.get(url, given)
        return answer, len(queries)

    clerk.get(LIST, lately())
    _answer, few = asked(LIST, lately())
    more = []
    for n in range(60):
        ticket = Ticket.objects.get(pk=first.ticket_id)
        ticket.pk, ticket.number = None, f"9{n:05}"
        ticket.save()
        clock = TicketClock.objects.get(pk=first.pk)
        clock.pk, clock.ticket = None, ticket
        more.append(clock)
    TicketClock.objects.bulk_create(more)

    page, many = asked(LIST, lately())
    rest = clerk.get(page.context["older_url"])

    assert (len(page.context["rows"]), len(rest.context["rows"])) == (50, 11)
    assert many <= few
    _answer, figures = asked(URL, lately())
    assert figures <= 10


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.THIS_MONTH, date(2024, 2, 1), date(2024, 2, 29)),
        (Period.LAST_MONTH, date(2024, 1, 1), date(2024, 1, 31)),
        (Period.THIS_QUARTER, date(2024, 1, 1), date(2024, 3, 31)),
        (Period.LAST_QUARTER, date(2023, 10, 1), date(2023, 12, 31)),
    ],
)
def test_periods_are_calendar_months_and_quarters(period, first, last):
    span = span_of(period, date(2024, 2, 29))

    assert (span.first, span.last) == (first, last)
    assert span.ends - span.begins == (last - first) + timedelta(days=1)


def test_a_role_can_be_given_the_permission(db):
    allowed = {role.name for role in Role.objects.all() if "report.view" in role.permissions}

    assert allowed == {cast.ALL_ACCESS, cast.EXPANDED}
