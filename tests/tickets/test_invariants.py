"""Whatever happens in whatever order, the rows of a ticket agree with each other.

Random lives from printed seeds: people of all kinds do what comes to their minds, time passes, the relay looks.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

from accounts.people import address_of
from accounts.principal import Principal
from sla.models import Priority, Target
from tests import cast
from tests.cast import HOUR, LIMITED, MINUTE, MONDAY, address_for
from tickets import actions, policy
from tickets.errors import DeedRefused
from tickets.models import (
    FAR_FUTURE,
    WORKING,
    Awaiting,
    CloseReason,
    Department,
    Kind,
    Participant,
    Source,
    Status,
    ThreadEntry,
    Ticket,
    TicketTimer,
)
from tickets.models.people import Part
from tickets.policy import Deed

SEEDS, MORE_SEEDS, STEPS = 6, 40, 60
PAUSES = ["requester:resolution", "snoozed:resolution", "third_party:next_response", "third_party:first_response"]


class Life:
    """One ticket, everybody who may come by, and a dice."""

    def __init__(self, seed: int, departments: list[Department]) -> None:
        self.dice = random.Random(seed)
        self.at = MONDAY
        self.departments = departments
        self.plans = [
            cast.make_plan("All three", first_response=HOUR, next_response=2 * HOUR, resolution=8 * HOUR),
            cast.make_plan("Resolution alone", resolution=24 * HOUR),
            cast.make_plan("Responses alone", first_response=HOUR / 2, next_response=HOUR),
        ]
        for plan, pauses in zip(self.plans, (PAUSES, PAUSES[:2], []), strict=True):
            plan.pauses = pauses
            plan.save()
        ada, bob = (cast.make_person(f"{name}@example.org", name, confirmed=False) for name in ("ada", "bob"))
        self.agents = [
            cast.make_agent(f"Agent {n}", *places, role=role)
            for n, (places, role) in enumerate(
                [(departments[:1], "All access"), (departments[1:2], "All access"), (departments[:2], LIMITED)]
            )
        ]
        self.team = cast.make_team("Night shift", self.agents[1], self.agents[2])
        topic = cast.make_topic("Anything", department=departments[0], sla_plan=self.dice.choice([*self.plans, None]))
        self.ticket = cast.make_ticket(ada, topic, at=self.at)
        self.other = cast.make_ticket(bob, topic, at=self.at)
        Participant.objects.create(
            ticket=self.ticket, user=bob, address=address_for(bob), role=Part.COLLABORATOR, added_at=self.at
        )
        self.everybody = [
            Principal.link(ada, self.ticket.pk),
            Principal.requester(ada),
            Principal.requester(bob),
            *(Principal.agent(agent) for agent in self.agents),
            Principal.system("rule:1"),
        ]

    def step(self) -> str:
        """Let somebody try something, or let time pass; say what it was and how it ended."""
        self.at += self.dice.choice([MINUTE, 20 * MINUTE, HOUR, 5 * HOUR, timedelta(days=2)])
        if self.dice.random() < 0.2:
            return self.look()
        by = self.dice.choice(self.everybody)
        ticket = Ticket.objects.select_related("department").get(pk=self.ticket.pk)
        standing, doings = policy.standing(by, ticket), self.doings()
        # Most people try what they may; some try anything.
        open_to_them = [deed for deed in doings if standing.may(deed, ticket, at=self.at)]
        deed = self.dice.choice(open_to_them if open_to_them and self.dice.random() < 0.9 else list(doings))
        try:
            doings[deed](by)
        except DeedRefused as refusal:
            # What may be done at all can still be given nothing, or the wrong thing, to do it with.
            ended = str(refusal)
        else:
            ended = "done"
        assert deed in open_to_them or ended != "done"
        return f"{by.face} {by.user} {deed}: {ended}"

    def doings(self) -> dict[Deed, Callable[[Principal], object]]:
        given = {"ticket": self.ticket, "at": self.at}
        dice, holders = self.dice, [*self.agents, self.team]

        def words() -> str:
            return dice.choice(["Words.", "More words.", "The last word.", ""])

        return {
            Deed.MESSAGE: lambda by: actions.add_message(
                **given,
                by=by,
                address=address_for(by.user or self.agents[0]),
                text=words(),
                source=Source.WEB,
            ),
            Deed.REPLY: lambda by: dice.choice(
                [
                    lambda: actions.reply(**given, by=by, text=words(), keeps=dice.random() < 0.3),
                    lambda: actions.reply_and_resolve(**given, by=by, text=words()),
                ]
            )(),
            Deed.NOTE: lambda by: actions.add_note(**given, by=by, text=words()),
            Deed.ASSIGN: lambda by: actions.assign(**given, by=by, to=dice.choice(holders), note=words()),
            Deed.CLAIM: lambda by: actions.claim(**given, by=by),
            Deed.RELEASE: lambda by: actions.release(**given, by=by),
            Deed.TRANSFER: lambda by: actions.transfer(
                **given,
                by=by,
                to=dice.choice(self.departments),
                note=words(),
                keep_access=dice.random() < 0.7,
                assignee=dice.choice([None, *self.agents]),
            ),
            Deed.ADD_COLLABORATOR: lambda by: actions.add_collaborator(
                **given,
                by=by,
                address=address_of(dice.choice(["ada@example.org", "bob@example.org", "eve@example.org"])),
            ),
            Deed.REMOVE_COLLABORATOR: lambda by: actions.remove_collaborator(
                **given, by=by, participant=dice.choice(list(self.ticket.participants.order_by("pk")))
            ),
            Deed.LEAVE: lambda by: actions.leave(**given, by=by),
            Deed.CHANGE_PRIORITY: lambda by: actions.change_priority(
                **given, by=by, to=dice.choice(Priority.objects.order_by("pk"))
            ),
            Deed.CHANGE_TOPIC: lambda by: actions.change_topic(**given, by=by, to=self.ticket.topic),
            Deed.CHANGE_PLAN: lambda by: actions.change_plan(**given, by=by, to=dice.choice(self.plans)),
            Deed.CHANGE_SOURCE: lambda by: actions.change_source(**given, by=by, to=dice.choice(list(Source))),
            Deed.MOVE_ENTRY: lambda by: self.move(by),
            Deed.SET_DUE_DATE: lambda by: actions.set_due_date(
                **given, by=by, to=self.at + dice.choice([HOUR, 30 * HOUR])
            ),
            Deed.REMOVE_DUE_DATE: lambda by: actions.remove_due_date(**given, by=by),
            Deed.SNOOZE: lambda by: actions.snooze(**given, by=by, until=self.at + dice.choice([HOUR, 9 * HOUR])),
            Deed.WAKE: lambda by: actions.wake(**given, by=by),
            Deed.AWAIT_THIRD_PARTY: lambda by: actions.await_third_party(**given, by=by),
            Deed.AWAIT_REQUESTER: lambda by: actions.await_requester(**given, by=by),
            Deed.STOP_WAITING: lambda by: actions.stop_waiting(**given, by=by),
            Deed.RESOLVE: lambda by: actions.resolve(**given, by=by, resolution=words()),
            Deed.CLOSE: lambda by: actions.close(**given, by=by),
            Deed.CLOSE_UNRESOLVED: lambda by: actions.close_unresolved(
                **given, by=by, reason=dice.choice(CloseReason.for_unresolved()), note=words()
            ),
            Deed.REOPEN: lambda by: actions.reopen(**given, by=by),
        }

    def move(self, by: Principal) -> None:
        """Move an entry to the other ticket, or one from there back here."""
        here, there = self.dice.sample([self.ticket, self.other], 2)
        # One that is not here is refused.
        entry = self.dice.choice(list(ThreadEntry.objects.order_by("pk")))
        actions.move_entry(
            entry=entry, ticket=here, to=there, by=by, at=self.at, lets_take_part=self.dice.random() < 0.2
        )

    def look(self) -> str:
        """Do what the relay and its workers do with what is due."""
        due = [
            *self.ticket.clocks.filter(due_at__lte=self.at),
            *self.ticket.timers.filter(due_at__lte=self.at),
        ]
        for row in due:
            claim = uuid4()
            if not type(row).objects.filter(pk=row.pk).update(claim=claim):
                continue
            if isinstance(row, TicketTimer):
                actions.let_time_act(timer=row, claim=claim, at=self.at)
            else:
                actions.breach_or_warn(clock=row, claim=claim, at=self.at)
        return f"the relay: {len(due)} due"


def check(ticket: Ticket) -> None:
    """Everything that must hold of a ticket's rows at any time."""
    working = ticket.status in WORKING
    events = list(ticket.events.order_by("number"))
    kinds = [event.kind for event in events]
    clocks = list(ticket.clocks.prefetch_related("spans"))
    running = {clock.target: clock for clock in clocks if clock.is_running}
    timers = list(ticket.timers.all())

    # Numbers without gaps, counted right.
    assert [event.number for event in events] == list(range(1, ticket.last_event_number + 1))
    left = [event.data["number"] for event in events if event.kind == Kind.ENTRY_MOVED_AWAY]
    assert sorted([*ticket.entries.values_list("number", flat=True), *left]) == list(range(1, ticket.entry_count + 1))
    assert ticket.last_activity_at == max(event.at for event in events)

    # The state, and what goes with it.
    assert (ticket.held_by is None) or ticket.status != Status.OPEN
    assert (ticket.held_by is not None) or ticket.status != Status.ASSIGNED
    assert (ticket.closes_at is not None) == (ticket.status == Status.RESOLVED)
    waiting = {"close": ticket.closes_at, "wake": ticket.snoozed_until}
    assert {timer.kind: timer.due_at for timer in timers} == {kind: at for kind, at in waiting.items() if at}
    assert working or not ticket.snoozed_until
    assert (ticket.closed_at is not None) == bool(ticket.close_reason) == (ticket.status == Status.CLOSED)
    assert not (working and ticket.resolved_at)
    assert ticket.status != Status.RESOLVED or (ticket.resolved_at and ticket.awaiting == Awaiting.REQUESTER)
    assert ticket.reopened_count == kinds.count(Kind.REOPENED)

    # Promises: what is owed runs, once; nothing runs that is not owed.
    promised = dict(ticket.sla_plan.promises()) if ticket.sla_plan else {}
    if ticket.manual_due_at and ticket.sla_plan:
        promised.setdefault(Target.RESOLUTION, ticket.manual_due_at - ticket.opened_at)
    assert len(running) == sum(clock.is_running for clock in clocks)
    assert working or not running
    assert set(running) <= set(promised)
    assert not working or (Target.RESOLUTION in promised) == (Target.RESOLUTION in running)
    if working and ticket.first_response_at is None:
        assert (Target.FIRST_RESPONSE in promised) == (Target.FIRST_RESPONSE in running)
    else:
        assert Target.FIRST_RESPONSE not in running
    assert ticket.next_due_at == min((clock.deadline_at for clock in running.values()), default=FAR_FUTURE)
    for clock in clocks:
        spans = clock.stretches()
        assert (spans[0].started_at, spans[-1].ended_at) == (clock.started_at, clock.stopped_at)
        assert all(one.ended_at == other.started_at for one, other in pairwise(spans))
        assert spans[-1].paused_by == clock.paused_by
        paused = sum((span.ended_at - span.started_at for span in spans if span.paused_by and span.ended_at), 0 * HOUR)
        if clock.is_manual:
            assert clock.target == Target.RESOLUTION
            assert clock.deadline_at == ticket.manual_due_at or not clock.is_running
        elif clock.has_deadline:
            # What is used up before the last pause is due before it.
            assert clock.started_at + clock.within <= clock.deadline_at <= clock.started_at + clock.within + paused
        else:
            assert clock.paused_by
        if clock.is_running:
            is_late = clock.breached_at is not None or (clock.due_at is not None and clock.due_at < events[-1].at)
            wanted = clock.plan.pausing(clock.target, ticket.waits) or ""
            assert clock.paused_by == wanted or is_late
        if clock.is_running:
            assert clock.plan_id == ticket.sla_plan_id or (clock.is_manual and is_late)
            assert clock.breached_at or clock.due_at == clock.next_due()
        else:
            assert clock.due_at is None
        late = clock.stopped_at is not None and clock.stopped_at > clock.deadline_at
        assert clock.breached_at == clock.deadline_at or not (late and clock.outcome == "met")
    warned = {event.data["clock"] for event in events if event.kind == Kind.CLOCK_BREACHED}
    assert len(warned) == kinds.count(Kind.CLOCK_BREACHED)

    # Whose ticket it is, it stays.
    assert [one.user_id for one in ticket.participants.filter(role=Part.REQUESTER)] == [ticket.requester_id]

    # Nobody who works there needs a referral.
    assert not ticket.referrals.filter(department=ticket.department).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "seed", [seed if seed < SEEDS else pytest.param(seed, marks=pytest.mark.long) for seed in range(MORE_SEEDS)]
)
def test_whatever_happens_the_rows_agree(seed, support, billing, elsewhere):
    life = Life(seed, [billing, support, elsewhere])
    told = []

    for _ in range(STEPS):
        told.append(life.step())
        print(f"seed {seed}, {life.at:%d %b %H:%M}: {told[-1]}")
        check(Ticket.objects.get(pk=life.ticket.pk))

    assert sum(line.endswith("done") for line in told) > STEPS / 5
