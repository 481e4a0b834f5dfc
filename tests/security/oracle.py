"""Who sees which ticket, in plain Python over plain facts: written from the rules, not from the code it judges.

Nothing of the help desk is imported here.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Department:
    manager: int | None


@dataclass(frozen=True)
class Organization:
    sharing: str
    is_archived: bool


@dataclass(frozen=True)
class Person:
    is_agent: bool = False
    is_active: bool = True
    sees_only_assigned: bool = False
    works_in: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()
    organization: int | None = None
    is_primary_contact: bool = False


@dataclass(frozen=True)
class Ticket:
    department: int
    requester: int
    assignee: int | None = None
    team: int | None = None
    organization: int | None = None
    collaborators: frozenset[int] = frozenset()
    referred_to_agents: frozenset[int] = frozenset()
    referred_to_teams: frozenset[int] = frozenset()
    referred_to_departments: frozenset[int] = frozenset()
    is_trashed: bool = False
    is_merged: bool = False


@dataclass(frozen=True)
class Facts:
    """Everything is named by its place in its list."""

    departments: list[Department] = field(default_factory=list)
    organizations: list[Organization] = field(default_factory=list)
    team_count: int = 0
    people: list[Person] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)


def at_the_desk(facts: Facts, who: int, what: int) -> set[str]:
    """Return the names of the ways by which this person sees this ticket as an agent."""
    person, ticket = facts.people[who], facts.tickets[what]
    if _is_gone(ticket) or not (person.is_agent and person.is_active):
        return set()
    ways = set()
    if ticket.department in person.works_in and not person.sees_only_assigned:
        ways.add("department")
    if facts.departments[ticket.department].manager == who:
        ways.add("manager")
    if ticket.assignee == who:
        ways.add("assigned")
    if ticket.team in person.teams:
        ways.add("team")
    if who in ticket.referred_to_agents or person.teams & ticket.referred_to_teams:
        ways.add("referral")
    for department in ticket.referred_to_departments:
        works_there = department in person.works_in and not person.sees_only_assigned
        if works_there or facts.departments[department].manager == who:
            ways.add("referral")
    return ways


def in_the_portal(facts: Facts, who: int, what: int) -> set[str]:
    """Return the names of the ways by which this person sees this ticket as somebody who asks."""
    person, ticket = facts.people[who], facts.tickets[what]
    if _is_gone(ticket) or not person.is_active:
        return set()
    ways = set()
    if ticket.requester == who:
        ways.add("requester")
    if who in ticket.collaborators:
        ways.add("collaborator")
    if ticket.organization is not None and ticket.organization == person.organization:
        organization = facts.organizations[ticket.organization]
        is_among = organization.sharing == "all" or (organization.sharing == "primary" and person.is_primary_contact)
        if is_among and not organization.is_archived:
            ways.add("organisation")
    return ways


def by_link(facts: Facts, who: int, what: int) -> set[str]:
    """Return the names of the ways by which this person sees this ticket by a link to it."""
    named = {"requester": "link", "collaborator": "collaborator"}
    return {named[way] for way in in_the_portal(facts, who, what) if way in named}


def _is_gone(ticket: Ticket) -> bool:
    return ticket.is_trashed or ticket.is_merged
