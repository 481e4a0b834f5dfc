"""A week of one ticket, with every due time worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from sla.models import PlanTarget
from tests import cast
from tests.cast import DAY, HOUR
from tickets import actions
from tickets.models import PAUSED, Kind, Ticket

RESOLUTION = ("requester:resolution", "third_party:resolution")

pytestmark = pytest.mark.django_db


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


# 2 November 2026 is a Monday. The office is open from 9 to 17, and closed on Wednesday, a holiday; the night shift from
# 13 to 21, also on Wednesday.
MON, TUE, THU, FRI, NEXT_MON = 2, 3, 5, 6, 9


def test_a_week_through_waits_priorities_plans_a_holiday_and_a_transfer(ada, grace, billing, support):
    office, night = cast.make_hours("Office"), cast.make_hours("Night", "13:00", "21:00")
    office.holidays.create(day=at(4, 0).date(), name="Founders' day")
    for department, hours in ((billing, office), (support, night)):
        department.hours = hours
        department.save()
    cast.give_access(grace, support)
    standard = cast.make_plan("Standard", first_response=2 * HOUR, next_response=3 * HOUR, resolution=10 * HOUR)
    PlanTarget.objects.create(plan=standard, target="resolution", priority=cast.priority("High"), within=6 * HOUR)
    standard.pauses = [*RESOLUTION, "third_party:next_response"]
    standard.save()
    slow = cast.make_plan("Slow", next_response=6 * HOUR, resolution=20 * HOUR)
    slow.pauses = [*RESOLUTION, "snoozed:resolution"]
    slow.save()
    topic = cast.make_topic("Normal", department=billing, sla_plan=standard, priority=cast.priority("Normal"))
    by = cast.principal(grace)

    def due(ticket):
        clocks = Ticket.objects.get(pk=ticket.pk).clocks.running()
        return {clock.target: "paused" if clock.paused_by else clock.deadline_at for clock in clocks}

    # Two hours; eight on Monday and two on Tuesday.
    ticket = cast.make_ticket(ada, topic, at=at(MON, 9))
    assert due(ticket) == {"first_response": at(MON, 11), "resolution": at(TUE, 11)}

    # One hour of ten is used up.
    actions.reply(ticket=ticket, text="Which invoice?", by=by, at=at(MON, 10))
    assert due(ticket) == {"resolution": "paused"}
    assert Ticket.objects.get(pk=ticket.pk).next_due_at == PAUSED

    # Nine are left: two on Monday, seven on Tuesday. Of three for the answer one is on Tuesday.
    actions.add_message(
        ticket=ticket, address=cast.address_for(ada), text="This.", source="web", by=cast.principal(ada), at=at(MON, 15)
    )
    assert due(ticket) == {"next_response": at(TUE, 10), "resolution": at(TUE, 16)}

    # Six hours now, of which one is used up: two on Monday, three on Tuesday.
    actions.change_priority(ticket=ticket, to=cast.priority("High"), by=by, at=at(MON, 16))
    assert due(ticket) == {"next_response": at(TUE, 10), "resolution": at(TUE, 12)}

    actions.await_third_party(ticket=ticket, by=by, at=at(MON, 16, 30))
    assert due(ticket) == {"next_response": "paused", "resolution": "paused"}

    # Since 15:00 an hour and a half was used up of both: an hour and a half is left of three, three and a half of six.
    actions.stop_waiting(ticket=ticket, by=by, at=at(TUE, 10))
    assert due(ticket) == {"next_response": at(TUE, 11, 30), "resolution": at(TUE, 13, 30)}

    # Of twenty hours two and a half were used up on Monday: seven on Tuesday, none on Wednesday, eight on Thursday,
    # two and a half on Friday. Of six for the answer one and a half: four and a half since ten.
    actions.change_plan(ticket=ticket, to=slow, by=by, at=at(TUE, 11))
    assert due(ticket) == {"next_response": at(TUE, 14, 30), "resolution": at(FRI, 11, 30)}

    actions.reply(ticket=ticket, text="We found it.", by=by, at=at(TUE, 12), keeps=True)
    assert due(ticket) == {"resolution": at(FRI, 11, 30)}

    # Five and a half are used up.
    actions.snooze(ticket=ticket, until=at(THU, 12), by=by, at=at(TUE, 13))
    assert due(ticket) == {"resolution": "paused"}

    # Fourteen and a half are left: five on Thursday, eight on Friday, one and a half on Monday.
    timer = ticket.timers.get()
    timer.claim = "0" * 32
    timer.save()
    actions.let_time_act(timer=timer, claim=timer.claim, at=at(THU, 12))
    assert due(ticket) == {"resolution": at(NEXT_MON, 10, 30)}
    assert ticket.events.latest("number").cause == "timer:snooze"

    # By the hours of the night shift only one and a half were used up, on Monday: eight on Thursday, eight on Friday,
    # two and a half on Monday.
    actions.transfer(ticket=ticket, to=support, by=by, at=at(THU, 14))
    assert due(ticket) == {"resolution": at(NEXT_MON, 15, 30)}

    # Six hours again, one and a half of them on Monday, and four and a half since one o'clock on Thursday.
    actions.change_plan(ticket=ticket, to=standard, by=by, at=at(FRI, 10))
    assert due(ticket) == {"resolution": at(THU, 17, 30)}
    assert list(Ticket.objects.overdue(at(FRI, 10))) == [ticket]

    # A broken promise is not paused any more.
    actions.await_third_party(ticket=ticket, by=by, at=at(FRI, 11))
    assert due(ticket) == {"resolution": at(THU, 17, 30)}

    actions.resolve(ticket=ticket, by=by, at=at(FRI, 12))
    clock = ticket.clocks.get(target="resolution")
    assert (clock.outcome, clock.breached_at, clock.hours, clock.plan) == ("met", at(THU, 17, 30), night, standard)
    running = timedelta(hours=1 + 1.5 + 3 + 24)
    assert sum((end - start for start, end in clock.runs()), timedelta()) == running
    assert [span.paused_by for span in clock.stretches() if span.paused_by] == ["requester", "third_party", "snoozed"]


def test_under_another_plan_what_was_paused_stays_uncounted(ticket, grace, plan):
    """Also for a promise that was broken: its successor began when it did, and was paused when it was."""
    plan.pauses = ["third_party:resolution"]
    plan.save()
    by, start = cast.principal(grace), ticket.opened_at
    actions.await_third_party(ticket=ticket, by=by, at=start + HOUR)
    actions.stop_waiting(ticket=ticket, by=by, at=start + 3 * HOUR)
    unpaused = cast.make_plan("Unpaused", resolution=5 * HOUR)

    # Broken since the sixth hour.
    actions.change_plan(ticket=ticket, to=unpaused, by=by, at=start + DAY)

    old, new = ticket.clocks.filter(target="resolution").order_by("pk")
    assert (old.outcome, old.deadline_at) == ("cancelled", start + 6 * HOUR)
    assert (new.started_at, new.deadline_at) == (start, start + 7 * HOUR)
    assert new.runs() == [(start, start + HOUR), (start + 3 * HOUR, None)]


def test_a_ticket_that_waits_under_a_plan_that_pauses_goes_on_under_one_that_does_not(ticket, grace, plan):
    plan.pauses = ["third_party:resolution"]
    plan.save()
    by, start = cast.principal(grace), ticket.opened_at
    actions.await_third_party(ticket=ticket, by=by, at=start + HOUR)

    actions.change_plan(ticket=ticket, to=cast.make_plan("Goes on", resolution=5 * HOUR), by=by, at=start + 2 * HOUR)

    clock = ticket.clocks.running().get()
    assert (clock.paused_by, clock.deadline_at) == ("", start + 6 * HOUR)
    told = ticket.events.get(kind=Kind.PLAN_CHANGED).data["clocks"]
    assert [one["did"] for one in told if one["target"] == "resolution"] == ["changed", "resumed"]
