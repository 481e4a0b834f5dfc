"""By which grants somebody sees a ticket, and what their roles allow there and anywhere."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models import BooleanField, Case, OuterRef, Q, QuerySet, Subquery, Value, When

from accounts.models import Permission
from accounts.principal import Face, Principal
from core.prepared import Prepared
from tickets.models import DepartmentAccess, Referral, Ticket
from tickets.models.grants import BOUNDED, agent_grants, bounded_grants, grants_of
from tickets.policy.deeds import REFERRED

# An agent has a handful of roles; this many are looked at.
MOST_ROLES = 100
MOST_PLACES = 1000


def holding_grants(principal: Principal, ticket: Ticket) -> tuple[str, ...]:
    """Return the names of the grants by which `principal` sees this ticket; empty if none.

    A ticket in the trash, or merged, is seen by nobody but the system.
    """
    if principal.face in BOUNDED and principal.acts_as_requester:
        row = _BOUNDED[principal.face].first(user=principal.user, only=principal.only_ticket_id or 0, ticket=ticket)
        return _holding((BOUNDED[principal.face], "collaborator"), row)
    if principal.acts_as_agent:
        assert principal.user is not None  # acts_as_agent
        only = principal.user.sees_only_assigned
        return _holding(_AGENTS_GRANTS[only], _AGENTS[only].first(user=principal.user, ticket=ticket))
    grants = grants_of(principal)
    if not grants:
        return ()
    if "system" in grants:
        return ("system",)
    return _holding(grants, _flagged(Ticket.objects.visible_to(principal).filter(pk=ticket.pk), grants).first())


def _holding(grants: Iterable[str], row: Iterable[bool] | None) -> tuple[str, ...]:
    return tuple(name for name, holds in zip(grants, row, strict=True) if holds) if row else ()


def _flagged(tickets: "QuerySet[Ticket]", grants: Mapping[str, Q]) -> "QuerySet[Any, Any]":
    flags = {
        f"by_{name}": Case(When(grant, then=Value(True)), default=Value(False), output_field=BooleanField())
        for name, grant in grants.items()
    }
    return tickets.annotate(**flags).values_list(*flags)


def _bounded(face: Face) -> "Prepared[tuple[bool, ...]]":
    """Return the query for those of whom each mail asks, and each page that a link opens."""
    return Prepared(
        lambda user, only, ticket: _flagged(Ticket.objects.live().filter(pk=ticket), bounded_grants(face, user, only))
    )


_BOUNDED = {face: _bounded(face) for face in BOUNDED}


def _agents(sees_only_assigned: bool) -> "Prepared[tuple[bool, ...]]":
    """Return the query for agents: each deed begins with it, and each page of a ticket."""

    def build(user: Any, ticket: Any) -> "QuerySet[Any, Any]":
        grants = agent_grants(user, sees_only_assigned=sees_only_assigned)
        return _flagged(Ticket.objects.granted(grants).filter(pk=ticket), grants)

    return Prepared(build)


_AGENTS = {only: _agents(only) for only in (False, True)}
_AGENTS_GRANTS = {only: tuple(agent_grants(0, sees_only_assigned=only)) for only in (False, True)}


class RoleHere(NamedTuple):
    permissions: Collection[str]
    is_primary: bool


def roles_of(principal: Principal, ticket: Ticket) -> tuple[RoleHere | None, frozenset[str]]:
    """Return the agent's role in the ticket's department, if any, and what their roles allow anywhere. One query."""
    elsewhere = Case(When(department=ticket.department_id, then=Value(0)), default=Value(1))
    rows = DepartmentAccess.objects.filter(agent=principal.user).order_by(elsewhere, "pk")
    found = list(rows.values_list("department", "role__permissions", "is_primary")[:MOST_PLACES])
    here = next((RoleHere(*row[1:]) for row in found if row[0] == ticket.department_id), None)
    return here, within_looking(principal, (row[1] for row in found))


def referred_permissions(principal: Principal, ticket: Ticket) -> set[str]:
    """Return what referrals allow: to a department, no more than the agent's role in it does."""
    assert principal.user is not None  # acts_as_agent
    role = DepartmentAccess.objects.filter(agent=principal.user, department=OuterRef("department"))
    referrals = Referral.objects.held_by(principal.user).filter(ticket=ticket)
    rows = referrals.values_list("department", "department__manager", Subquery(role.values("role__permissions")[:1]))
    allowed: set[str] = set()
    for department, manager, permissions in rows:
        is_whole = department is None or manager == principal.user.pk
        allowed |= REFERRED if is_whole else REFERRED.intersection(permissions or ())
    return allowed


def permissions_anywhere(principal: Principal) -> frozenset[str]:
    """Return what an agent's roles allow in some department or other. One query.

    Who only looks with the agent's rights may look people up, if the agent may.
    """
    if not principal.acts_as_agent:
        return frozenset()
    roles = DepartmentAccess.objects.filter(agent=principal.user).values_list("role__permissions", flat=True)
    return within_looking(principal, roles.distinct()[:MOST_ROLES])


def departments_where(principal: Principal, permission: Permission) -> frozenset[int]:
    """Return the keys of the departments in which an agent's role allows it. One query."""
    if not principal.acts_as_agent or principal.only_looks:
        return frozenset()
    rows = DepartmentAccess.objects.filter(agent=principal.user).values_list("department", "role__permissions")
    return frozenset(department for department, permissions in rows[:MOST_PLACES] if permission in permissions)


def within_looking(principal: Principal, roles: Iterable[Iterable[str]]) -> frozenset[str]:
    allowed = frozenset(name for permissions in roles for name in permissions)
    return allowed & {Permission.PERSON_VIEW} if principal.only_looks else allowed
