"""Grants: the named ways by which somebody may see a ticket, each one condition."""

from django.db.models import Exists, OuterRef, Q

from accounts.models import Team
from accounts.principal import Face, Principal
from tickets.models.department import DepartmentAccess
from tickets.models.people import Part, Participant, Referral

# The grants of whose tickets are an agent's work; a referral only lets one read and note.
WORK_GRANTS = frozenset({"department", "assigned", "team"})


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
    departments = DepartmentAccess.objects.filter(agent=user).values("department")
    teams = Team.members.through.objects.filter(user=user).values("team")
    referred = Referral.objects.held_by(user).filter(ticket=OuterRef("pk"))
    return {
        "department": Q(department__in=departments),
        "assigned": Q(assignee=user),
        "team": Q(team__in=teams),
        "referral": Q(Exists(referred)),
    }


def _requester_grants(principal: Principal) -> dict[str, Q]:
    taking_part = Participant.objects.filter(ticket=OuterRef("pk"), user=principal.user)
    if principal.face == Face.LINK:
        this = Q(pk=principal.only_ticket_id)
        return {
            "link": this & Q(Exists(taking_part.filter(role=Part.REQUESTER))),
            "collaborator": this & Q(Exists(taking_part.filter(role=Part.COLLABORATOR))),
        }
    return {
        "requester": Q(Exists(taking_part.filter(role=Part.REQUESTER))),
        "collaborator": Q(Exists(taking_part.filter(role=Part.COLLABORATOR))),
    }
