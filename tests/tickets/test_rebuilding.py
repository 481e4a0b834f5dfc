"""Every clock follows from the events alone, and is due when a slow judge says so.

Random scripts from printed seeds: one ticket, three departments with hours of their own, plans that differ in what
they promise and in what pauses it.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from uuid import uuid4

import pytest

from sla.models import PlanTarget, Wait
from tests import cast
from tests.cast import HOUR, MINUTE, MONDAY
from tests.sla.oracle import Minutes
from tickets import actions
from tickets.errors import DeedRefused
from tickets.models import FAR_FUTURE, PAUSED, Kind, Ticket

SCRIPTS, PARTS, STEPS = 50, 8, 12
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
# Name → zone, opens, closes; as a calendar in a file, and as rows.
HOURS = {"Berlin": ("Europe/Berlin", "09:00", "17:00"), "Night": ("UTC", "20:00", "04:00")}
HOLIDAY = "2026-11-05"
PAUSES = [f"{wait}:{target}" for wait in Wait for target in ("next_response", "resolution")]


@cache
def judge(name: str) -> Minutes:
    zone, opens, closes = HOURS[name]
    calendar = {"zone": zone, "weekly": {day: [[opens, closes]] for day in WEEKDAYS}, "holidays": [HOLIDAY]}
    return Minutes(calendar, MONDAY - timedelta(days=1), 45)


@dataclass
class Rebuilt:
    """A clock, as the events tell it."""

    target: str
    plan: int
    hours: int | None
    within: timedelta
    started_at: datetime
    deadline_at: datetime | None
    spans: list[list]
    breached_at: datetime | None = None
    stopped_at: datetime | None = None
    outcome: str = ""
    paused_by: str = field(default="")
    warned_at: datetime | None = None
    warned_share: int = 0


def rebuild(events) -> list[Rebuilt]:
    clocks: list[Rebuilt] = []
    running: dict[str, Rebuilt] = {}
    for event in events:
        if event.kind == Kind.CLOCK_BREACHED:
            clock = running[event.data["target"]]
            clock.breached_at = clock.deadline_at
            clock.warned_at = clock.warned_at or event.at
        if event.kind == Kind.CLOCK_WARNED:
            clock = running[event.data["target"]]
            clock.warned_at, clock.warned_share = event.at, event.data["share"]
        for told in event.data.get("clocks", ()):
            deadline = datetime.fromisoformat(told["deadline"]) if told["deadline"] else None
            since = datetime.fromisoformat(told["since"])
            target, by = told["target"], told.get("by", "")
            if told["did"] == "started":
                spans = [[moment(a), moment(b), c] for a, b, c in told.get("spans", [])] or [[since, None, ""]]
                running[target] = Rebuilt(
                    target, told["plan"], told["hours"], timedelta(), since, deadline, spans, paused_by=by
                )
                clocks.append(running[target])
            clock = running[target]
            clock.warned_share = told.get("warned", 0)
            if told["did"] == "changed" and not clock.warned_share:
                clock.warned_at = None
            clock.plan, clock.hours, clock.within = told["plan"], told["hours"], timedelta(seconds=told["within"])
            if told["did"] in {"paused", "resumed"}:
                clock.spans[-1][1] = event.at
                clock.spans.append([event.at, None, by])
                clock.paused_by = by
            if told["did"] in {"met", "cancelled"}:
                if told["did"] == "met" and clock.deadline_at and event.at > clock.deadline_at:
                    clock.breached_at = clock.deadline_at
                clock.spans[-1][1] = clock.stopped_at = event.at
                clock.outcome = told["did"]
                del running[target]
            clock.deadline_at = deadline
    return clocks


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def judged(clock: Rebuilt, name: str | None) -> datetime | None:
    """Return when it is due by what it ran, minute by minute; None while it is paused."""
    left = clock.within
    for number, (start, end, by) in enumerate(clock.spans):
        if by:
            continue
        # What was stopped had run on.
        until = None if number == len(clock.spans) - 1 else end
        due = judge(name).due(start, left) if name else start + left
        if until is None or due <= until:
            return due
        left -= sum((b - a for a, b in judge(name).segments(start, until)), timedelta()) if name else until - start
    return None


def script(seed: int, ada, grace, departments, plans, topic) -> Ticket:
    dice, at = random.Random(seed), MONDAY + timedelta(minutes=random.Random(seed).randrange(600))
    ticket = cast.make_ticket(ada, topic, at=at)
    by, asks = cast.principal(grace), cast.principal(ada)

    def look():
        for row in [*ticket.clocks.filter(due_at__lte=at), *ticket.timers.filter(kind="wake", due_at__lte=at)]:
            claim = uuid4()
            if type(row).objects.filter(pk=row.pk).update(claim=claim):
                if hasattr(row, "deadline_at"):
                    actions.breach_or_warn(clock=row, claim=claim, at=at)
                else:
                    actions.let_time_act(timer=row, claim=claim, at=at)

    def do(name, **given):
        return lambda: getattr(actions, name)(**{"ticket": ticket, "by": by, "at": at} | given)

    for _step in range(STEPS):
        at += dice.choice([MINUTE, 25 * MINUTE, 2 * HOUR, 7 * HOUR])
        deed = dice.choice(
            [
                look,
                do("reply", text="Hello.", keeps=dice.random() < 0.4),
                do("add_message", by=asks, address=cast.address_for(ada), text="And?", source="web"),
                do("change_priority", to=cast.priority(dice.choice(["High", "Normal", "Low"]))),
                do("change_plan", to=dice.choice(plans)),
                do("transfer", to=dice.choice(departments)),
                do("snooze", until=at + dice.choice([HOUR, 9 * HOUR])),
                do("wake"),
                do("await_third_party"),
                do("stop_waiting"),
                do("resolve", resolution="So."),
                do("reopen"),
            ]
        )
        try:
            deed()
        except DeedRefused:
            continue
    return ticket


@pytest.mark.django_db
@pytest.mark.parametrize("part", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, PARTS))])
def test_every_clock_follows_from_the_events_alone(part, ada, grace, billing, support, elsewhere):
    hours = {
        name: cast.make_hours(name, opens, closes, time_zone=zone) for name, (zone, opens, closes) in HOURS.items()
    }
    for one in hours.values():
        one.holidays.create(day=datetime.fromisoformat(HOLIDAY).date(), name="Closed")
    names = {one.pk: name for name, one in hours.items()}
    for department, one in ((billing, hours["Berlin"]), (support, hours["Night"]), (elsewhere, None)):
        department.hours = one
        department.save()
        if department != billing:
            cast.give_access(grace, department)
    plans = []
    for n, pauses in enumerate((PAUSES, PAUSES[::2], [])):
        plan = cast.make_plan(f"Plan {n}", first_response=(n + 1) * HOUR, next_response=2 * HOUR, resolution=11 * HOUR)
        PlanTarget.objects.create(plan=plan, target="resolution", priority=cast.priority("Low"), within=20 * HOUR)
        plan.pauses, plan.warnings = pauses, ([75], [20, 50, 90], [])[n]
        plan.save()
        plans.append(plan)
    topic = cast.make_topic("Anything", department=billing, sla_plan=plans[0])
    seen: set[str] = set()

    for seed in range(part * SCRIPTS, (part + 1) * SCRIPTS):
        print(f"seed {seed}")
        ticket = script(seed, ada, grace, [billing, support, elsewhere], plans, topic)
        events = list(ticket.events.order_by("number"))
        rows = list(ticket.clocks.prefetch_related("spans").order_by("pk"))
        rebuilt = rebuild(events)
        assert [clock.target for clock in rebuilt] == [row.target for row in rows]
        for clock, row in zip(rebuilt, rows, strict=True):
            assert clock == Rebuilt(
                target=row.target,
                plan=row.plan_id,
                hours=row.hours_id,
                within=row.within,
                started_at=row.started_at,
                deadline_at=row.deadline_at if row.has_deadline else None,
                spans=[[span.started_at, span.ended_at, span.paused_by] for span in row.stretches()],
                breached_at=row.breached_at,
                stopped_at=row.stopped_at,
                outcome=row.outcome,
                paused_by=row.paused_by,
                warned_at=row.warned_at,
                warned_share=row.warned_share,
            )
            assert row.deadline_at == (judged(clock, names.get(row.hours_id)) or PAUSED)
        running = [row.deadline_at for row in rows if row.is_running]
        assert Ticket.objects.get(pk=ticket.pk).next_due_at == min(running, default=FAR_FUTURE)
        seen |= {told["did"] for event in events for told in event.data.get("clocks", ())}
        seen |= {event.kind for event in events if event.kind == Kind.CLOCK_BREACHED}

    assert seen == {"started", "changed", "paused", "resumed", "met", "cancelled", "clock_breached"}
