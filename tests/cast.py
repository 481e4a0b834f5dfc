"""The cast of our tests, the same everywhere: Ada asks, Grace (Billing) answers, Linus must see nothing.

Fixtures for them stand in conftest.py; here is what a test with its own people builds them from.
"""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

from accounts.models import Address, Role, Team, User
from accounts.people import address_of
from accounts.principal import Principal
from sla.models import BusinessHours, PlanTarget, Priority, SLAPlan, Target
from sla.models.business_hours import WEEKDAYS
from tickets import actions
from tickets.models import Department, DepartmentAccess, HelpTopic, Source, Ticket, TicketClock

# Fixed times. Monday is an ordinary working day without a change of the clocks anywhere near it.
MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)
NEXT_MONDAY = MONDAY + timedelta(days=7)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

PASSWORD = "a horse with 4 letters"

ALL_ACCESS = "All access"
EXPANDED = "Expanded access"
LIMITED = "Limited access"
VIEW_ONLY = "View only"

_keys = count(1)


def make_person(email: str, name: str, *, confirmed: bool = True, at: datetime = MONDAY, **fields: object) -> User:
    """Return a person with one address. Confirmed, they can sign in with PASSWORD; unconfirmed, they are a guest."""
    user = address_of(email, name=name).user
    for field, value in fields.items():
        setattr(user, field, value)
    if confirmed:
        user.set_password(PASSWORD)
        user.email = email
        user.addresses.update(verified_at=at)
    user.save()
    return user


def make_agent(name: str, *departments: Department, role: str = ALL_ACCESS, **fields: object) -> User:
    """Return an agent who works in `departments`, in the stock role of that name."""
    email = f"{name.lower().replace(' ', '.')}@example.com"
    agent = make_person(email, name, is_agent=True, **fields)
    for department in departments:
        give_access(agent, department, role)
    return agent


def give_access(agent: User, department: Department, role: str = ALL_ACCESS) -> DepartmentAccess:
    return DepartmentAccess.objects.create(agent=agent, department=department, role=Role.objects.get(name=role))


def make_team(name: str, *members: User) -> Team:
    team = Team.objects.create(name=name)
    team.members.set(members)
    return team


def make_plan(name: str, **within: timedelta) -> SLAPlan:
    """Return a plan that promises `first_response`, `next_response`, `resolution` within the given times."""
    plan = SLAPlan.objects.create(name=name)
    for target, time in within.items():
        PlanTarget.objects.create(plan=plan, target=Target(target), within=time)
    return plan


def make_hours(name: str, opens: str = "09:00", closes: str = "17:00", **fields: object) -> BusinessHours:
    """Return business hours of a working week, in UTC unless told otherwise."""
    hours = BusinessHours.objects.create(**{"name": name, "time_zone": "UTC"} | fields)
    hours.windows.create(opens=opens, closes=closes, **dict.fromkeys(WEEKDAYS[:5], True))
    return hours


def make_topic(name: str, **fields: object) -> HelpTopic:
    return HelpTopic.objects.create(name=name, **fields)


def run_clock(ticket: Ticket, *, at: datetime) -> None:
    """Do what the worker does when the clock of the first response is due."""
    clock, claim = ticket.clocks.get(target=Target.FIRST_RESPONSE), uuid4()
    TicketClock.objects.filter(pk=clock.pk).update(claim=claim)
    actions.breach_or_warn(clock=clock, claim=claim, at=at)


def make_ticket(requester: User, topic: HelpTopic | None = None, **given: object) -> Ticket:
    """Open a ticket as the web form does; what a test does not care about is filled in."""
    wanted: dict[str, object] = {
        "address": address_for(requester),
        "topic": topic,
        "subject": "The invoice of October is wrong",
        "text": "We were billed twice.",
        "source": Source.WEB,
        "by": Principal.requester(requester),
        "at": MONDAY,
        "request_key": f"form-{next(_keys)}",
    }
    return actions.open_ticket(**(wanted | given))


def address_for(user: User) -> Address:
    return user.addresses.get(is_primary=True)


def principal(user: User) -> Principal:
    """Return how this person usually comes: agents by the desk, everybody else by the portal."""
    return Principal.agent(user) if user.is_agent else Principal.requester(user)


def priority(name: str) -> Priority:
    return Priority.objects.get(name=name)
