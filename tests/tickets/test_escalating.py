"""What a plan has done about broken promises: each step once, in working time, whatever becomes of the others."""

from datetime import timedelta
from uuid import uuid4

import pytest

from mail.models import OutgoingMail
from notices.models import Notice
from tests import cast
from tests.cast import DAY, HOUR, MINUTE, MONDAY
from tickets import actions, tasks
from tickets.actions import escalating
from tickets.models import Escalation, EscalationStep, Kind, Ticket

pytestmark = pytest.mark.django_db

OPENS = MONDAY.replace(hour=9, minute=0)
DEADLINE = OPENS + 7 * HOUR


@pytest.fixture
def strict(billing):
    """A plan whose promise is broken on Monday at four, in an office that is open from nine to five."""
    billing.hours = cast.make_hours("Office")
    billing.save()
    return cast.make_plan("Strict", first_response=7 * HOUR)


@pytest.fixture
def late(ada, billing, strict):
    return cast.make_ticket(ada, cast.make_topic("Strict", department=billing, sla_plan=strict), at=OPENS)


def step(plan, does, after=timedelta(0), **given):
    return EscalationStep.objects.create(plan=plan, does=does, after=after, **given)


def breach(ticket, at=DEADLINE):
    cast.run_clock(ticket, at=at)


def run(at):
    """Do what is due by then, as the worker does."""
    for one in Escalation.objects.filter(due_at__lte=at).order_by("due_at", "pk"):
        claim = uuid4()
        Escalation.objects.filter(pk=one.pk).update(claim=claim)
        actions.escalate(escalation=one, claim=claim, at=at)


def happened(ticket):
    return [event.kind for event in ticket.events.filter(number__gt=1).order_by("number")]


def told(ticket):
    return ticket.events.filter(kind=Kind.ESCALATED).order_by("number").last().data


def test_steps_wait_in_working_time_after_the_deadline(strict, late):
    for after in (timedelta(0), 30 * MINUTE, 2 * HOUR):
        step(strict, "raise", after)

    breach(late, DEADLINE + 10 * MINUTE)

    planned = list(Escalation.objects.order_by("planned_at").values_list("planned_at", "due_at"))
    assert planned == [(moment, moment) for moment in (DEADLINE, DEADLINE + 30 * MINUTE, OPENS + DAY + HOUR)]


def test_a_step_of_another_promise_does_not_wait(strict, late):
    step(strict, "raise", target="resolution")
    own = step(strict, "raise", target="first_response")

    breach(late)

    assert [one.step for one in Escalation.objects.all()] == [own]


def test_the_priority_rises_by_one_step_until_there_is_none_more_urgent(strict, late):
    names = []
    for minutes in range(4):
        step(strict, "raise", minutes * MINUTE)
    breach(late)
    for minutes in range(4):
        run(DEADLINE + minutes * MINUTE)
        names.append(Ticket.objects.get(pk=late.pk).priority.name)

    assert names == ["High", "Emergency", "Emergency", "Emergency"]
    assert told(late)["left_out"] == "already"
    event = late.events.filter(kind=Kind.PRIORITY_CHANGED).first()
    assert (event.by, event.cause) == (None, f"clock:{late.clocks.get().pk}")


def test_it_rises_to_a_priority_and_never_falls(strict, late):
    step(strict, "raise", priority=cast.priority("Emergency"))
    step(strict, "raise", MINUTE, priority=cast.priority("Low"))
    breach(late)

    run(DEADLINE + MINUTE)

    assert Ticket.objects.get(pk=late.pk).priority.name == "Emergency"


def test_team_agent_and_manager_get_it_in_turn(strict, late, billing, grace):
    boss = cast.make_agent("Boss", billing)
    billing.manager = boss
    billing.save()
    team = cast.make_team("Seniors", grace)
    step(strict, "assign", team=team)
    step(strict, "assign", MINUTE, agent=grace)
    step(strict, "assign_manager", 2 * MINUTE)
    breach(late)

    holders = []
    for minutes in range(3):
        run(DEADLINE + minutes * MINUTE)
        holders.append(Ticket.objects.get(pk=late.pk).held_by)

    assert holders == [team, grace, boss]


def test_whom_a_step_names_is_told_by_mail_and_at_the_desk(strict, late, grace, settings):
    other = cast.make_agent("Uma", late.department)
    late.department.access.filter(agent=other).update(alerts=False)
    step(strict, "notify", agent=other)
    breach(late)
    before = set(OutgoingMail.objects.values_list("pk", flat=True))

    run(DEADLINE)

    assert [mail.user for mail in OutgoingMail.objects.exclude(pk__in=before)] == [other]
    assert Notice.objects.filter(agent=other, event__kind=Kind.ESCALATED).count() == 1


def test_of_a_team_those_are_told_who_may_see_the_ticket(strict, late, grace, linus):
    step(strict, "notify", team=cast.make_team("Both", grace, linus))
    breach(late)
    Notice.objects.all().delete()

    run(DEADLINE)

    assert [notice.agent for notice in Notice.objects.all()] == [grace]


def test_a_note_says_what_its_variables_stand_for(strict, late):
    step(strict, "note", text="{{ ticket.number }} waits: {{ ticket.priority }}, {{ ticket.subject }}.")
    breach(late)

    run(DEADLINE)

    note = late.entries.get(kind="note")
    assert note.text == f"{late.number} waits: Normal, The invoice of October is wrong."
    assert note.author is None


def test_each_step_is_done_once_though_two_hold_it(strict, late):
    step(strict, "raise")
    breach(late)
    one, claim = Escalation.objects.get(), uuid4()
    Escalation.objects.update(claim=claim)

    for _ in range(2):
        actions.escalate(escalation=one, claim=claim, at=DEADLINE)

    assert happened(late).count(Kind.PRIORITY_CHANGED) == 1


def test_without_the_claim_or_before_its_time_nothing_is_done(strict, late):
    step(strict, "raise", HOUR)
    breach(late)
    one, claim = Escalation.objects.get(), uuid4()

    actions.escalate(escalation=one, claim=uuid4(), at=DEADLINE + HOUR)
    Escalation.objects.update(claim=claim, due_at=DEADLINE)
    # The machine's clock went back after the row was handed out.
    actions.escalate(escalation=one, claim=claim, at=DEADLINE + HOUR - MINUTE)

    assert Kind.ESCALATED not in happened(late)
    assert [(row.due_at, row.claim) for row in Escalation.objects.all()] == [(DEADLINE + HOUR, None)]


def test_a_promise_that_is_kept_late_needs_no_further_step(strict, late, grace):
    step(strict, "raise", HOUR)
    breach(late)

    actions.reply(ticket=late, text="Sorry.", by=cast.principal(grace), at=DEADLINE + MINUTE)

    assert not Escalation.objects.exists()


# --- What goes wrong -------------------------------------------------------------------------------


def gone(one):
    one.delete()


def disabled(one):
    type(one).objects.filter(pk=one.pk).update(is_active=False)


def on_vacation(one):
    type(one).objects.filter(pk=one.pk).update(on_vacation=True)


def elsewhere_now(one):
    one.department_access.all().delete()


@pytest.mark.parametrize(
    ("does", "becomes", "why"),
    [
        ("assign", gone, "gone"),
        ("assign", disabled, "nobody"),
        ("assign", elsewhere_now, "no_access"),
        ("assign", on_vacation, "nobody"),
        ("notify", disabled, "nobody"),
        ("notify", on_vacation, "nobody"),
        ("notify", elsewhere_now, "no_access"),
    ],
)
def test_who_cannot_have_it_is_passed_over_the_next_step_is_done_and_administrators_told(
    does, becomes, why, strict, late, billing, admin_user
):
    uma = cast.make_agent("Uma", billing)
    step(strict, does, agent=uma)
    step(strict, "raise", MINUTE)
    breach(late)
    OutgoingMail.objects.all().delete()
    becomes(uma)

    run(DEADLINE)
    left_out = told(late)
    run(DEADLINE + MINUTE)

    assert left_out["left_out"] == why
    assert admin_user in [mail.user for mail in OutgoingMail.objects.all()]
    assert Ticket.objects.get(pk=late.pk).priority.name == "High"


def test_without_a_manager_the_step_is_left_out(strict, late):
    step(strict, "assign_manager")
    breach(late)

    run(DEADLINE)

    assert told(late)["left_out"] == "no_manager"


def test_an_action_that_fails_leaves_the_breach_and_is_tried_again(strict, late, monkeypatch):
    step(strict, "raise")
    step(strict, "note", text="Look.")
    breach(late)
    monkeypatch.setattr(tasks, "now", lambda: DEADLINE)
    first, second = Escalation.objects.order_by("step")
    Escalation.objects.update(claim=(claim := uuid4()))
    with monkeypatch.context() as broken:
        broken.setattr(escalating, "change_priority", lambda **_given: 1 / 0)
        tasks.run_escalation(first.pk, str(claim))
    tasks.run_escalation(second.pk, str(claim))

    clock, waiting = late.clocks.get(), Escalation.objects.get()
    assert clock.breached_at == DEADLINE
    assert late.entries.filter(kind="note").count() == 1
    assert (waiting.attempts, waiting.failed_at, waiting.due_at) == (1, DEADLINE, DEADLINE + MINUTE)
    assert "ZeroDivisionError" in waiting.error

    run(DEADLINE + MINUTE)
    assert Ticket.objects.get(pk=late.pk).priority.name == "High"


def test_after_two_days_a_failing_step_is_left_to_people(strict, late):
    step(strict, "raise")
    breach(late)
    Escalation.objects.update(attempts=9, failed_at=DEADLINE - 2 * DAY, claim=(claim := uuid4()))

    actions.put_off(Escalation.objects.get(), claim=claim, error=ValueError("x"), at=DEADLINE)

    assert [(one.due_at, one.attempts) for one in Escalation.objects.all()] == [(None, 10)]
