"""Plans and calendars change, and workers that reckon clocks anew are killed: `python -m tests.kill.reckoners …`.

`stage` opens KILL_TICKETS tickets of all sorts. `race SEED KILLS` changes what their clocks are reckoned by and lets
four workers at a time begin, each of which is killed at the query that the seed says and followed by a fresh one; after
one of these deaths a plan changes again. When so many are dead four others do the rest. `calm` makes the same changes
at once and has one worker do all, undisturbed. Both print what became of it, as JSON.
"""

import json
import os
import random
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from django.db import transaction  # noqa: E402
from django.utils.timezone import now  # noqa: E402

from accounts.models import AuditEvent, AuditKind, User  # noqa: E402
from accounts.principal import Principal  # noqa: E402
from helpdesk import relay, subscriptions  # noqa: E402
from sla import reckoning  # noqa: E402
from sla.models import BusinessHours, Priority, Reckoning, Scope, SLAPlan  # noqa: E402
from tests import cast  # noqa: E402
from tests.cast import DAY, HOUR, MINUTE  # noqa: E402
from tests.kill import pack  # noqa: E402
from tickets import actions  # noqa: E402
from tickets.actions import reckoning as steps  # noqa: E402
from tickets.models import CloseReason, Department, Kind, Ticket, TicketClock, TicketEvent  # noqa: E402

WORKERS = 4
# Queries begun or answered; the work takes many times as many as all of those have who are killed.
LONGEST_LIFE = 300
KINDS = [kind for kind in relay.KINDS if kind.model is Reckoning]


# --- The stage --------------------------------------------------------------------------------------


def stage(count: int) -> None:
    support = Department.objects.get(name="Support")
    billing = Department.objects.create(name="Billing")
    by = Principal.agent(cast.make_agent("Grace", support, billing))
    office = cast.make_hours("Office")
    cast.make_hours("Night", "20:00", "04:00")
    long = cast.make_plan("Long", first_response=30 * HOUR, next_response=9 * HOUR, resolution=60 * HOUR)
    long.hours, long.pauses = office, ["third_party:resolution"]
    long.save()
    # Its calendar is that of the department or of the site.
    free = cast.make_plan("Free", first_response=50 * HOUR, resolution=90 * HOUR)
    topics = [
        cast.make_topic(f"{plan.name} {department.name}", department=department, sla_plan=plan)
        for plan in (long, free)
        for department in (support, billing)
    ]
    ada, low, at = cast.make_person("ada@example.org", "Ada"), cast.priority("Low"), now() - 2 * HOUR
    with transaction.atomic():
        for number in range(count):
            opened = at + number * HOUR / count
            given: dict[str, Any] = {"priority": low} if number % 3 == 0 else {}
            topic = topics[number % len(topics)]
            _live(number, cast.make_ticket(ada, topic, subject=f"{number:05}", at=opened, **given), by, opened)


def _live(number: int, ticket: Ticket, by: Principal, at: datetime) -> None:
    """Let something happen to a part of the tickets, so that some clocks are met, paused, manual or over."""
    given: dict[str, Any] = {"ticket": ticket, "by": by, "at": at + MINUTE}
    match number % 11:
        case 1:
            actions.reply(text="Hello.", keeps=True, **given)
        case 3:
            actions.await_third_party(**given)
        case 5:
            actions.set_due_date(to=now() + 5 * DAY, **given)
        case 7:
            actions.close_unresolved(reason=CloseReason.SPAM, **given)
        case 9:
            clocks = ticket.clocks.filter(target="first_response")
            clocks.update(deadline_at=at + MINUTE, warn_at=at + MINUTE)
            cast.run_clock(ticket, at=at + 2 * MINUTE)


# --- What is changed ----------------------------------------------------------------------------------


@transaction.atomic
def change() -> None:
    """Change a plan, a calendar, a department and the site's calendar, each as its page does."""
    long, office, night = SLAPlan.objects.get(name="Long"), _hours("Office"), _hours("Night")
    _promise(long, "first_response", 20 * HOUR)
    _promise(long, "resolution", 80 * HOUR, cast.priority("Low"))
    long.targets.filter(target="next_response").delete()
    _ask(Scope.PLAN, long.pk)
    for days in (1, 2, 5):
        office.holidays.create(day=(now() + timedelta(days=days)).date(), name="Closed")
    office.touch()
    _ask(Scope.HOURS, office.pk)
    billing = Department.objects.get(name="Billing")
    billing.hours = night
    billing.save()
    _ask(Scope.DEPARTMENT, billing.pk)
    BusinessHours.objects.filter(pk=office.pk).update(is_default=True)
    _ask(Scope.SITE)


@transaction.atomic
def change_again() -> bool:
    """Change the plan once more; say whether what the first change asked for was done by then."""
    long = SLAPlan.objects.get(name="Long")
    was_done = Reckoning.objects.select_for_update().get(scope=Scope.PLAN).finished_at is not None
    _promise(long, "first_response", 25 * HOUR)
    _ask(Scope.PLAN, long.pk)
    return was_done


def _hours(name: str) -> BusinessHours:
    return BusinessHours.objects.get(name=name)


def _promise(plan: SLAPlan, target: str, within: timedelta, priority: Priority | None = None) -> None:
    plan.targets.update_or_create(target=target, priority=priority, defaults={"within": within})


def _ask(scope: Scope, number: int = 0) -> None:
    # Nobody opens tickets here: there is nothing that has to settle.
    reckoning.ask(scope, number, at=now() - reckoning.SETTLES, by=User.objects.get(name="Grace"))


# --- The runs -----------------------------------------------------------------------------------------


def race(seed: int, kills: int) -> dict[str, Any]:
    dice = random.Random(seed)
    again, was_done = dice.randrange(kills), False
    change()
    doomed = [dice.randrange(1, LONGEST_LIFE) for _each in range(kills)]
    begun = [pack.fork(KINDS, most=1, dies_after=doomed.pop()) for _each in range(WORKERS)]
    seen, codes = [], []
    for number in range(kills):
        pid, status = os.wait()
        codes.append(os.waitstatus_to_exitcode(status))
        begun.remove(pid)
        seen.append([_done(), Reckoning.objects.filter(claim__isnull=False).count()])
        if number == again:
            was_done = change_again()
        if doomed:
            begun.append(pack.fork(KINDS, most=1, dies_after=doomed.pop()))
    rest = [pack.fork(KINDS, most=1) for _each in range(WORKERS)]
    codes += [pack.wait_for(pid) for pid in rest]
    return {"codes": codes, "killed at": seen, "finished before": was_done, **told()}


def calm() -> dict[str, Any]:
    change()
    change_again()
    return {"codes": [pack.wait_for(pack.fork(KINDS, most=1))], **told()}


def _done() -> int:
    return TicketEvent.objects.filter(kind=Kind.RECKONED).count()


# --- What became of it ----------------------------------------------------------------------------------


def told() -> dict[str, Any]:
    """Return the clocks and the reckoned events of every ticket, the reckonings, and what the audit log has of them."""
    tickets = Ticket.objects.prefetch_related("events", "clocks__spans").order_by("subject")
    return {
        "tickets": {ticket.subject: _ticket(ticket) for ticket in tickets},
        "events": {ticket.subject: _reckoned(ticket) for ticket in tickets},
        "reckonings": {
            f"{row.scope} {row.number}": {
                "looked at": row.looked_at,
                "failed": row.failed,
                "moved": row.moved,
                "events": TicketEvent.objects.filter(kind=Kind.RECKONED, cause=f"reckoning:{row.pk}").count(),
                "over": row.finished_at is not None and row.due_at is None and row.claim is None,
            }
            for row in Reckoning.objects.order_by("scope")
        },
        "audit": sorted(
            f"{event.target_model} {event.target_id}" for event in AuditEvent.objects.filter(kind=AuditKind.RECKONED)
        ),
    }


def _ticket(ticket: Ticket) -> list[Any]:
    numbers = sorted(event.number for event in ticket.events.all())
    assert numbers == [*range(1, ticket.last_event_number + 1)]
    clocks = sorted((_clock(clock) for clock in ticket.clocks.all()), key=str)
    return [ticket.status, ticket.entry_count, ticket.next_due_at.isoformat(), clocks]


def _clock(clock: TicketClock) -> list[Any]:
    """Return all that does not depend on when somebody looked."""
    return [
        *(clock.target, clock.plan.name, clock.hours_id, clock.within.total_seconds(), clock.is_manual),
        *_iso(clock.started_at, clock.deadline_at, clock.warn_at, clock.due_at, clock.breached_at, clock.warned_at),
        *(clock.warned_share, clock.paused_by, clock.outcome, clock.is_running, clock.claim is None),
        [[*_iso(span.started_at), span.ended_at is None, span.paused_by] for span in clock.stretches()],
    ]


def _iso(*moments: datetime | None) -> Iterable[str | None]:
    return [moment.isoformat() if moment else None for moment in moments]


def _reckoned(ticket: Ticket) -> list[list[str]]:
    """Return of each time that its clocks were reckoned anew what became of them."""
    events = sorted(ticket.events.all(), key=lambda event: event.number)
    return [
        sorted(f"{told['target']} {told['did']} {told['deadline']}" for told in event.data["clocks"])
        for event in events
        if event.kind == Kind.RECKONED
    ]


if __name__ == "__main__":
    subscriptions.install()
    # A claim is good for few steps, each of few tickets, so that there is much to be interrupted.
    steps.BATCH, steps.SPAN, steps.STEPS = 5, 23, 3
    match sys.argv[1:]:
        case ["stage"]:
            stage(int(os.environ["KILL_TICKETS"]))
        case ["calm"]:
            print(json.dumps(calm()))
        case ["race", seed, kills]:
            print(json.dumps(race(int(seed), int(kills))))
