"""Queues of which somebody may see little among very much: read and counted grant by grant.

An OR of the grants is read in the order of the queue until a page is full, which is the whole table for who sees next
to nothing of it. Here each grant, and each department and team for itself, gives the few that come first in it, along
an index of its own; the first of all are among these. PostgreSQL alone: it is for tables of a size that SQLite's are
not.
"""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, BooleanField, F, Func, OuterRef, Q, QuerySet, Subquery

from accounts.models import Team
from accounts.principal import Principal
from tickets.models import Department, DepartmentAccess, Ticket, TicketQuerySet
from tickets.models.grants import WORK_GRANTS, grants_of

# Of the tickets that somebody may see by one grant, those that are wanted, given how deep that stands in the query.
Wanted = Callable[[TicketQuerySet, int], TicketQuerySet]


@dataclass(frozen=True, slots=True)
class Grants:
    """By what an agent sees tickets, in parts each of which an index holds; None for what is not looked at."""

    departments: Q | None
    teams: "QuerySet[Any] | None"
    assigned: Q | None

    @classmethod
    def of(cls, principal: Principal, among: Set[str]) -> "Grants":
        """Return those of the agent's grants that have one of these names, which are of WORK_GRANTS."""
        user, names = principal.user, grants_of(principal).keys() & among
        assert user is not None
        assert names <= WORK_GRANTS, names
        departments = Q(manager=user) if "manager" in names else Q()
        if "department" in names:
            departments |= Q(pk__in=DepartmentAccess.objects.filter(agent=user).values("department"))
        return cls(
            departments=departments or None,
            teams=Team.members.through.objects.filter(user=user) if "team" in names else None,
            assigned=Q(assignee=user) if "assigned" in names else None,
        )


def is_worth_it(principal: Principal) -> bool:
    """Say whether the reading below is to be had, and for whom."""
    return connection.vendor == "postgresql" and principal.acts_as_agent and principal.user is not None


def keys_among(principal: Principal, among: Set[str], wanted: Wanted) -> Func:
    """Return the condition that a ticket is among what comes first by some grant of these names.

    `wanted` cuts off what it returns; it gets the number of queries around its own that stand within the one that the
    condition is for.
    """
    grants, live = Grants.of(principal, among), Ticket.objects.live()
    lists = []
    if grants.assigned:
        lists.append(_Keys(wanted(live.filter(grants.assigned), 1).values("pk")))
    if grants.departments:
        departments = Department.objects.filter(grants.departments)
        lists.append(_each(departments, wanted(live.filter(department=OuterRef("pk")), 2)))
    if grants.teams is not None:
        lists.append(_each(grants.teams, wanted(live.filter(team=OuterRef("team")), 2)))
    return _IsOneOf(F("pk"), *lists)


def keys_apart(
    principal: Principal, among: Set[str], narrow: Callable[[TicketQuerySet], TicketQuerySet], most: int
) -> "Iterator[QuerySet[Any, Any]]":
    """Yield the keys that each grant of these names adds to those before it: nothing twice, of each at most `most`."""
    grants, rest = Grants.of(principal, among), Ticket.objects.live()
    if grants.departments:
        departments = Department.objects.filter(grants.departments)
        yield _of_each(departments, narrow(rest.filter(department=OuterRef("pk"))).order_by()[:most])
        rest = rest.exclude(department__in=departments.values("pk"))
    if grants.assigned:
        yield narrow(rest.filter(grants.assigned)).order_by().values("pk")
        rest = rest.exclude(grants.assigned)
    if grants.teams is not None:
        yield _of_each(grants.teams, narrow(rest.filter(team=OuterRef("team"))).order_by()[:most])


class _Keys(Subquery):
    """A list of keys."""

    template = "ARRAY(%(subquery)s)"
    output_field = BigIntegerField()


class _IsOneOf(Func):
    """Whether a key stands in one of several lists."""

    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        parts = [compiler.compile(one) for one in self.get_source_expressions()]
        (key, _none), *lists = parts
        values = tuple(value for _sql, values in parts for value in values)
        return f"({key} = ANY({' || '.join(sql for sql, _values in lists)}))", values


def _each(holders: "QuerySet[Any]", tickets: TicketQuerySet) -> _Keys:
    """Return the list of what all of these have, each cut off for itself."""
    return _Keys(_of_each(holders, tickets))


def _of_each(holders: "QuerySet[Any]", tickets: TicketQuerySet) -> "QuerySet[Any, Any]":
    each = Func(_Keys(tickets.values("pk")), function="UNNEST", output_field=BigIntegerField(), set_returning=True)
    return holders.order_by().values(key=each)
