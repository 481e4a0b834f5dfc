"""A clock that cannot be reckoned or handled is set aside with the reason, and stops no other."""

from uuid import uuid4

import pytest
from django.urls import reverse

from helpdesk import doctor, metrics
from tests import cast
from tests.cast import DAY, HOUR, MINUTE, MONDAY
from tickets import actions, clocks
from tickets.actions import sweep as sweeping
from tickets.models import FAR_FUTURE, Escalation, EscalationStep, Kind, SetAside, Ticket, TicketClock

pytestmark = pytest.mark.django_db

DEADLINE = MONDAY + HOUR


@pytest.fixture
def three(ada, topic):
    """Return the clocks of three tickets that are due at once."""
    for _each in range(3):
        cast.make_ticket(ada, topic)
    return list(TicketClock.objects.filter(target="first_response").order_by("pk"))


def sweep(found, at):
    claim = uuid4()
    TicketClock.objects.filter(pk__in=[clock.pk for clock in found]).update(claim=claim)
    actions.sweep_clocks([clock.pk for clock in found], claim=claim, at=at)
    return [TicketClock.objects.get(pk=clock.pk) for clock in found]


@pytest.fixture
def poison(three, monkeypatch):
    """Handling the second of them fails as long as this is true."""
    fails, plan_steps = [True], sweeping.plan_steps

    def handle(clock):
        if clock.pk == three[1].pk and fails[0]:
            raise ZeroDivisionError("no such time")
        plan_steps(clock)

    monkeypatch.setattr(sweeping, "plan_steps", handle)
    return fails


def test_one_that_cannot_be_handled_is_set_aside_and_the_others_go_on(three, poison):
    first, second, third = sweep(three, DEADLINE)

    assert [clock.breached_at for clock in (first, second, third)] == [DEADLINE, None, DEADLINE]
    aside = SetAside.objects.get()
    assert (aside.clock, aside.reason, aside.attempts, aside.since) == (second, "failed", 1, DEADLINE)
    assert "ZeroDivisionError: no such time" in aside.error
    assert (second.due_at, second.claim) == (DEADLINE + MINUTE, None)


def test_it_is_tried_again_ever_later_and_no_longer_after_two_days(three, poison):
    at, waits = DEADLINE, []
    clock = three[1]
    while True:
        [clock] = sweep([clock], at)
        if clock.due_at is None:
            break
        waits.append(clock.due_at - at)
        at = clock.due_at

    assert waits[:3] == [MINUTE, 2 * MINUTE, 4 * MINUTE]
    assert max(waits) == 6 * HOUR
    assert DAY < at - DEADLINE <= 2 * DAY


def test_who_lost_the_claim_meanwhile_sets_nothing_aside(three):
    TicketClock.objects.update(claim=(claim := uuid4()))
    TicketClock.objects.filter(pk=three[0].pk).update(claim=uuid4())

    sweeping.set_aside(three[0].pk, claim=claim, error=ValueError("x"), at=DEADLINE)

    assert not SetAside.objects.exists()


def test_once_it_can_be_handled_it_is_aside_no_more(three, poison):
    sweep(three, DEADLINE)
    poison[0] = False

    [clock] = sweep([three[1]], DEADLINE + MINUTE)

    assert clock.breached_at == DEADLINE
    assert clock.ticket.events.filter(kind=Kind.CLOCK_BREACHED).count() == 1
    assert not SetAside.objects.exists()


def test_once_it_is_reckoned_anew_or_stopped_it_is_aside_no_more(three, poison, plan, grace):
    sweep(three, DEADLINE)
    plan.targets.filter(target="first_response").update(within=3 * HOUR)
    clocks.retarget(Ticket.objects.get(pk=three[1].ticket_id), at=DEADLINE, cause="test")
    assert not SetAside.objects.exists()

    SetAside.objects.create(clock=three[1], reason="failed", attempts=1, since=DEADLINE)
    sweep([three[1]], DEADLINE + MINUTE)
    assert not SetAside.objects.exists()

    at = TicketClock.objects.get(pk=three[1].pk).warn_at
    SetAside.objects.create(clock=three[1], reason="failed", attempts=1, since=at)
    actions.reply(ticket=three[1].ticket, text="Hello.", by=cast.principal(grace), at=at)
    assert not SetAside.objects.exists()


def test_administrators_see_it_with_the_reason_and_have_it_tried_again(three, poison, sign_in, admin_user):
    root = sign_in(admin_user)
    sweep(three, DEADLINE)
    TicketClock.objects.update(due_at=None)
    aside = SetAside.objects.get()
    listed = reverse("admin:tickets_setaside_changelist")

    page = root.get(reverse("admin:tickets_setaside_change", args=[aside.pk])).content.decode()
    root.post(listed, {"action": "try_again", "_selected_action": [aside.pk]})

    assert "ZeroDivisionError" in page
    assert TicketClock.objects.get(pk=three[1].pk).due_at is not None
    assert ("clocks_aside", "1 clock is set aside.") in [(one.name, one.text) for one in doctor.examine(DEADLINE)]
    assert "helpdesk_clocks_set_aside 1" in list(metrics.lines(DEADLINE))


def test_monitoring_is_told_of_clocks_that_wait_and_of_steps_that_fail(three, plan):
    step = EscalationStep.objects.create(plan=plan, does="raise")
    Escalation.objects.create(clock=three[0], step=step, planned_at=DEADLINE, failed_at=DEADLINE)
    at = three[0].due_at + 40 * MINUTE

    told, found = list(metrics.lines(at)), {one.name: (one.health, one.text) for one in doctor.examine(at)}

    assert {"helpdesk_clocks_oldest_seconds 2400", "helpdesk_escalations_failing 1"} <= set(told)
    assert found["clocks"] == ("red", "The clock that is due longest waits for 40\xa0minutes.")
    assert found["escalations"] == ("amber", "1 step of escalation fails.")


def test_a_clock_that_never_has_so_much_time_is_aside_until_it_has(ada, billing, grace, plan):
    closed = cast.make_hours("Closed")
    closed.windows.all().delete()
    billing.hours = closed
    billing.save()
    ticket = cast.make_ticket(ada, cast.make_topic("Closed", department=billing, sla_plan=plan))
    found = list(SetAside.objects.values_list("reason", flat=True))

    closed.windows.create(monday=True, opens="09:00", closes="17:00")
    closed.touch()
    clocks.retarget(ticket, at=MONDAY, cause="test")

    assert found == ["never_open"] * ticket.clocks.count()
    assert not SetAside.objects.exists()
    assert not ticket.clocks.filter(deadline_at=FAR_FUTURE).exists()


def test_a_clock_that_is_stopped_is_no_concern_any_more(ada, billing, grace, plan):
    closed = cast.make_hours("Closed")
    closed.windows.all().delete()
    billing.hours = closed
    billing.save()
    ticket = cast.make_ticket(ada, cast.make_topic("Closed", department=billing, sla_plan=plan))

    actions.close_unresolved(ticket=ticket, reason="spam", by=cast.principal(grace), at=MONDAY)

    assert not SetAside.objects.exists()
