"""In many made-up worlds: what `visible_to` shows is what plain Python says, and who is said to see is who does."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts import models as accounts
from accounts.principal import Principal
from sla.models import Priority
from tests.cast import MONDAY
from tests.security import oracle
from tests.security.oracle import Facts
from tickets import explaining, models, policy
from tickets.models import grants

ORDINARY, LONG = 40, 200
AGENTS, REQUESTERS = 3, 2
# Who is administrator is told apart by the face alone; the worlds are about the rest.
GRANTS = ("department", "manager", "assigned", "team", "referral", "requester", "collaborator", "organisation", "link")


# --- Worlds ------------------------------------------------------------------------------------------


@st.composite
def worlds(draw) -> Facts:
    departments = draw(st.integers(1, 3))
    organizations = draw(
        st.lists(
            st.builds(oracle.Organization, st.sampled_from(["nobody", "primary", "all"]), st.booleans()), max_size=2
        )
    )
    teams = draw(st.integers(0, 2))

    def some(count: int) -> frozenset[int]:
        return draw(st.frozensets(st.integers(0, count - 1), max_size=2)) if count else frozenset()

    def perhaps(count: int) -> int | None:
        return draw(st.none() | st.integers(0, count - 1)) if count else None

    people = [
        oracle.Person(
            is_agent=draw(st.integers(0, 9)) > 0 if place < AGENTS else False,
            is_active=draw(st.integers(0, 9)) > 0,
            sees_only_assigned=draw(st.booleans()),
            works_in=some(departments) if place < AGENTS else frozenset(),
            teams=some(teams) if place < AGENTS else frozenset(),
            organization=perhaps(len(organizations)),
            is_primary_contact=draw(st.booleans()),
        )
        for place in range(AGENTS + REQUESTERS)
    ]

    def ticket() -> oracle.Ticket:
        requester = draw(st.integers(0, len(people) - 1))
        return oracle.Ticket(
            department=draw(st.integers(0, departments - 1)),
            requester=requester,
            assignee=perhaps(AGENTS),
            team=perhaps(teams),
            organization=perhaps(len(organizations)),
            collaborators=some(len(people)) - {requester},
            referred_to_agents=some(AGENTS),
            referred_to_teams=some(teams),
            referred_to_departments=some(departments),
            is_trashed=draw(st.integers(0, 9)) == 0,
            is_merged=draw(st.integers(0, 9)) == 0,
        )

    return Facts(
        departments=[oracle.Department(perhaps(AGENTS)) for _number in range(departments)],
        organizations=organizations,
        team_count=teams,
        people=people,
        tickets=[ticket() for _number in range(draw(st.integers(1, 4)))],
    )


class World:
    """The facts as rows, a statement per table."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.organizations = accounts.Organization.objects.bulk_create(
            accounts.Organization(
                name=f"O{place}", sharing=one.sharing, archived_at=MONDAY if one.is_archived else None
            )
            for place, one in enumerate(facts.organizations)
        )
        self.people = accounts.User.objects.bulk_create(
            accounts.User(
                name=f"P{place}",
                is_agent=one.is_agent,
                is_active=one.is_active,
                sees_only_assigned=one.sees_only_assigned,
                is_primary_contact=one.is_primary_contact,
                organization=_at(self.organizations, one.organization),
            )
            for place, one in enumerate(facts.people)
        )
        addresses = accounts.Address.objects.bulk_create(
            accounts.Address(email=f"p{place}@oracle.example", user=person) for place, person in enumerate(self.people)
        )
        self.departments = models.Department.objects.bulk_create(
            models.Department(name=f"D{place}", manager=_at(self.people, one.manager))
            for place, one in enumerate(facts.departments)
        )
        self.teams = accounts.Team.objects.bulk_create(
            accounts.Team(name=f"T{place}") for place in range(facts.team_count)
        )
        role = accounts.Role.objects.order_by("pk").first()
        models.DepartmentAccess.objects.bulk_create(
            models.DepartmentAccess(agent=person, department=self.departments[place], role=role)
            for person, one in zip(self.people, facts.people, strict=True)
            for place in one.works_in
        )
        membership = accounts.Team.members.through
        membership.objects.bulk_create(
            membership(team=self.teams[place], user=person)
            for person, one in zip(self.people, facts.people, strict=True)
            for place in one.teams
        )
        self._open_tickets()
        self._take_part(addresses)

    def _open_tickets(self) -> None:
        priority = Priority.objects.order_by("pk").first()
        self.tickets = models.Ticket.objects.bulk_create(
            models.Ticket(
                number=f"oracle-{place}",
                subject="",
                source=models.Source.WEB,
                status=models.Status.OPEN if one.assignee is None and one.team is None else models.Status.ASSIGNED,
                priority=priority,
                opened_at=MONDAY,
                last_activity_at=MONDAY + timedelta(minutes=place),
                department=self.departments[one.department],
                requester=self.people[one.requester],
                organization=_at(self.organizations, one.organization),
                assignee=_at(self.people, one.assignee),
                team=_at(self.teams, one.team),
                trashed_at=MONDAY if one.is_trashed else None,
            )
            for place, one in enumerate(self.facts.tickets)
        )
        for row, one in zip(self.tickets, self.facts.tickets, strict=True):
            if one.is_merged:
                # Into itself: that there is another is not the point.
                models.Ticket.objects.filter(pk=row.pk).update(merged_into=row)

    def _take_part(self, addresses: list[accounts.Address]) -> None:
        parts, referrals = [], []
        for row, one in zip(self.tickets, self.facts.tickets, strict=True):
            roles = dict.fromkeys(one.collaborators, models.people.Part.COLLABORATOR)
            roles[one.requester] = models.people.Part.REQUESTER
            parts += [
                models.Participant(
                    ticket=row, user=self.people[place], address=addresses[place], role=role, added_at=MONDAY
                )
                for place, role in roles.items()
            ]
            held = [
                *({"agent": self.people[place]} for place in one.referred_to_agents),
                *({"team": self.teams[place]} for place in one.referred_to_teams),
                *({"department": self.departments[place]} for place in one.referred_to_departments),
            ]
            referrals += [models.Referral(ticket=row, created_at=MONDAY, **each) for each in held]
        models.Participant.objects.bulk_create(parts)
        models.Referral.objects.bulk_create(referrals)


def _at(rows, place):
    return None if place is None else rows[place]


# --- What is compared -----------------------------------------------------------------------------------


def doors(world: World) -> Iterator[tuple[Principal, str, list[set[str]]]]:
    """Return who may come, by which door, and for each ticket the ways by which the oracle lets them see it."""
    facts = world.facts
    places = range(len(facts.tickets))
    for who, person in enumerate(world.people):
        desk = [oracle.at_the_desk(facts, who, what) for what in places]
        yield Principal.agent(person), f"{person} at the desk", desk
        portal = [oracle.in_the_portal(facts, who, what) for what in places]
        yield Principal.requester(person), f"{person} in the portal", portal
    for who, what in product(range(len(world.people)), places):
        expected = [oracle.by_link(facts, who, one) if one == what else set() for one in places]
        if any(expected):
            yield Principal.link(world.people[who], world.tickets[what].pk), f"P{who} by a link to {what}", expected


def compare(world: World) -> None:
    keys = [ticket.pk for ticket in world.tickets]
    for principal, where, expected in doors(world):
        found = set(models.Ticket.objects.visible_to(principal).values_list("pk", flat=True))
        assert found == {key for key, ways in zip(keys, expected, strict=True) if ways}, where
        at_hand = set(models.Ticket.objects.visible_to(principal, by=grants.WORK_GRANTS).values_list("pk", flat=True))
        work = {"department", "manager", "assigned", "team"}
        assert at_hand == {key for key, ways in zip(keys, expected, strict=True) if ways & work}, where


def compare_reasons(world: World) -> None:
    """Which grants hold is what the policy says, and who is listed as seeing by each is who does."""
    tickets = models.Ticket.objects.select_related("department", "organization").in_bulk(
        [ticket.pk for ticket in world.tickets]
    )
    people = list(enumerate(world.people))
    for what, row in enumerate(world.tickets):
        ticket = tickets[row.pk]
        ways = {
            who: oracle.at_the_desk(world.facts, who, what) | oracle.in_the_portal(world.facts, who, what)
            for who, _person in people
        }
        for name in explaining.SEERS:
            listed = {person.pk for person in explaining.seers(name, ticket)}
            assert listed == {person.pk for who, person in people if name in ways[who]}, (name, what)
        person = world.people[what % len(people)]
        expected = oracle.at_the_desk(world.facts, what % len(people), what)
        assert set(policy.standing(Principal.agent(person), ticket).grants) == expected, (str(person), what)


@contextmanager
def built(facts: Facts) -> Iterator[World]:
    with transaction.atomic():
        yield World(facts)
        transaction.set_rollback(True)


def run_through(count: int, check, *, shrinks: bool = True) -> None:
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate, *([Phase.shrink] if shrinks else [])],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(worlds())
    def in_every_world(facts: Facts) -> None:
        with built(facts) as world:
            check(world)

    in_every_world()


@pytest.mark.django_db
def test_what_is_visible_is_what_the_rules_say(long_run):
    run_through(LONG if long_run else ORDINARY, compare)


@pytest.mark.django_db
def test_the_reasons_told_are_the_grants_that_hold(long_run):
    run_through(LONG if long_run else ORDINARY // 2, compare_reasons)


# --- The test of this test ----------------------------------------------------------------------------------


def everything() -> Facts:
    """A world in which each grant is somebody's only way to see a ticket."""
    asks, organization = oracle.Person(), oracle.Organization("all", is_archived=False)
    return Facts(
        departments=[oracle.Department(manager=1), oracle.Department(manager=None)],
        organizations=[organization],
        team_count=1,
        people=[
            oracle.Person(is_agent=True, works_in=frozenset({0})),
            oracle.Person(is_agent=True),
            oracle.Person(is_agent=True, sees_only_assigned=True, works_in=frozenset({0})),
            oracle.Person(is_agent=True, teams=frozenset({0})),
            oracle.Person(is_agent=True),
            asks,
            asks,
            oracle.Person(organization=0),
        ],
        tickets=[
            oracle.Ticket(
                department=0,
                requester=5,
                assignee=2,
                team=0,
                organization=0,
                collaborators=frozenset({6}),
                referred_to_agents=frozenset({4}),
            )
        ],
    )


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("missing", GRANTS)
def test_without_one_of_the_grants_it_fails(missing, monkeypatch):
    whole = grants.grants_of

    def careless(principal):
        return {name: grant for name, grant in whole(principal).items() if name != missing}

    with built(everything()) as world:
        compare(world)
        monkeypatch.setattr("tickets.models.ticket_queries.grants_of", careless)
        with pytest.raises(AssertionError):
            compare(world)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("missing", GRANTS)
def test_and_somewhere_among_the_made_up_worlds_too(missing, monkeypatch):
    """So that the worlds are rich enough: each grant is somebody's only way in one of them."""
    whole = grants.grants_of

    def careless(principal):
        return {name: grant for name, grant in whole(principal).items() if name != missing}

    monkeypatch.setattr("tickets.models.ticket_queries.grants_of", careless)
    with pytest.raises(AssertionError):
        run_through(LONG, compare, shrinks=False)
