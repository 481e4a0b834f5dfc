"""Grants: the named ways by which somebody may see a ticket, each one condition."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Members, Organization, Team
from accounts.principal import Face, Principal
from tickets.models.department import Department, DepartmentAccess
from tickets.models.people import Part, Participant, Referral

# The grants of whose tickets are an agent's work; a referral only lets one read and note.
WORK_GRANTS = frozenset({"department", "manager", "assigned", "team"})
# Those of what has been given to the agent or a team of theirs.
OWN_GRANTS = frozenset({"assigned", "team"})

# Grants that may hold for a great part of all tickets. Where none of these is among somebody's, a list starts from the
# few tickets that they have instead of looking at all (TicketQuerySet.granted). `manager` is every agent's, and hardly
# ever holds without `department`.
BROAD_GRANTS = frozenset({"department", "administrator", "system"})


# Who comes by these doors may see one ticket at most.
BOUNDED = {Face.MAIL: "requester", Face.LINK: "link"}


def grants_of(principal: Principal) -> dict[str, Q]:
    """Return the grants of `principal`: name → condition on Ticket.

    `visible_to` is their union and `policy` asks which of them hold, so a grant stands here once.
    """
    if principal.acts_as_agent:
        assert principal.user is not None  # acts_as_agent
        return agent_grants(principal.user, sees_only_assigned=principal.user.sees_only_assigned)
    if principal.acts_as_requester:
        return _requester_grants(principal)
    if principal.face == Face.ADMIN and principal.user is not None and principal.user.is_staff:
        return {"administrator": Q(pk__isnull=False)}
    if principal.face == Face.SYSTEM:
        return {"system": Q(pk__isnull=False)}
    return {}


def agent_grants(user: Any, *, sees_only_assigned: bool) -> dict[str, Q]:
    teams = Team.members.through.objects.filter(user=user).values("team")
    grants = {
        "department": Q(department__in=DepartmentAccess.objects.filter(agent=user).values("department")),
        "manager": Q(department__in=Department.objects.filter(manager=user).values("pk")),
        "assigned": Q(assignee=user),
        "team": Q(team__in=teams),
        "referral": Q(
            Exists(Referral.objects.reaching(user, sees_only_assigned=sees_only_assigned).filter(ticket=OuterRef("pk")))
        ),
    }
    if sees_only_assigned:
        # What somebody manages stays theirs to see: that says so for one department by name.
        del grants["department"]
    return grants


def _requester_grants(principal: Principal) -> dict[str, Q]:
    asking, helping = _parts(principal.user)
    if principal.face in BOUNDED:
        return bounded_grants(principal.face, principal.user, principal.only_ticket_id)
    # One condition on one row: both halves are about the same member.
    shares = Q(sharing=Members.ALL) | Q(sharing=Members.PRIMARY, members__is_primary_contact=True)
    sharing = Organization.objects.filter(Q(members=principal.user) & shares, archived_at=None)
    return {
        "requester": Q(pk__in=asking),
        "collaborator": Q(pk__in=helping),
        "organisation": Q(organization__in=sharing.values("pk")),
    }


def bounded_grants(face: Face, user: Any, ticket: Any) -> dict[str, Q]:
    """Return the grants of whoever comes by a door that leads to one ticket."""
    asking, helping = _parts(user)
    this = Q(pk=ticket)
    return {BOUNDED[face]: this & Q(pk__in=asking), "collaborator": this & Q(pk__in=helping)}


def _parts(user: Any) -> "tuple[QuerySet[Any, Any], QuerySet[Any, Any]]":
    """Return the tickets of the person, and those in which they help.

    Lists of keys, not conditions on each row: SQLite would ask these of every ticket.
    """
    parts = Participant.objects.filter(user=user)
    return parts.filter(role=Part.REQUESTER).values("ticket"), parts.filter(role=Part.COLLABORATOR).values("ticket")
