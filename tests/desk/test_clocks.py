"""The timelines of a ticket's clocks, and working time left instead of time on the wall."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from sla.models import Target
from sla.telling import WIDTH
from tests import cast
from tests.cast import DAY, HOUR
from tests.desk.conftest import AtDesk
from tickets import actions
from tickets.models import (
    ClockSpan,
    Department,
    Does,
    Escalation,
    EscalationStep,
    HelpTopic,
    Ticket,
    TicketClock,
)


@pytest.fixture
def promised(topic: HelpTopic) -> HelpTopic:
    """Return a topic that promises 4 working hours, Monday to Friday from 9 to 17 UTC, paused for the requester."""
    plan = cast.make_plan("Gold", resolution=4 * HOUR)
    plan.pauses = ["requester:resolution"]
    plan.hours = cast.make_hours("Office <Berlin>")
    plan.save()
    topic.sla_plan = plan
    topic.save()
    return topic


@pytest.fixture
def waiting(promised: HelpTopic, ada: User, grace: User) -> Ticket:
    """Return a ticket that ran for an hour and then waited for its requester for another, a week and more ago."""
    start = (timezone.now() - 10 * DAY).replace(hour=10, minute=0, second=0, microsecond=0)
    start -= timedelta(days=start.weekday())
    ticket = cast.make_ticket(ada, promised, at=start)
    actions.reply(ticket=ticket, text="Which?", by=cast.principal(grace), at=start + HOUR)
    actions.add_message(
        ticket=ticket,
        text="That one.",
        files=[],
        address=cast.address_for(ada),
        source=ticket.source,
        by=cast.principal(ada),
        at=start + 2 * HOUR,
    )
    return ticket


def test_a_dialog_says_why_it_is_due_and_lists_every_stretch(desk: AtDesk, waiting: Ticket) -> None:
    answer = desk.form(waiting, "clocks", **{"HX-Request": "true"})

    assert "<dialog" in answer.text
    (card,) = answer.context["cards"]
    assert "4 working hours of <bdi>Office &lt;Berlin&gt;</bdi>" in answer.text
    assert "without the 1 hour it waited for the requester," in answer.text
    words = [line.words for line in card.told.lines]
    assert words[:3] == ["Running", "Paused: Awaiting requester", "Running"]
    assert "Running, too late" in words


def test_without_script_it_is_a_page(desk: AtDesk, waiting: Ticket) -> None:
    answer = desk.form(waiting, "clocks")

    assert "<dialog" not in answer.text.partition("<main")[2].partition("</main")[0]
    assert f'href="/desk/tickets/{waiting.number}/clocks/"' in desk.look(waiting).text


def test_earlier_promises_come_page_by_page_for_the_same_queries(desk: AtDesk, waiting: Ticket) -> None:
    def asked(query: str = "") -> int:
        desk.form(waiting, "clocks", query)
        with CaptureQueriesContext(connection) as queries:
            assert desk.form(waiting, "clocks", query).status_code == 200
        return len(queries)

    few = asked()
    clock = waiting.clocks.get()
    for n in range(25):
        stopped = TicketClock.objects.create(
            ticket=waiting,
            target=Target.NEXT_RESPONSE,
            plan=clock.plan,
            hours=clock.hours,
            within=HOUR,
            started_at=clock.started_at + n * HOUR,
            warn_at=clock.started_at + (n + 1) * HOUR,
            deadline_at=clock.started_at + (n + 1) * HOUR,
            stopped_at=clock.started_at + (n + 1) * HOUR,
            outcome="met",
        )
        stopped.spans.create(started_at=stopped.started_at, ended_at=stopped.stopped_at, cause="reply")

    first = desk.form(waiting, "clocks").context
    second = desk.client.get(first["earlier_url"]).context

    assert [len(first["cards"]), len(second["cards"])] == [11, 10]
    assert first["cards"][0].clock == clock
    assert first["cards"][-1].clock.pk > second["cards"][0].clock.pk
    assert asked() <= few + 1


def test_a_ticket_without_promises_says_so(desk: AtDesk, ticket: Ticket) -> None:
    ClockSpan.objects.filter(clock__ticket=ticket).delete()
    ticket.clocks.all().delete()

    assert "No SLA plan promises anything" in desk.form(ticket, "clocks").text


def test_hours_that_contradict_themselves_break_no_page(desk: AtDesk, waiting: Ticket) -> None:
    hours = waiting.clocks.get().hours
    hours.windows.create(opens="08:00", closes="12:00", monday=True)
    hours.touch()

    assert "contradict themselves" in desk.form(waiting, "clocks").text
    assert desk.look(waiting).status_code == 200


def test_what_was_met_while_it_was_paused_is_not_counted_until_the_end_of_time(
    desk: AtDesk, promised: HelpTopic, ada: User, grace: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    ticket = cast.make_ticket(ada, promised, at=now)
    actions.reply(ticket=ticket, text="Which?", by=cast.principal(grace), at=now)
    actions.resolve(ticket=ticket, by=cast.principal(grace), at=now + HOUR)
    counted: list[object] = []
    monkeypatch.setattr("tickets.models.clock.working_time", lambda *asked: counted.append(asked))

    assert "Met in 1h" in desk.look(ticket).text
    assert "No deadline: it stopped while it was paused" in desk.form(ticket, "clocks").text
    assert counted == []


def test_the_pages_tell_the_working_time_that_is_left(desk: AtDesk, promised: HelpTopic, ada: User) -> None:
    plan = promised.sla_plan
    plan.targets.update(within=30 * HOUR)
    ticket = cast.make_ticket(ada, promised, at=timezone.now())
    clock = ticket.clocks.get()
    assert clock.deadline_at - timezone.now() > 70 * HOUR

    assert clock.time_left(timezone.now()) <= 30 * HOUR
    # Counted of 30 hours of work; as time passes it is more than 70.
    assert "of 30h of working time" in desk.look(ticket).text
    assert any(f'"num">{hours}' in desk.client.get("/desk/queues/open/").text for hours in ("30h", "29h 59m"))


# --- Warnings and steps of escalation -----------------------------------------------------------------


@pytest.fixture
def strict(promised: HelpTopic, mia: User, billing: Department) -> HelpTopic:
    """Return a topic whose promise is broken after four working hours, and what is done about it then."""
    billing.manager = mia
    billing.save()
    plan = promised.sla_plan
    EscalationStep.objects.create(plan=plan, does=Does.RAISE, after=0 * HOUR)
    EscalationStep.objects.create(plan=plan, does=Does.NOTIFY_MANAGER, after=HOUR)
    EscalationStep.objects.create(plan=plan, does=Does.NOTE, after=HOUR, text="Call them.", target=Target.NEXT_RESPONSE)
    return promised


@pytest.fixture
def mia(db: None) -> User:
    return cast.make_agent("Mia")


def marks(answer) -> list[tuple[str, str, bool]]:
    """Return what is told of the first clock besides what it did: class, words, and whether it is still to come."""
    (card, *_others) = answer.context["cards"]
    told = [
        (mark.name, f"{mark.label} ({mark.note})" if mark.note else str(mark.label), mark.is_ahead)
        for _x, mark in card.told.marks
    ]
    return [one for one in told if one[0] in {"warned", "step", "omitted"}]


def look_at(ticket: Ticket, at) -> None:
    claim = uuid4()
    clock = ticket.clocks.get()
    TicketClock.objects.filter(pk=clock.pk).update(claim=claim)
    actions.sweep_clocks([clock.pk], claim=claim, at=at)


def do_steps(at) -> None:
    for one in Escalation.objects.filter(due_at__lte=at).order_by("due_at", "pk"):
        claim = uuid4()
        Escalation.objects.filter(pk=one.pk).update(claim=claim)
        actions.escalate(escalation=one, claim=claim, at=at)


def test_before_the_deadline_it_tells_what_will_come(desk: AtDesk, strict: HelpTopic, ada: User) -> None:
    ticket = cast.make_ticket(ada, strict, at=timezone.now())

    answer = desk.form(ticket, "clocks")

    assert marks(answer) == [
        ("warned", "Warns, 75 % used up", True),
        ("step", "Raise the priority (if it is not met by then)", True),
        ("step", "Notify the department's manager (if it is not met by then)", True),
    ]
    (card,) = answer.context["cards"]
    by_name = {str(mark.label): mark.at for _x, mark in card.told.marks}
    assert by_name["Raise the priority"] == ticket.clocks.get().deadline_at
    assert by_name["Notify the department's manager"] > by_name["Raise the priority"]


def test_after_it_it_tells_what_came_what_was_passed_over_and_what_waits(
    desk: AtDesk, strict: HelpTopic, ada: User, billing: Department
) -> None:
    EscalationStep.objects.create(plan=strict.sla_plan, does=Does.NOTIFY_MANAGER, after=400 * HOUR)
    start = timezone.now() - 14 * DAY
    ticket = cast.make_ticket(ada, strict, at=start)
    look_at(ticket, ticket.clocks.get().warn_at)
    deadline = ticket.clocks.get().deadline_at
    look_at(ticket, deadline)
    do_steps(deadline)
    billing.manager = None
    billing.save()
    do_steps(deadline + 3 * DAY)

    told = marks(desk.form(ticket, "clocks"))

    assert told == [
        ("warned", "Warned, 75 % used up", False),
        ("step", "Raise the priority (done)", False),
        ("omitted", "Notify the department's manager (passed over: the department has no manager)", False),
        ("step", "Notify the department's manager (to come)", True),
    ]


@pytest.mark.parametrize(
    ("given_up", "words"),
    [(False, "failed 2 times, tried again then"), (True, "failed 2 times, and is left to administrators")],
)
def test_a_step_that_failed_says_so(desk: AtDesk, strict: HelpTopic, ada: User, given_up: bool, words: str) -> None:
    ticket = cast.make_ticket(ada, strict, at=timezone.now() - 14 * DAY)
    look_at(ticket, ticket.clocks.get().deadline_at)
    due = None if given_up else timezone.now() + HOUR
    Escalation.objects.filter(step__does=Does.RAISE).update(attempts=2, failed_at=timezone.now(), due_at=due)

    assert f"Raise the priority ({words})" in [label for _name, label, _is_ahead in marks(desk.form(ticket, "clocks"))]


def test_while_it_is_paused_steps_wait_for_a_deadline(desk: AtDesk, strict: HelpTopic, ada: User, grace: User) -> None:
    now = timezone.now()
    ticket = cast.make_ticket(ada, strict, at=now)
    actions.reply(ticket=ticket, text="Which?", by=cast.principal(grace), at=now)

    answer = desk.form(ticket, "clocks")

    assert marks(answer) == [
        ("step", "Raise the priority (at the deadline, once there is one)", True),
        ("step", "Notify the department's manager (1h of working time after the deadline, once there is one)", True),
    ]
    assert "Raise the priority" in answer.text


def test_steps_far_ahead_do_not_squeeze_the_picture(desk: AtDesk, strict: HelpTopic, ada: User) -> None:
    EscalationStep.objects.create(plan=strict.sla_plan, does=Does.NOTIFY_MANAGER, after=2000 * HOUR)
    ticket = cast.make_ticket(ada, strict, at=timezone.now())

    (card,) = desk.form(ticket, "clocks").context["cards"]

    due = next(x for x, mark in card.told.marks if mark.name == "due")
    assert due is not None
    assert due >= WIDTH / 2
    far_x, far = card.told.marks[-1]
    assert (far_x, far.name) == (None, "step")
