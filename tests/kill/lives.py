"""Thirty tickets' lives, as a program beside the help desk: `python -m tests.kill.lives stage | play SEED`.

`stage` fills an empty help desk with the cast. `play` lives the lives, the seed deciding in which order the
tickets take turns; then it waits for a line on stdin and prints what became of them, as JSON without ids and times.
"""

import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from django.utils.timezone import now  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.principal import Principal  # noqa: E402
from core.models import SiteSettings  # noqa: E402
from helpdesk import subscriptions  # noqa: E402
from sla.models import SLAPlan  # noqa: E402
from tests import cast  # noqa: E402
from tests.cast import DAY, HOUR  # noqa: E402
from tickets import actions  # noqa: E402
from tickets.models import (  # noqa: E402
    CloseReason,
    Department,
    FailedHandler,
    HelpTopic,
    Kind,
    Ticket,
    TicketClock,
    TicketEvent,
)

ROUNDS = 3
SECOND = timedelta(seconds=1)
CLOCKS = {Kind.CLOCK_WARNED, Kind.CLOCK_BREACHED}

Life = Callable[["Desk", str], Iterator[None]]


def stage() -> None:
    """Departments that wait long for an objection and one that does not, agents, a team, plans."""
    SiteSettings.objects.update(close_after=3 * DAY)
    billing = Department.objects.get(name="Support")
    quick = Department.objects.create(name="Quick", close_after=1.5 * SECOND)
    grace = cast.make_agent("Grace", billing, quick)
    ken = cast.make_agent("Ken", quick)
    mia = cast.make_agent("Mia", billing, quick)
    for agent in (grace, mia):
        agent.department_access.filter(department=quick).update(alerts=False)
    mia.department_access.update(alerts=False)
    cast.make_team("Accountants", grace, mia)
    warned = cast.make_plan("Warned", first_response=4 * HOUR)
    breached = cast.make_plan("Breached", first_response=HOUR)
    cast.make_topic("Invoices", department=billing)
    cast.make_topic("Outage", department=quick)
    cast.make_topic("Watched", department=billing, sla_plan=warned)
    cast.make_topic("Late", department=billing, sla_plan=breached)
    assert ken.is_agent


class Desk:
    """The cast at hand, and the deeds in few words."""

    def __init__(self) -> None:
        self.grace, self.ken, self.mia = (Principal.agent(User.objects.get(name=n)) for n in ("Grace", "Ken", "Mia"))

    def open(self, name: str, topic: str = "Invoices", ago: timedelta = timedelta(0)) -> Ticket:
        ada = cast.make_person(f"{name}@example.org", f"Ada {name}", confirmed=False)
        return cast.make_ticket(
            ada, HelpTopic.objects.get(name=topic), subject=name, at=now() - ago, request_key=f"open-{name}"
        )

    def write(self, ticket: Ticket, text: str) -> None:
        asker = Principal.link(ticket.requester, ticket.pk)
        address = cast.address_for(ticket.requester)
        actions.add_message(ticket=ticket, address=address, text=text, source="web", by=asker, at=now())

    def confirm(self, ticket: Ticket) -> None:
        actions.close(ticket=ticket, by=Principal.link(ticket.requester, ticket.pk), at=now())

    def reply(self, ticket: Ticket, by: Principal, text: str = "Look here.", **given: object) -> None:
        actions.reply(ticket=ticket, text=text, by=by, at=now(), **given)

    def solve(self, ticket: Ticket, by: Principal) -> None:
        actions.reply_and_resolve(ticket=ticket, text="Fixed.", by=by, at=now())


# --- The lives: every `yield` lets the other tickets have a turn ------------------------------------


def answered_and_confirmed(desk: Desk, name: str) -> Iterator[None]:
    ticket = desk.open(name)
    yield
    desk.reply(ticket, desk.grace)
    yield
    desk.write(ticket, "And this?")
    yield
    desk.solve(ticket, desk.grace)
    yield
    desk.confirm(ticket)


def closed_by_silence(desk: Desk, name: str) -> Iterator[None]:
    ticket = desk.open(name, "Outage")
    yield
    desk.solve(ticket, desk.ken)


def transferred(desk: Desk, name: str) -> Iterator[None]:
    ticket = desk.open(name)
    yield
    desk.reply(ticket, desk.grace, keeps=True)
    yield
    quick = Department.objects.get(name="Quick")
    actions.transfer(ticket=ticket, to=quick, by=desk.grace, at=now(), note="Beyond me.")
    yield
    actions.claim(ticket=ticket, by=desk.ken, at=now())
    actions.add_note(ticket=ticket, text="A load balancer.", by=desk.ken, at=now())
    yield
    desk.solve(ticket, desk.ken)


def objected(desk: Desk, name: str) -> Iterator[None]:
    ticket = desk.open(name)
    yield
    desk.solve(ticket, desk.grace)
    yield
    desk.write(ticket, "No.")
    yield
    desk.solve(ticket, desk.grace)
    yield
    desk.confirm(ticket)


def warned(desk: Desk, name: str) -> Iterator[None]:
    # Three quarters of the time are used up in a second; the deadline itself is an hour away.
    desk.open(name, "Watched", ago=3 * HOUR - SECOND)
    yield


def breached(desk: Desk, name: str) -> Iterator[None]:
    desk.open(name, "Late", ago=HOUR - 1.5 * SECOND)
    yield


def given_round(desk: Desk, name: str) -> Iterator[None]:
    ticket = desk.open(name)
    yield
    team = desk.mia.user.teams.get()
    actions.assign(ticket=ticket, to=team, by=desk.grace, at=now(), note="For whoever is there.")
    yield
    desk.write(ticket, "Anybody?")
    yield
    actions.claim(ticket=ticket, by=desk.mia, at=now())
    yield
    actions.release(ticket=ticket, by=desk.mia, at=now())


def spam(desk: Desk, name: str) -> Iterator[None]:
    ticket = desk.open(name)
    yield
    actions.close_unresolved(ticket=ticket, reason=CloseReason.SPAM, by=desk.grace, at=now())


def changed(desk: Desk, name: str) -> Iterator[None]:
    ticket = desk.open(name)
    yield
    actions.change_priority(ticket=ticket, to=cast.priority("High"), by=desk.grace, at=now())
    actions.change_plan(ticket=ticket, to=SLAPlan.objects.get(name="Breached"), by=desk.grace, at=now())
    yield
    actions.assign(ticket=ticket, to=desk.mia.user, by=desk.grace, at=now())
    yield
    desk.reply(ticket, desk.mia)


def talkative(desk: Desk, name: str) -> Iterator[None]:
    ticket = desk.open(name)
    for number in range(3):
        yield
        desk.reply(ticket, desk.grace, f"Answer {number}.")
        yield
        desk.write(ticket, f"Question {number}.")


LIVES: tuple[Life, ...] = (
    answered_and_confirmed,
    closed_by_silence,
    transferred,
    objected,
    warned,
    breached,
    given_round,
    spam,
    changed,
    talkative,
)


def play(seed: int) -> None:
    """Live all lives, in an order that the seed decides."""
    subscriptions.install()
    desk, dice = Desk(), random.Random(seed)
    lives = [life(desk, f"{life.__name__}-{turn}") for life in LIVES for turn in range(ROUNDS)]
    while lives:
        life = dice.choice(lives)
        if next(life, "over") == "over":
            lives.remove(life)


# --- What became of them ----------------------------------------------------------------------------


def report() -> dict[str, object]:
    """Return every ticket's facts, history, clocks and mails, without what differs from run to run.

    A worker that was away at the warning finds the deadline passed: then there is a breach without a warning. So
    the warnings of clocks that were breached are left out.
    """
    told = {}
    for ticket in Ticket.objects.select_related("assignee", "team", "department", "priority").order_by("subject"):
        late = set(ticket.clocks.exclude(breached_at=None).values_list("pk", flat=True))
        events = [event for event in ticket.events.order_by("number") if not _is_moot(event, late)]
        mails = [mail for mail in ticket.outgoing_mail.select_related("event") if not _is_moot(mail.event, late)]
        told[ticket.subject] = {
            "ticket": [
                ticket.status,
                ticket.awaiting,
                ticket.close_reason,
                ticket.entry_count,
                ticket.reopened_count,
                *map(str, (ticket.assignee, ticket.team, ticket.department, ticket.priority)),
                *map(bool, (ticket.first_response_at, ticket.resolved_at, ticket.closed_at, ticket.closes_at)),
            ],
            "history": [_told(event) for event in events if event.kind not in CLOCKS],
            "deadlines": sorted(_told(event) for event in events if event.kind in CLOCKS),
            "clocks": sorted(_clock(clock) for clock in ticket.clocks.prefetch_related("spans")),
            "timers": ticket.timers.count(),
            "mails": sorted([mail.template, mail.recipient] for mail in mails),
        }
        assert list(ticket.events.order_by("number").values_list("number", flat=True)) == [
            *range(1, ticket.last_event_number + 1)
        ]
    return {"tickets": told, "failed handlers": FailedHandler.objects.count()}


def _is_moot(event: TicketEvent | None, late: set[int]) -> bool:
    return event is not None and event.kind == Kind.CLOCK_WARNED and event.data["clock"] in late


def _told(event: TicketEvent) -> str:
    return f"{event.kind} by {event.by or event.cause.partition(':')[0]}, entry {event.data.get('entry')}"


def _clock(clock: TicketClock) -> list[object]:
    return [
        clock.target,
        clock.outcome,
        bool(clock.warned_at) or bool(clock.breached_at),
        bool(clock.breached_at),
        clock.due_at is None,
        clock.claim is None,
        [(span.cause, span.ended_at is None) for span in clock.spans.all()],
    ]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["stage"]:
            stage()
        case ["play", seed]:
            play(int(seed))
            print("played", flush=True)
            sys.stdin.readline()
            print(json.dumps(report()), flush=True)
