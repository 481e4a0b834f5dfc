"""What a deed leads to: whom a ticket can be given to, where it can go, and why not."""

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _now

from accounts.models import Team, User
from accounts.principal import Principal
from tickets.models import AssignableTo, Department, DepartmentAccess, Ticket
from tickets.policy.deeds import Deed
from tickets.policy.holding import holding_grants


def assignable(department: Department) -> QuerySet[User]:
    """Return the agents to whom a ticket of `department` may be assigned, for pickers; `why_not_assigned` agrees."""
    return department.assignable_agents()


def why_not_assigned(department: Department, agent: User) -> str | None:
    """Return why a ticket of `department` cannot be assigned to `agent`, or None if it can."""
    if not (agent.is_agent and agent.is_active):
        return _now("%(name)s is not an active agent.") % {"name": agent}
    if agent.on_vacation:
        return _now("%(name)s is on vacation.") % {"name": agent}
    if department.assignable_to == AssignableTo.EVERYONE or department.manager_id == agent.pk:
        return None
    access = DepartmentAccess.objects.filter(agent=agent, department=department).values_list("is_primary").first()
    if access is None:
        return _now("%(name)s does not work in %(department)s. Transfer the ticket first.") % {
            "name": agent,
            "department": department,
        }
    if department.assignable_to == AssignableTo.PRIMARY and not access[0]:
        return not_primary(agent, department)
    return None


def not_primary(agent: User | None, department: Department) -> str:
    return _now(
        "Tickets of %(department)s are given only to agents who belong to it first of all, unlike %(name)s."
    ) % {
        "name": agent,
        "department": department,
    }


def target_refusal(deed: Deed, ticket: Ticket, to: Model) -> str | None:
    if getattr(to, "archived_at", None) is not None:
        return _now("“%(name)s” is archived. Choose another.") % {"name": to}
    if getattr(to, "disabled_at", None) is not None:
        return _now("“%(name)s” is disabled. Choose another.") % {"name": to}
    if deed == Deed.REFER:
        return _referral_refusal(ticket, to)
    if isinstance(to, User) and ticket.assignee_id == to.pk:
        return _now("%(name)s already has this ticket.") % {"name": to}
    if isinstance(to, User):
        return why_not_assigned(ticket.department, to)
    if isinstance(to, Team) and ticket.team_id == to.pk and ticket.assignee_id is None:
        return _now("%(name)s already has this ticket.") % {"name": to}
    if isinstance(to, Department) and deed == Deed.TRANSFER and ticket.department_id == to.pk:
        return _now("This ticket is already in %(name)s.") % {"name": to}
    return None


def _referral_refusal(ticket: Ticket, to: Model) -> str | None:
    """Return why `to` needs no referral, or can have none."""
    name = {"name": to}
    if isinstance(to, Department):
        if ticket.department_id == to.pk:
            return _now("This ticket is already in %(name)s.") % name
        held = Q(department=to)
    elif isinstance(to, Team):
        held = Q(team=to)
    elif isinstance(to, User) and to.is_agent and to.is_active:
        if {"department", "manager", "assigned"}.intersection(holding_grants(Principal.agent(to), ticket)):
            return _now("%(name)s sees this ticket already.") % name
        held = Q(agent=to)
    else:
        return _now("%(name)s is not an active agent.") % name
    return _now("%(name)s has access already.") % name if ticket.referrals.filter(held).exists() else None
