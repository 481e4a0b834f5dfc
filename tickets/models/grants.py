"""Grants: the named ways by which somebody may see a ticket, each one condition."""

from django.db.models import Exists, OuterRef, Q

from accounts.models import Members, Organization, Team
from accounts.principal import Face, Principal
from tickets.models.department import Department, DepartmentAccess
from tickets.models.people import Part, Participant, Referral

# The grants of whose tickets are an agent's work; a referral only lets one read and note.
WORK_GRANTS = frozenset({"department", "manager", "assigned", "team"})

# Grants that may hold for a great part of all tickets. Where none of these is among somebody's, a list starts from the
# few tickets that they have instead of looking at all (TicketQuerySet.granted). `manager` is every agent's, and hardly
# ever holds without `department`.
BROAD_GRANTS = frozenset({"department", "administrator", "system"})


def grants_of(principal: Principal) -> dict[str, Q]:
    """Return the grants of `principal`: name → condition on Ticket.

    `visible_to` is their union and `policy` asks which of them hold, so a grant stands here once.
    """
    if principal.acts_as_agent:
        return _agent_grants(principal)
    if principal.acts_as_requester:
        return _requester_grants(principal)
    if principal.face == Face.ADMIN and principal.user is not None and principal.user.is_staff:
        return {"administrator": Q(pk__isnull=False)}
    if principal.face == Face.SYSTEM:
        return {"system": Q(pk__isnull=False)}
    return {}


def _agent_grants(principal: Principal) -> dict[str, Q]:
    user = principal.user
    assert user is not None  # acts_as_agent
    teams = Team.members.through.objects.filter(user=user).values("team")
    grants = {
        "department": Q(department__in=DepartmentAccess.objects.filter(agent=user).values("department")),
        "manager": Q(department__in=Department.objects.filter(manager=user).values("pk")),
        "assigned": Q(assignee=user),
        "team": Q(team__in=teams),
        "referral": Q(Exists(Referral.objects.held_by(user).filter(ticket=OuterRef("pk")))),
    }
    if user.sees_only_assigned:
        # What somebody manages stays theirs to see: that says so for one department by name.
        del grants["department"]
    return grants


def _requester_grants(principal: Principal) -> dict[str, Q]:
    # Lists of keys, not conditions on each row: SQLite would ask these of every ticket.
    parts = Participant.objects.filter(user=principal.user)
    asking, helping = (parts.filter(role=role).values("ticket") for role in (Part.REQUESTER, Part.COLLABORATOR))
    if principal.face == Face.MAIL:
        this = Q(pk=principal.only_ticket_id)
        return {
            "requester": this & Q(pk__in=asking),
            "collaborator": this & Q(pk__in=helping),
        }
    if principal.face == Face.LINK:
        this = Q(pk=principal.only_ticket_id)
        return {
            "link": this & Q(pk__in=asking),
            "collaborator": this & Q(pk__in=helping),
        }
    # One condition on one row: both halves are about the same member.
    shares = Q(sharing=Members.ALL) | Q(sharing=Members.PRIMARY, members__is_primary_contact=True)
    sharing = Organization.objects.filter(Q(members=principal.user) & shares, archived_at=None)
    return {
        "requester": Q(pk__in=asking),
        "collaborator": Q(pk__in=helping),
        "organisation": Q(organization__in=sharing.values("pk")),
    }
