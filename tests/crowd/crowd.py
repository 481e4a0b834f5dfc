"""A large help desk, written in bulk: 20,000 people, 500 agents, 50 departments, 200 help topics.

That is with --long; in the ordinary run there are a tenth of the people, agents and tickets, still more than any list
shows at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.timezone import now

from accounts.models import Address, Members, Note, Organization, OrganizationDomain, Role, Team, User
from sla.models import Priority, SLAPlan
from tests import cast
from tests.cast import ALL_ACCESS, HOUR, MINUTE
from tickets import actions
from tickets.models import CloseReason, Department, DepartmentAccess, HelpTopic, Participant, Referral, Status, Ticket
from tickets.models.people import Part

ROWS_AT_ONCE = 1000
STATES = (Status.OPEN, Status.ASSIGNED, Status.RESOLVED, Status.CLOSED, Status.REOPENED)


@dataclass(frozen=True)
class Crowd:
    """Who and what the pages are about. Olga works in all departments, with all access."""

    olga: User
    rosa: User
    # Asks, and has a hundred tickets; everybody of the organisation reads them.
    ada: User
    organization: Organization
    # Ada's, with all collaborators that there may be, referrals and a long thread.
    ticket: Ticket
    # The ticket's, where all agents work, and another.
    department: Department
    elsewhere: Department
    topic: HelpTopic
    team: Team


def make_crowd(*, is_whole: bool) -> Crowd:
    share = 1 if is_whole else 10
    departments = _departments()
    agents = _agents(500 // share, departments)
    Department.objects.filter(pk__in=[one.pk for one in departments[:10]]).update(manager=agents[0])
    teams = _teams(60, agents)
    topics = _topics(departments, agents, teams)
    organizations = _organizations(200)
    people = _people(20_000 // share, organizations)
    ada = cast.make_person("ada@example.org", "Ada", organization=organizations[0])
    _tickets(4_000 // share, [ada, *people], departments, topics, agents)
    return Crowd(
        olga=_olga(departments),
        rosa=cast.make_person("rosa@example.com", "Rosa Root", is_administrator=True),
        ada=ada,
        organization=organizations[0],
        ticket=_lively(ada, topics[-1], people, agents, teams, departments),
        department=departments[-1],
        elsewhere=departments[0],
        topic=topics[-1],
        team=teams[0],
    )


def _departments() -> list[Department]:
    """Fifty, in ten trees."""
    tops = Department.objects.bulk_create(Department(name=f"Region {n}", is_public=True) for n in range(10))
    below = Department.objects.bulk_create(
        Department(name=f"Branch {n}", parent=tops[n % 10], is_public=True) for n in range(40)
    )
    return [*tops, *below]


def _agents(count: int, departments: Sequence[Department]) -> list[User]:
    role = Role.objects.get(name=ALL_ACCESS)
    agents = User.objects.bulk_create(
        User(name=f"Agent {n:03}", email=f"agent{n}@example.com", is_agent=True) for n in range(count)
    )
    _addresses(agents, "agent")
    DepartmentAccess.objects.bulk_create(
        # All work in the last one too, so that its lists are as long as they get.
        DepartmentAccess(agent=agent, department=department, role=role, is_primary=place == 0, alerts=place == 0)
        for n, agent in enumerate(agents)
        for place, department in enumerate((departments[n % 49], departments[-1]))
    )
    return agents


def _olga(departments: Sequence[Department]) -> User:
    return cast.make_agent("Olga", *departments, Department.objects.get(name="Support"))


def _teams(count: int, agents: Sequence[User]) -> list[Team]:
    teams = Team.objects.bulk_create(Team(name=f"Team {n}", lead=agents[n % len(agents)]) for n in range(count))
    members = Team.members.through
    members.objects.bulk_create(
        members(team=team, user=agents[(n + step) % len(agents)]) for n, team in enumerate(teams) for step in range(20)
    )
    return teams


def _topics(departments: Sequence[Department], agents: Sequence[User], teams: Sequence[Team]) -> list[HelpTopic]:
    """Two hundred, in twenty trees."""
    plans = [cast.make_plan(f"Plan {n}", first_response=HOUR, resolution=(n + 2) * HOUR) for n in range(10)]
    tops = HelpTopic.objects.bulk_create(
        HelpTopic(name=f"Product {n}", department=departments[n], sla_plan=plans[n % 10]) for n in range(20)
    )
    below = HelpTopic.objects.bulk_create(
        HelpTopic(
            name=f"Part {n}",
            parent=tops[n % 20],
            department=departments[n % 50],
            assignee=agents[n % len(agents)] if n % 3 == 0 else None,
            team=teams[n % len(teams)] if n % 3 == 1 else None,
        )
        for n in range(179)
    )
    # Goes to the department with the longest lists, and to nobody in it.
    return [*tops, *below, HelpTopic.objects.create(name="Invoices", department=departments[-1], sla_plan=plans[0])]


def _organizations(count: int) -> list[Organization]:
    made = Organization.objects.bulk_create(
        Organization(name=f"Company {n}", sharing=Members.ALL) for n in range(count)
    )
    OrganizationDomain.objects.bulk_create(
        OrganizationDomain(domain=f"company{n}.example", organization=organization)
        for n, organization in enumerate(made)
    )
    return made


def _people(count: int, organizations: Sequence[Organization]) -> list[User]:
    """A quarter of them in the first organisation, whose page is the longest."""
    people = User.objects.bulk_create(
        [
            User(
                name=f"Requester {n}",
                password="!",
                organization=organizations[0 if n % 4 == 0 else n % len(organizations)],
                phone=f"+49 30 {n:06}",
            )
            for n in range(count)
        ],
        batch_size=ROWS_AT_ONCE,
    )
    _addresses(people, "requester")
    return people


def _addresses(people: Sequence[User], name: str) -> None:
    Address.objects.bulk_create(
        [
            Address(email=f"{name}{n}@example.com", user=person, is_primary=True, verified_at=now())
            for n, person in enumerate(people)
        ],
        batch_size=ROWS_AT_ONCE,
    )


def _tickets(
    count: int,
    people: Sequence[User],
    departments: Sequence[Department],
    topics: Sequence[HelpTopic],
    agents: Sequence[User],
) -> None:
    """In all states; every fourth is Ada's, up to a hundred."""
    at, priorities, plans = now(), list(Priority.objects.all()), list(SLAPlan.objects.all())
    tickets = []
    for n in range(count):
        opened_at, status = at - n * MINUTE, STATES[n % len(STATES)]
        ticket = Ticket(
            number=f"9{n:07}",
            subject=f"Question {n}",
            source="web",
            requester=people[0 if n % 4 == 0 and n < 400 else 1 + n % (len(people) - 1)],
            topic=topics[n % len(topics)],
            department=departments[n % len(departments)],
            priority=priorities[n % len(priorities)],
            sla_plan=plans[n % len(plans)],
            assignee=None if status == Status.OPEN else agents[n % len(agents)],
            opened_at=opened_at,
            resolved_at=at if status in (Status.RESOLVED, Status.CLOSED) else None,
            closed_at=at if status == Status.CLOSED else None,
            close_reason=CloseReason.SILENCE if status == Status.CLOSED else "",
            next_due_at=opened_at + timedelta(hours=n % 48),
            last_activity_at=opened_at,
        )
        ticket.organization_id = ticket.requester.organization_id
        ticket.__dict__["status"] = status
        tickets.append(ticket)
    Ticket.objects.bulk_create(tickets, batch_size=ROWS_AT_ONCE)
    addresses = dict(Address.objects.values_list("user", "pk"))
    Participant.objects.bulk_create(
        [
            Participant(ticket=one, user=one.requester, address_id=addresses[one.requester_id], added_at=one.opened_at)
            for one in tickets
        ],
        batch_size=ROWS_AT_ONCE,
    )


def _lively(
    ada: User,
    topic: HelpTopic,
    people: Sequence[User],
    agents: Sequence[User],
    teams: Sequence[Team],
    departments: Sequence[Department],
) -> Ticket:
    """Ada's ticket, with all collaborators there may be, thirty referrals and thirty entries; and notes about Ada."""
    at = now() - 3 * HOUR
    ticket = cast.make_ticket(ada, topic, at=at)
    addresses = {address.user_id: address for address in Address.objects.filter(user__in=people[:49])}
    Participant.objects.bulk_create(
        Participant(ticket=ticket, user=one, address=addresses[one.pk], role=Part.COLLABORATOR, added_at=at)
        for one in people[:49]
    )
    Referral.objects.bulk_create(
        Referral(ticket=ticket, created_at=at, **{kind: one})
        for kind, some in (("agent", agents), ("team", teams), ("department", departments))
        for one in some[:10]
    )
    for n in range(30):
        by = cast.principal(agents[n]) if n % 2 else cast.principal(ada)
        if n % 2:
            actions.reply(ticket=ticket, text=f"Answer {n}", by=by, at=at + n * MINUTE, keeps=True)
        else:
            actions.add_message(
                ticket=ticket, address=cast.address_for(ada), text=f"{n}?", source="web", by=by, at=at + n * MINUTE
            )
    Note.objects.bulk_create(
        Note(person=ada, author=agents[n % len(agents)], text=f"Note {n}", created_at=at) for n in range(40)
    )
    return Ticket.objects.get(pk=ticket.pk)
