"""What pages may ask of the database, with every row different in every relation."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organization, User
from core.files import store
from core.models import NewFile
from sla.models import Priority
from tests import cast
from tests.cast import HOUR, MINUTE
from tests.desk.conftest import AtDesk
from tickets import actions
from tickets.models import Department, HelpTopic, Source, Then, Ticket

QUEUE_BUDGET = 12
# One of them only where no MAIL_URL is set: whether the department has a sending account of its own.
TICKET_BUDGET = 18


def queries(desk: AtDesk, url: str) -> int:
    # Once before: what a process learns on its first page is no part of the page.
    desk.client.get(url)
    with CaptureQueriesContext(connection) as asked:
        answer = desk.client.get(url)
    assert answer.status_code == 200
    return len(asked)


def different_ticket(n: int, grace: User) -> Ticket:
    """Open a ticket that shares neither department, priority, plan, topic, requester nor holder with any other."""
    region = Department.objects.create(name=f"Region {n}", parent=Department.objects.create(name=f"World {n}"))
    department = Department.objects.create(name=f"Department {n}", parent=region)
    cast.give_access(grace, department)
    topic = cast.make_topic(
        f"Topic {n}",
        department=department,
        priority=Priority.objects.create(name=f"Priority {n}", level=100 + n),
        sla_plan=cast.make_plan(f"Plan {n}", first_response=HOUR, resolution=(n + 2) * HOUR),
    )
    asking = cast.make_person(
        f"asks{n}@example.org", f"Requester {n}", organization=Organization.objects.create(name=f"Organisation {n}")
    )
    made = cast.make_ticket(asking, topic, at=timezone.now() - n * MINUTE)
    colleague = cast.make_agent(f"Colleague {n}", department)
    holder = cast.make_team(f"Team {n}", colleague) if n % 2 else colleague
    actions.assign(ticket=made, to=holder, by=cast.principal(grace), at=timezone.now())
    actions.reply(ticket=made, text=f"Answer {n}", by=cast.principal(colleague), at=timezone.now())
    return made


@pytest.mark.parametrize("slug", ["open", "awaiting-requester"])
def test_a_queue_of_25_rows_asks_no_more_than_one_of_5(desk: AtDesk, grace: User, slug: str) -> None:
    for n in range(5):
        different_ticket(n, grace)
    few = queries(desk, f"/desk/queues/{slug}/")
    for n in range(5, 27):
        different_ticket(n, grace)

    many = queries(desk, f"/desk/queues/{slug}/")

    assert len(desk.client.get(f"/desk/queues/{slug}/").context["groups"]) > 0
    assert many <= QUEUE_BUDGET
    assert abs(many - few) <= 1


def lively(tag: str, entries: int, grace: User, topic: HelpTopic, support: Department) -> Ticket:
    """Return a ticket of so many entries, each by somebody else, with files, mails and events between them."""
    ada = cast.make_person(f"{tag}@example.org", f"Ada {tag}", confirmed=False)
    start = timezone.now() - timedelta(hours=3)
    made = cast.make_ticket(ada, topic, at=start)
    for _n in range(6):
        cast.make_ticket(ada, topic, at=start)
    for n in range(1, entries):
        at, name = start + n * MINUTE, f"{tag} {n}"
        agent = cast.make_agent(f"Colleague {name}", made.department, support)
        by = cast.principal(agent)
        written = {"ticket": made, "text": name, "at": at}
        written["files"] = [NewFile(store([name.encode()]), f"{n}.txt", "text/plain")]
        if n % 3 == 0:
            actions.reply(**written, by=by, keeps=True)
        elif n % 3 == 1:
            actions.add_note(**written, by=by)
        else:
            address = cast.address_for(ada)
            actions.add_message(**written, address=address, source=Source.WEB, by=cast.principal(ada))
        to = agent if n % 2 else cast.make_team(f"Team {name}", agent)
        actions.assign(ticket=made, to=to, by=by, at=at)
        level = Priority.objects.count() + 100
        priority = Priority.objects.create(name=f"Priority {name}", level=level)
        actions.change_priority(ticket=made, to=priority, by=by, at=at)
        actions.change_topic(ticket=made, to=cast.make_topic(f"Topic {name}"), by=by, at=at)
        plan = cast.make_plan(f"Plan {name}", next_response=HOUR, resolution=(n + 1) * HOUR)
        actions.change_plan(ticket=made, to=plan, by=by, at=at)
    # There and back: who gave it keeps a referral beside the access to the department.
    for department in (support, topic.department):
        actions.transfer(ticket=made, to=department, by=cast.principal(grace), at=timezone.now())
    return made


def test_a_ticket_of_50_entries_asks_no_more_than_one_of_5(
    desk: AtDesk, grace: User, topic: HelpTopic, support: Department
) -> None:
    cast.give_access(grace, support)
    few = queries(desk, f"/desk/tickets/{lively('short', 5, grace, topic, support).number}/?queue=open")
    long = lively("long", 50, grace, topic, support)

    many = queries(desk, f"/desk/tickets/{long.number}/?queue=open")

    shown = desk.look(long).context["thread"].pieces
    assert len([piece for piece in shown if piece.item]) == 50
    assert many <= TICKET_BUDGET
    assert abs(many - few) <= 1


def test_replies_that_wait_cost_a_page_two_queries_however_many_they_are(
    desk: AtDesk, grace: User, ticket: Ticket
) -> None:
    def hold(n: int) -> None:
        actions.hold(
            ticket=ticket,
            text=f"Later {n}",
            then=Then.AWAIT,
            files=[NewFile(store([f"{n}".encode()]), f"{n}.txt", "text/plain")],
            send_at=timezone.now() + HOUR,
            is_scheduled=True,
            by=cast.principal(grace),
            at=timezone.now(),
        )

    without = queries(desk, f"/desk/tickets/{ticket.number}/")
    for n in range(6):
        hold(n)

    assert queries(desk, f"/desk/tickets/{ticket.number}/") == without + 2


@pytest.mark.parametrize("name", ["assign", "transfer", "topic"])
def test_a_form_for_many_to_choose_from_asks_no_more_than_one_for_few(
    desk: AtDesk, ticket: Ticket, billing: Department, name: str
) -> None:
    few = queries(desk, f"/desk/tickets/{ticket.number}/{name}/")
    for n in range(60):
        cast.make_agent(f"Agent {n}", billing)
        cast.make_team(f"Team {n}")
    Department.objects.bulk_create(Department(name=f"Branch {n}") for n in range(220))
    HelpTopic.objects.bulk_create(HelpTopic(name=f"Product {n}") for n in range(220))

    many = queries(desk, f"/desk/tickets/{ticket.number}/{name}/")

    assert abs(many - few) <= 1
