"""How many tickets each queue holds for an agent, counted no further than anybody wants to know."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db import connection
from django.db.models import CharField, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast

from accounts.models import User
from accounts.principal import Principal
from core.prepared import SOME_TIME, kept_sql, stand_in
from tickets import nearest
from tickets.models import Department, Ticket, TicketQuerySet
from tickets.models.tree import path_of
from tickets.queues import DEFAULT, QUEUES, Queue

# Counting stops here: a queue of a million tickets costs no more than one of a thousand.
COUNT_LIMIT = 1000
# More departments than fit a sidebar are no help there.
DEPARTMENT_LIMIT = 100


class CappedCount(Subquery):
    """How many rows a query has, counted no further than COUNT_LIMIT."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) capped)"
    output_field = IntegerField()

    def __init__(self, queryset: TicketQuerySet) -> None:
        super().__init__(_capped(queryset))


def _capped(tickets: TicketQuerySet) -> "QuerySet[Ticket, Any]":
    return tickets.order_by().values("pk")[:COUNT_LIMIT]


@dataclass(frozen=True, slots=True)
class DepartmentCount:
    pk: int
    # With what it is part of.
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tickets `principal` finds: per queue, and of the queue "Open" per department of theirs, by name.

    Beside the queues stands what else was to be counted.
    """

    queues: Mapping[str, int]
    departments: Sequence[DepartmentCount]


# What else is counted by the way, name → keys of an agent's and of a ticket, cut off where counting ends.
Also = Mapping[str, "Callable[[User, Ticket], QuerySet[Any, Any]]"]


def count_all(
    principal: Principal, at: datetime, *, also: Also = MappingProxyType({}), ticket: Ticket | None = None
) -> Counts:
    """Return all counts of the sidebar. One query, whatever their number; each stops at COUNT_LIMIT.

    `also` has names that no queue has; its functions hang on nothing but what they are given. The SQL is made once for
    all agents who see tickets by the same grants: making it costs several times what counting does.
    """
    user = principal.user
    if user is None:
        return Counts({}, [])
    key = (count_all, principal.acts_as_agent, user.sees_only_assigned, COUNT_LIMIT, *also.items())

    def build() -> tuple[str, list[Any]]:
        anybody = copy(user)
        anybody.pk = stand_in(0)
        return _counting(replace(principal, user=anybody), SOME_TIME, also, Ticket(pk=stand_in(1)))

    sql, parameters = kept_sql(
        key, build, agent=(stand_in(0), user.pk), at=(SOME_TIME, at), ticket=(stand_in(1), ticket.pk if ticket else 0)
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    return Counts(
        {slug: count for slug, pk, name, count in rows if slug},
        sorted(
            (DepartmentCount(pk, name, count) for slug, pk, name, count in rows if not slug),
            key=lambda department: (department.name.casefold(), department.pk),
        )[:DEPARTMENT_LIMIT],
    )


def _counting(principal: Principal, at: datetime, also: Also, ticket: Ticket) -> tuple[str, list[Any]]:
    """Return the SQL of all counts, and its parameters."""
    assert principal.user is not None
    in_department = DEFAULT.tickets(principal, at).filter(department=OuterRef("pk"))
    departments = (
        Department.objects.active()
        .of(principal.user)
        .values_list(Value(""), "pk", Cast(path_of(), CharField()), CappedCount(in_department))
    )
    # Put together here: a union of querysets says the same and takes Django half as long again to build.
    parts: list[str] = []
    parameters: list[Any] = []
    counted = {queue.slug: _counted(queue, principal, at) for queue in QUEUES}
    counted |= {name: _compiled(keys_of(principal.user, ticket)) for name, keys_of in also.items()}
    for name, (sql, values) in counted.items():
        parts.append(f"SELECT %s, 0, '', (SELECT COUNT(*) FROM ({sql}) capped)")  # noqa: S608 - compiled by Django
        parameters += [name, *values]
    sql, values = _compiled(departments)
    return " UNION ALL ".join([*parts, sql]), [*parameters, *values]


def _counted(queue: Queue, principal: Principal, at: datetime) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL for the keys of what `principal` finds in the queue, cut off where counting ends."""
    agent = principal.user
    if agent is None or not queue.is_read_by_grant(principal):
        return _compiled(_capped(queue.tickets(principal, at)))
    parts = nearest.keys_apart(principal, queue.by, lambda tickets: queue.narrow(tickets, agent, at), COUNT_LIMIT)
    compiled = [_compiled(keys) for keys in parts]
    # Counting stops within the first grant that has enough.
    sql = " UNION ALL ".join(sql for sql, _values in compiled)
    sql = f"SELECT * FROM ({sql}) parts LIMIT {COUNT_LIMIT}"  # noqa: S608 - compiled by Django
    return sql, tuple(value for _sql, values in compiled for value in values)


def _compiled(queryset: "QuerySet[Any, Any]") -> tuple[str, tuple[Any, ...]]:
    sql, parameters = queryset.query.get_compiler(connection=connection).as_sql()
    return sql, parameters


def count_text(count: int) -> str:
    """Return a count as it is shown: 48, 999+, nothing for zero."""
    if not count:
        return ""
    return f"{COUNT_LIMIT - 1}+" if count >= COUNT_LIMIT else str(count)
