"""Who and what the help desk of the benchmark consists of, before its first ticket."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Address, Organization, Role, User
from mail.models import Mailbox
from sla.models import PlanTarget, Priority, SLAPlan, Target
from tickets.models import Department, DepartmentAccess, HelpTopic

PEOPLE = 5_000
ORGANIZATIONS = 100
DEPARTMENTS = (
    "Support",
    "Billing",
    "Network",
    "Hardware",
    "Software",
    "Security",
    "Facilities",
    "Projects",
)
# Who is told by mail of each ticket that is new to a department.
TOLD = 6
# Besides these, one agent sees all departments and one sees two; neither is told of anything.
AGENTS = len(DEPARTMENTS) * TOLD + 2
MAILBOX = "support@helpdesk.example"

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLANS = {
    "Urgent": {Target.FIRST_RESPONSE: HOUR, Target.NEXT_RESPONSE: 2 * HOUR, Target.RESOLUTION: 8 * HOUR},
    "Standard": {Target.FIRST_RESPONSE: 8 * HOUR, Target.NEXT_RESPONSE: DAY, Target.RESOLUTION: 5 * DAY},
    # Its clocks run when the load is over: SPAN of bench.stories is shorter than what it promises.
    "Long": {Target.RESOLUTION: 700 * DAY},
}
DEFAULT_PLAN = "Standard"
PROJECTS = len(DEPARTMENTS) - 1
# In Projects what is resolved waits, so that there are resolved tickets among all the closed ones.
PROJECTS_CLOSE_AFTER = 720 * DAY


@dataclass(frozen=True)
class World:
    """`people` are their first addresses, `agents` has those who are told, by department."""

    departments: list[Department]
    topics: list[HelpTopic]
    people: list[Address]
    agents: list[list[User]]
    sees_all: User
    mailbox: Mailbox


def person_email(number: int) -> str:
    return f"person{number:05}@customer.example"


def build(at: datetime, *, people: int = PEOPLE) -> World:
    """Fill an empty, migrated help desk with everything but tickets."""
    SLAPlan.objects.update(is_default=False)
    plans = [_plan(name, targets) for name, targets in PLANS.items()]
    departments = [_department(number, name) for number, name in enumerate(DEPARTMENTS)]
    priorities = list(Priority.objects.filter(archived_at=None).order_by("level"))
    topics = HelpTopic.objects.bulk_create(
        HelpTopic(
            name=f"{departments[number // 2].name}: {'questions' if number % 2 else 'faults'}",
            department=departments[number // 2],
            priority=priorities[number % len(priorities)],
            sla_plan=plans[2] if number // 2 == PROJECTS else plans[number % len(plans)],
        )
        for number in range(2 * len(departments))
    )
    agents, sees_all = _agents(departments, at)
    # Without one every page leads to the set-up.
    User.objects.create(name="Administrator", is_administrator=True, handle=_token("administrator"), password="!")
    mailbox = Mailbox.objects.create(
        name="support", address=MAILBOX, is_default=True, department=departments[0], priority=priorities[-1]
    )
    return World(departments, topics, _people(people, at), agents, sees_all, mailbox)


def found() -> World:
    """Return the world of a help desk that was built before."""
    agents = {one.name: one for one in User.objects.agents().filter(name__startswith="Agent ")}
    departments = [Department.objects.get(name=name) for name in DEPARTMENTS]
    return World(
        departments=departments,
        topics=list(HelpTopic.objects.filter(name__contains=": ").order_by("pk")),
        people=list(
            Address.objects.select_related("user").filter(email__endswith="@customer.example").order_by("email")
        ),
        agents=[[agents[f"Agent {name} {n}"] for n in range(TOLD)] for name in DEPARTMENTS],
        sees_all=agents["Agent everywhere"],
        mailbox=Mailbox.objects.get(address=MAILBOX),
    )


def _plan(name: str, targets: dict[Target, timedelta]) -> SLAPlan:
    plan = SLAPlan.objects.create(name=f"Bench: {name}", is_default=name == DEFAULT_PLAN)
    PlanTarget.objects.bulk_create(PlanTarget(plan=plan, target=target, within=targets[target]) for target in targets)
    return plan


def _department(number: int, name: str) -> Department:
    department, _made = Department.objects.get_or_create(name=name, parent=None)
    if number == PROJECTS:
        department.close_after = PROJECTS_CLOSE_AFTER
        department.save(update_fields=["close_after"])
    return department


def _agents(departments: list[Department], at: datetime) -> tuple[list[list[User]], User]:
    everything = Role.objects.get(name="All access")
    told = []
    for department in departments:
        agents = [_agent(f"{department.name} {n}", at) for n in range(TOLD)]
        DepartmentAccess.objects.bulk_create(
            DepartmentAccess(agent=agent, department=department, role=everything, is_primary=True) for agent in agents
        )
        told.append(agents)
    sees_all, sees_two = _agent("everywhere", at), _agent("between", at)
    DepartmentAccess.objects.bulk_create(
        DepartmentAccess(agent=agent, department=department, role=everything, alerts=False)
        for agent, seen in ((sees_all, departments), (sees_two, departments[:2]))
        for department in seen
    )
    return told, sees_all


def _agent(name: str, at: datetime) -> User:
    email = f"{name.lower().replace(' ', '.')}@helpdesk.example"
    agent = User.objects.create(
        name=f"Agent {name}", email=email, is_agent=True, handle=_token("agent", name), password="!"
    )
    Address.objects.create(email=email, user=agent, is_primary=True, verified_at=at)
    return agent


def _people(count: int, at: datetime) -> list[Address]:
    """Make people, every second with a confirmed address, every second of those in an organisation."""
    organizations = Organization.objects.bulk_create(
        Organization(name=f"Customer {number:03}") for number in range(ORGANIZATIONS)
    )
    people = User.objects.bulk_create(
        User(
            name=f"Person {number:05}",
            handle=_token("person", str(number)),
            password="!",
            email=person_email(number) if number % 2 else "",
            organization=organizations[number % ORGANIZATIONS] if number % 4 == 1 else None,
        )
        for number in range(count)
    )
    return Address.objects.bulk_create(
        Address(email=person_email(number), user=user, is_primary=True, verified_at=at if number % 2 else None)
        for number, user in enumerate(people)
    )


def _token(*parts: str) -> str:
    return hashlib.sha256(":".join(parts).encode()).hexdigest()[:24]
