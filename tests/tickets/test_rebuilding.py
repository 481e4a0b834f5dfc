"""Every clock follows from the events alone, and is due when a slow judge says so.

Random scripts from printed seeds: one ticket, three departments with hours of their own, plans that differ in what
they promise and in what pauses it, of topics, a department and an organisation, due dates set by hand. Meanwhile plans
and calendars change, and a worker reckons anew, at once or later.
"""

import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Organization, User
from sla import reckoning
from sla.models import BusinessHours, OrganizationPlan, PlanTarget, Reckoning, Scope, SLAPlan, Wait
from tests import cast
from tests.cast import HOUR, MINUTE, MONDAY
from tests.sla.oracle import Minutes
from tickets import actions
from tickets.errors import DeedRefused
from tickets.models import FAR_FUTURE, PAUSED, Department, Escalation, EscalationStep, HelpTopic, Kind, Status, Ticket

SCRIPTS, PARTS, STEPS = 50, 8, 13
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
# Name → zone, and what opens and closes by turns; as a calendar in a file, and as rows.
HOURS = {
    "Berlin": ("Europe/Berlin", (("09:00", "17:00"), ("08:00", "12:30"))),
    "Night": ("UTC", (("20:00", "04:00"), ("22:00", "02:00"))),
}
HOLIDAYS = ("", "2026-11-03", "2026-11-05")
PAUSES = [f"{wait}:{target}" for wait in Wait for target in ("next_response", "resolution")]
# What an event tells of a clock after reckoning it.
RECKONS = {"started", "changed", "paused", "resumed"}
# Which of its windows holds, and which holiday.
Variant = tuple[int, int]


@cache
def judge(name: str, variant: Variant) -> Minutes:
    zone, windows = HOURS[name]
    holidays = [HOLIDAYS[variant[1]]] if HOLIDAYS[variant[1]] else []
    weekly = {day: [list(windows[variant[0]])] for day in WEEKDAYS}
    return Minutes({"zone": zone, "weekly": weekly, "holidays": holidays}, MONDAY - timedelta(days=1), 45)


# --- What the events tell ---------------------------------------------------------------------------


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
    is_manual: bool = False
    # Whose it was when it was decided.
    department: int | None = None
    # When it was reckoned last, and the due date then; no part of the row.
    reckoned_at: datetime | None = field(default=None, compare=False)
    due_date: datetime | None = field(default=None, compare=False)


def rebuild(events, department: int) -> list[Rebuilt]:
    """Return the clocks as the events tell them, of a ticket that was opened in the department."""
    clocks: list[Rebuilt] = []
    running: dict[str, Rebuilt] = {}
    due_date: datetime | None = None
    for event in events:
        if event.kind == Kind.TRANSFERRED:
            for clock in running.values():
                if clock.deadline_at and clock.deadline_at < event.at:
                    clock.department = clock.department or event.data["from"]
            department = event.data["to"]
        if event.kind == Kind.CLOCK_BREACHED:
            clock = running[event.data["target"]]
            clock.breached_at = clock.deadline_at
            clock.department = clock.department or department
            clock.warned_at = clock.warned_at or event.at
        if event.kind == Kind.CLOCK_WARNED:
            clock = running[event.data["target"]]
            clock.warned_at, clock.warned_share = event.at, event.data["share"]
        if event.kind == Kind.DUE_DATE_SET:
            due_date = moment(event.data["to"])
        if event.kind == Kind.DUE_DATE_REMOVED or "due_dropped" in event.data:
            due_date = None
        for told in event.data.get("clocks", ()):
            deadline, since = moment(told["deadline"]), datetime.fromisoformat(told["since"])
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
            clock.is_manual = told.get("manual", False)
            if told["did"] in RECKONS:
                clock.reckoned_at, clock.due_date = event.at, due_date
            if told["did"] in {"paused", "resumed"}:
                clock.spans[-1][1] = event.at
                clock.spans.append([event.at, None, by])
                clock.paused_by = by
            if told["did"] in {"met", "cancelled"}:
                if clock.deadline_at and event.at > clock.deadline_at:
                    clock.breached_at = clock.deadline_at
                clock.spans[-1][1] = clock.stopped_at = event.at
                clock.outcome = told["did"]
                clock.department = clock.department or department
                del running[target]
            clock.deadline_at = deadline
    return clocks


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def as_row(row) -> Rebuilt:
    return Rebuilt(
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
        is_manual=row.is_manual,
        department=row.department_id,
    )


# --- The world, which changes -------------------------------------------------------------------------


@dataclass
class World:
    ada: User
    grace: User
    departments: list[Department]
    plans: list[SLAPlan]
    topics: list[HelpTopic]
    hours: dict[str, BusinessHours]
    # Name → since when which variant holds, in order.
    variants: dict[str, list[tuple[datetime, Variant]]]

    def named(self, hours: int | None) -> str | None:
        return next((name for name, one in self.hours.items() if one.pk == hours), None)

    def variant(self, name: str, at: datetime) -> Variant:
        held = self.variants[name]
        return held[bisect_right([since for since, _variant in held], at) - 1][1]

    def judged(self, clock: Rebuilt, at: datetime) -> datetime | None:
        """Return when it is due by what it ran, minute by minute, as calendars were then; None while it is paused."""
        if clock.due_date and clock.target == "resolution":
            return clock.due_date
        name, left = self.named(clock.hours), clock.within
        minutes = judge(name, self.variant(name, at)) if name else None
        for number, (start, end, by) in enumerate(clock.spans):
            if by:
                continue
            # What was stopped had run on.
            until = None if number == len(clock.spans) - 1 else end
            due = minutes.due(start, left) if minutes else start + left
            if until is None or due <= until:
                return due
            left -= sum((b - a for a, b in minutes.segments(start, until)), timedelta()) if minutes else until - start
        return None

    # What administrators do, each followed by asking for clocks to be reckoned anew, as their pages do.

    def change_promise(self, dice: random.Random, at: datetime) -> None:
        plan, target = dice.choice(self.plans), dice.choice(["first_response", "next_response", "resolution"])
        row = plan.targets.filter(target=target)
        if target != "resolution" and dice.random() < 0.2:
            row.delete()
        else:
            for_whom = dice.choice([None, cast.priority("Low")]) if target == "resolution" else None
            within = dice.choice([25 * MINUTE, 3 * HOUR, 7 * HOUR, 16 * HOUR])
            plan.targets.update_or_create(target=target, priority=for_whom, defaults={"within": within})
        reckoning.ask(Scope.PLAN, plan.pk, at=at)

    def change_plan(self, dice: random.Random, at: datetime) -> None:
        plan = dice.choice(self.plans)
        plan.pauses = dice.choice([PAUSES, PAUSES[::2], []])
        plan.warnings = dice.choice([[75], [20, 50, 90], []])
        plan.hours = dice.choice([None, *self.hours.values()])
        plan.hours_everywhere = plan.hours is not None and dice.random() < 0.3
        plan.save()
        reckoning.ask(Scope.PLAN, plan.pk, at=at)

    def change_calendar(self, dice: random.Random, at: datetime) -> None:
        name, hours = dice.choice(list(self.hours.items()))
        self.set_variant(name, (dice.randrange(2), dice.randrange(len(HOLIDAYS))), at)
        reckoning.ask(Scope.HOURS, hours.pk, at=at)

    def change_department(self, dice: random.Random, at: datetime) -> None:
        department = dice.choice(self.departments)
        department.hours = dice.choice([None, *self.hours.values()])
        department.save()
        reckoning.ask(Scope.DEPARTMENT, department.pk, at=at)

    def change_site(self, dice: random.Random, at: datetime) -> None:
        BusinessHours.objects.update(is_default=False)
        if dice.random() < 0.7:
            BusinessHours.objects.filter(pk=dice.choice(list(self.hours.values())).pk).update(is_default=True)
        reckoning.ask(Scope.SITE, at=at)

    def set_variant(self, name: str, variant: Variant, at: datetime) -> None:
        hours, (_zone, windows) = self.hours[name], HOURS[name]
        opens, closes = windows[variant[0]]
        hours.windows.update(opens=opens, closes=closes)
        hours.holidays.all().delete()
        if day := HOLIDAYS[variant[1]]:
            hours.holidays.create(day=date.fromisoformat(day), name="Closed")
        hours.touch()
        self.variants[name].append((at, variant))

    def reckon(self, at: datetime) -> None:
        """Do what the worker does with all that was asked."""
        for row in Reckoning.objects.filter(finished_at=None).order_by("pk"):
            row.claim = uuid4()
            Reckoning.objects.filter(pk=row.pk).update(claim=row.claim)
            while not actions.reckon_step(row, claim=row.claim, at=at):
                pass


@pytest.fixture
def world(ada, grace, billing, support, elsewhere) -> World:
    hours = {name: cast.make_hours(name, *windows[0], time_zone=zone) for name, (zone, windows) in HOURS.items()}
    plans = []
    for n, pauses in enumerate((PAUSES, PAUSES[::2], [])):
        plan = cast.make_plan(f"Plan {n}", first_response=(n + 1) * HOUR, next_response=2 * HOUR, resolution=11 * HOUR)
        PlanTarget.objects.create(plan=plan, target="resolution", priority=cast.priority("Low"), within=20 * HOUR)
        plan.pauses, plan.warnings, plan.is_transient = pauses, ([75], [20, 50, 90], [])[n], n != 2
        plan.save()
        # Clocks of a ticket whose priority rises are reckoned anew, and others of it are broken by then.
        EscalationStep.objects.create(plan=plan, does="raise", after=n * HOUR)
        EscalationStep.objects.create(plan=plan, does="assign", after=2 * HOUR, agent=grace)
        plans.append(plan)
    for department, one in ((billing, hours["Berlin"]), (support, hours["Night"]), (elsewhere, None)):
        department.hours, department.sla_plan = one, plans[2] if department == elsewhere else None
        department.save()
        if department != billing:
            cast.give_access(grace, department)
    ada.organization = Organization.objects.create(name="Company")
    ada.save()
    OrganizationPlan.objects.create(organization=ada.organization, plan=plans[1])
    topics = [cast.make_topic("Anything", department=billing, sla_plan=plans[0])]
    topics.append(cast.make_topic("Else", department=billing))
    variants = {name: [(MONDAY - timedelta(days=9), (0, 0))] for name in HOURS}
    return World(ada, grace, [billing, support, elsewhere], plans, topics, hours, variants)


# --- The scripts ------------------------------------------------------------------------------------------


@dataclass
class Script:
    """One ticket, and what is done to it and around it, by the dice."""

    world: World
    dice: random.Random
    at: datetime

    def run(self) -> Ticket:
        self.ticket = cast.make_ticket(self.world.ada, self.dice.choice(self.world.topics), at=self.at)
        for _step in range(STEPS):
            self.at += self.dice.choice([MINUTE, 25 * MINUTE, 2 * HOUR, 7 * HOUR])
            try:
                self.dice.choice(self.deeds())()
            except DeedRefused:
                continue
        self.at += MINUTE
        self.world.reckon(self.at)
        return self.ticket

    def deeds(self) -> list[Callable[[], Any]]:
        dice, world, ada = self.dice, self.world, self.world.ada
        return [
            self.look,
            self.look,
            self.do("reply", text="Hello.", keeps=dice.random() < 0.4),
            self.do("add_message", by=cast.principal(ada), address=cast.address_for(ada), text="And?", source="web"),
            self.do("change_priority", to=cast.priority(dice.choice(["High", "Normal", "Low"]))),
            self.do("change_plan", to=dice.choice(world.plans)),
            self.do("change_topic", to=dice.choice(world.topics)),
            self.do("transfer", to=dice.choice(world.departments)),
            self.do("snooze", until=self.at + dice.choice([HOUR, 9 * HOUR])),
            self.do("wake"),
            self.do("await_third_party"),
            self.do("stop_waiting"),
            self.do("await_requester"),
            self.do("resolve", resolution="So."),
            self.do("reopen"),
            self.do("set_due_date", to=self.at + dice.choice([HOUR, 30 * HOUR])),
            self.do("remove_due_date"),
            lambda: world.reckon(self.at),
            *(
                self.around(change)
                for change in (
                    world.change_promise,
                    world.change_plan,
                    world.change_calendar,
                    world.change_department,
                    world.change_site,
                )
            ),
        ]

    def do(self, name: str, **given: Any) -> Callable[[], object]:
        usual = {"ticket": self.ticket, "by": cast.principal(self.world.grace), "at": self.at}
        return lambda: getattr(actions, name)(**usual | given)

    def around(self, change: Callable[[random.Random, datetime], None]) -> Callable[[], None]:
        """Change what clocks are reckoned by; as often as not the worker comes at once."""

        def changed() -> None:
            change(self.dice, self.at)
            if self.dice.random() < 0.5:
                self.world.reckon(self.at)

        return changed

    def look(self) -> None:
        timers = self.ticket.timers.filter(kind="wake", due_at__lte=self.at)
        for row in [*self.ticket.clocks.filter(due_at__lte=self.at), *timers]:
            claim = uuid4()
            if type(row).objects.filter(pk=row.pk).update(claim=claim):
                if hasattr(row, "deadline_at"):
                    actions.breach_or_warn(clock=row, claim=claim, at=self.at)
                else:
                    actions.let_time_act(timer=row, claim=claim, at=self.at)
        for step in Escalation.objects.filter(clock__ticket=self.ticket, due_at__lte=self.at).order_by("due_at", "pk"):
            Escalation.objects.filter(pk=step.pk).update(claim=(claim := uuid4()))
            actions.escalate(escalation=step, claim=claim, at=self.at)


@pytest.mark.django_db
@pytest.mark.parametrize("part", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, PARTS))])
def test_every_clock_follows_from_the_events_alone(part, world):
    seen: set[str] = set()

    for seed in range(part * SCRIPTS, (part + 1) * SCRIPTS):
        print(f"seed {seed}")
        dice = random.Random(seed)
        for name in HOURS:
            world.variants[name].clear()
            world.set_variant(name, (0, 0), MONDAY - timedelta(days=9))
        script = Script(world, dice, MONDAY + timedelta(minutes=dice.randrange(600)))
        ticket = script.run()
        events = list(ticket.events.order_by("number"))
        check(world, Ticket.objects.get(pk=ticket.pk), events, script.at)
        seen |= {told["did"] for event in events for told in event.data.get("clocks", ())}
        seen |= {"manual" for event in events for told in event.data.get("clocks", ()) if told.get("manual")}
        seen |= {event.kind for event in events}
        # The next one begins on Monday again: nothing more is done to this one.
        done = {"status": Status.CLOSED, "closed_at": script.at, "close_reason": "other"}
        Ticket.objects.filter(pk=ticket.pk).update(**done)

    wanted = {"started", "changed", "paused", "resumed", "met", "cancelled", "manual", "clock_breached"}
    assert wanted | {"reckoned", "due_date_set", "due_date_removed", "topic_changed"} <= seen


def check(world: World, ticket: Ticket, events: list, at: datetime) -> None:
    rows = list(ticket.clocks.prefetch_related("spans").order_by("pk"))
    moves = [event for event in events if event.kind == Kind.TRANSFERRED]
    rebuilt = rebuild(events, moves[0].data["from"] if moves else ticket.department_id)
    assert [clock.target for clock in rebuilt] == [row.target for row in rows]
    for clock, row in zip(rebuilt, rows, strict=True):
        assert clock == as_row(row)
        assert row.deadline_at == (world.judged(clock, clock.reckoned_at) or PAUSED)
        if row.is_running and not row.breached_at and at <= row.deadline_at:
            # As if what holds now had held since it started.
            assert row.within == promised(ticket)[row.target]
            assert row.hours_id == hours_of(ticket)
            waits = [wait for wait in ticket.waits if f"{wait}:{row.target}" in ticket.sla_plan.pauses]
            assert row.paused_by == (waits[0] if waits else "")
            assert row.deadline_at == (world.judged(clock, at) or PAUSED)
    owed = {"resolution"} if ticket.first_response_at else {"resolution", "first_response"}
    running = {row.target for row in rows if row.is_running}
    assert not ticket.is_working or owed & {*promised(ticket)} <= running
    assert running <= {*promised(ticket)} | ({"resolution"} if ticket.manual_due_at else set())
    deadlines = [row.deadline_at for row in rows if row.is_running]
    assert ticket.next_due_at == min(deadlines, default=FAR_FUTURE)


def promised(ticket: Ticket) -> dict[str, timedelta]:
    """Return what the ticket's plan promises at its priority, as its rows say."""
    found: dict[str, timedelta] = {}
    for row in ticket.sla_plan.targets.order_by("target", "priority_id"):
        if row.priority_id == ticket.priority_id or (row.priority_id is None and row.target not in found):
            found[row.target] = row.within
    return found


def hours_of(ticket: Ticket) -> int | None:
    plan, department = ticket.sla_plan, ticket.department
    if plan.hours_id and plan.hours_everywhere:
        return plan.hours_id
    site = BusinessHours.objects.filter(is_default=True).first()
    return department.hours_id or plan.hours_id or (site.pk if site else None)
