"""Working time over a usual calendar, and the sweep: clocks that are due, from the claim to the committed rows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.timezone import now

from bench.scenario import Case, Scenario, Target
from helpdesk import relay
from sla.hours import Calendar, Window, add_working_time
from tickets.models import Escalation, Ticket, TicketClock

WEEK, YEAR = "add 40 hours", "add 2,000 hours"
IDLE, BREACH = "idle sweep", "breach, with its rows"
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 2 * 365
# So many clocks are due at once, and of these so many are handed out and handled in one time.
FEW, MANY, MANY_TICKETS = 1_000, 10_000, 100_000
AT_ONCE = relay.BATCH
KINDS = {kind.model: kind for kind in relay.KINDS}


def cases() -> Sequence[Case]:
    dice = Random(uuid4().int)
    holidays = dice.sample([FIRST_DAY.date() + timedelta(days=n) for n in range(DAYS)], 30)
    office = [Window(9 * 60, 12 * 60 + 30), Window(13 * 60 + 30, 18 * 60)]
    calendar = Calendar(ZoneInfo("Europe/Berlin"), [office] * 5 + [[]] * 2, holidays)

    def moment() -> datetime:
        return FIRST_DAY + timedelta(seconds=dice.randrange(DAYS * 86_400))

    due = FEW if Ticket.objects.count() < MANY_TICKETS else MANY
    return [
        Case(WEEK, partial(_add, calendar, timedelta(hours=40)), moment),
        Case(YEAR, partial(_add, calendar, timedelta(hours=2000)), moment),
        Case(IDLE, _look, partial(_let_be_due, 0)),
        Case(BREACH, _breach, partial(_let_be_due, due), each=AT_ONCE),
    ]


def _add(calendar: Calendar, span: timedelta, start: datetime) -> None:
    add_working_time(start, span, calendar)


def _let_be_due(count: int) -> None:
    """Let the promises of so many open tickets be broken a minute ago, and no other clock be due now."""
    at = now()
    waiting = TicketClock.objects.running().filter(due_at__isnull=False)
    missing = count - waiting.filter(due_at__lte=at).count()
    if missing > 0:
        # Whatever became of these before: they run and have warned.
        pks = TicketClock.objects.running().exclude(due_at__lte=at).order_by("?").values_list("pk", flat=True)[:missing]
        broken = {"deadline_at": at - timedelta(minutes=1), "warn_at": at - timedelta(minutes=1), "breached_at": None}
        again = {"paused_by": "", "warned_at": at - timedelta(hours=1), "warned_share": 75, "claim": None}
        TicketClock.objects.filter(pk__in=list(pks)).update(**broken, **again, due_at=at - timedelta(minutes=1))
    elif missing < 0:
        waiting.filter(due_at__lte=at).update(due_at=at + timedelta(days=1), claim=None)
    if not missing:
        return
    with connection.cursor() as cursor:
        # PostgreSQL does it by itself after so many changes, some time; what it costs is not counted either way.
        cursor.execute("VACUUM tickets_ticketclock")


def _look(_none: None) -> None:
    """Do what the relay does for clocks each second."""
    for model in (TicketClock, Escalation):
        assert relay.hand_out(KINDS[model], at=now(), send=_never) == 0


def _never(pks: Sequence[int], claim: UUID) -> None:
    raise AssertionError(f"{len(pks)} are due")


def _breach(_none: None) -> None:
    """Do what relay and workers do, but for the broker between them."""
    out: list[tuple[Sequence[int], UUID]] = []
    kind = KINDS[TicketClock]
    relay.hand_out(kind, at=now(), send=lambda pks, claim: out.append((pks, claim)))
    for pks, claim in out:
        kind.task(list(pks), str(claim))
    done = [pk for pks, _claim in out for pk in pks]
    assert TicketClock.objects.filter(pk__in=done, breached_at__isnull=False, due_at=None).count() == AT_ONCE


SCENARIO = Scenario(
    about="Working time over a calendar with 30 holidays, which the process keeps. And the sweep: 1,000 clocks are due "
    "among the open tickets, 10,000 with more than 100,000 tickets; a hundred of them are claimed as the relay does, "
    "in one process and without the broker, and the figure is for one, with its event, its mails and its notices. The "
    "idle sweep looks for clocks and steps of escalation, of which none is due.",
    cases=cases,
    targets=[
        Target(WEEK, most_ms=0.1),
        Target(YEAR, most_ms=2.0),
        Target(IDLE, most_ms=5.0),
        Target(BREACH, most_ms=6.0),
        Target(BREACH, most_times=1.25),
    ],
)
