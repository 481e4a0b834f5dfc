"""Where a new ticket goes, who gets it and what it is promised, with the reason for each. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from django.db.models import Q

from accounts.models import Organization, Team, User
from core.prepared import Prepared, Question
from sla.models import Priority, SLAPlan
from tickets.models import Department, HelpTopic

T = TypeVar("T")

_DEFAULT_TOPIC = Prepared(
    lambda: (
        HelpTopic.objects.enabled()
        .filter(is_default=True)
        .select_related("department__sla_plan", "priority", "sla_plan", "assignee", "team")
    )
)
_DEFAULT_DEPARTMENT = Prepared(lambda: Department.objects.enabled().filter(is_default=True).select_related("sla_plan"))
_DEFAULT_PRIORITY = Prepared(lambda: Priority.objects.filter(is_default=True))
_PLAN_OF_ORGANIZATION = Prepared(
    lambda organization: SLAPlan.objects.filter(
        organizations__organization=organization, organizations__organization__archived_at=None, archived_at=None
    )
)
# The organisation's, which comes before the default one.
_USUAL_PLAN = Prepared(
    lambda organization: SLAPlan.objects.filter(
        Q(organizations__organization=organization, organizations__organization__archived_at=None) | Q(is_default=True),
        archived_at=None,
    ).order_by("is_default")
)
_DEFAULT_PLAN = Prepared(lambda: SLAPlan.objects.filter(is_default=True, archived_at=None))


class Skipped(StrEnum):
    """Why whom the topic names does not get the ticket."""

    GONE = "gone"
    VACATION = "vacation"
    NOT_IN_DEPARTMENT = "not_in_department"
    NOBODY_THERE = "nobody_there"


@dataclass(frozen=True, slots=True)
class Route:
    """What a ticket gets.

    `reasons` is field → {"to": id, "why": topic, department, organization, default, agent, mailbox or api, "by": id},
    and "skipped": a code, where whom the topic names does not get it.
    """

    topic: HelpTopic | None
    department: Department
    priority: Priority
    sla_plan: SLAPlan | None
    holder: User | Team | None
    reasons: dict[str, dict[str, Any]]

    def with_department(self, department: Department) -> "Route":
        """Return the way that leads to the department of a mailbox, with what is promised there; nobody has it yet.

        A department that takes no tickets now is passed over.
        """
        if _usable(department) is None or department == self.department:
            return self
        plan, why = plan_for(self.topic, department)
        reasons = {field: why for field, why in self.reasons.items() if field in {"topic", "priority"}}
        reasons["department"] = {"to": department.pk, "why": "mailbox"}
        if plan:
            reasons["sla_plan"] = {"to": plan.pk, **why}
        return replace(self, department=department, sla_plan=plan, holder=None, reasons=reasons)

    def with_organization(self, organization: Organization | None) -> "Route":
        """Return the same way with what the requester's organisation is promised, where nothing nearer says."""
        if organization is None or self.reasons.get("sla_plan", {}).get("why", "default") != "default":
            return self
        plan = plan_of(organization)
        if plan is None:
            return self
        told = {"to": plan.pk, "why": "organization", "by": organization.pk}
        return replace(self, sla_plan=plan, reasons={**self.reasons, "sla_plan": told})


def route(topic: HelpTopic | None, priority: Priority | None = None, chosen_by: str = "") -> Route:
    """Return topic, department, priority, plan and holder of a ticket about `topic` (PARITY H02, H03, H08, S03, S12).

    Plan: the topic's, else the department's, else the default one (before which comes `with_organization`). An archived
    or disabled topic, department, plan or priority is passed over. A `priority` is what somebody else chose:
    `chosen_by` "agent", "mailbox" or "api".
    Raises Department.DoesNotExist or Priority.DoesNotExist when no default is set.
    """
    reasons: dict[str, dict[str, Any]] = {}
    if topic is None and (topic := _DEFAULT_TOPIC.first()):
        reasons["topic"] = {"to": topic.pk, "why": "default"}
    department = _usable(topic.department if topic else None)
    if topic and department:
        reasons["department"] = {"to": department.pk, "why": "topic", "by": topic.pk}
    else:
        department = _DEFAULT_DEPARTMENT.get()
        reasons["department"] = {"to": department.pk, "why": "default"}
    if priority is not None:
        reasons["priority"] = {"to": priority.pk, "why": chosen_by}
    elif topic and (priority := _usable(topic.priority)):
        reasons["priority"] = {"to": priority.pk, "why": "topic", "by": topic.pk}
    else:
        priority = _DEFAULT_PRIORITY.get()
        reasons["priority"] = {"to": priority.pk, "why": "default"}
    plan, why = plan_for(topic, department)
    if plan:
        reasons["sla_plan"] = {"to": plan.pk, **why}
    holder = _holder(topic, department, reasons) if topic else None
    return Route(topic, department, priority, plan, holder, reasons)


def questions() -> list[Question]:
    """Return what `route` may ask where no topic is named."""
    return [(_DEFAULT_TOPIC, {}), (_DEFAULT_DEPARTMENT, {}), (_DEFAULT_PRIORITY, {}), (_DEFAULT_PLAN, {})]


def plan_of(organization: Organization) -> SLAPlan | None:
    """Return the plan that an organisation has, unless one of the two is archived."""
    return _PLAN_OF_ORGANIZATION.first(organization=organization)


def plan_for(
    topic: HelpTopic | None, department: Department, organization: Organization | None = None
) -> tuple[SLAPlan | None, dict[str, Any]]:
    """Return the plan and why: the topic's, else the department's, the organisation's, the default one, else none."""
    if topic and (plan := _usable(topic.sla_plan)):
        return plan, {"why": "topic", "by": topic.pk}
    if plan := _usable(department.sla_plan):
        return plan, {"why": "department", "by": department.pk}
    if organization and (plan := plan_of(organization)):
        return plan, {"why": "organization", "by": organization.pk}
    return _default_plan(), {"why": "default"}


def plan_after_transfer(
    topic: HelpTopic | None, department: Department, organization: Organization | None
) -> SLAPlan | None:
    """Return the plan of a ticket that was transferred: here the department's comes before the topic's (PARITY S03)."""
    return _usable(department.sla_plan) or plan_for(topic, department, organization)[0]


def plans_for(topics: Iterable[HelpTopic], organization: int | None = None) -> dict[int, SLAPlan | None]:
    """Return topic → the plan that people of the organisation with this key would get.

    Costs the same for many topics as for one, if they come with their plan, their department and its plan.
    """
    default = default_department()
    fallback = _USUAL_PLAN.first(organization=organization) if organization else _default_plan()
    plans = {}
    for topic in topics:
        department = _usable(topic.department) or default
        plans[topic.pk] = _usable(topic.sla_plan) or _usable(department.sla_plan if department else None) or fallback
    return plans


def default_department() -> Department | None:
    """Return the default department with its plan."""
    return _DEFAULT_DEPARTMENT.first()


def _holder(topic: HelpTopic, department: Department, reasons: dict[str, dict[str, Any]]) -> User | Team | None:
    """Return whom the topic names, if they may have a ticket of the department, and note the reason either way."""
    if topic.assignee is not None:
        holder: User | Team = topic.assignee
        field, skipped = "assignee", _why_not_agent(topic.assignee, department)
    elif topic.team is not None:
        holder = topic.team
        field, skipped = "team", _why_not_team(topic.team)
    else:
        return None
    reasons[field] = {"to": holder.pk, "why": "topic", "by": topic.pk}
    if skipped is None:
        return holder
    reasons[field]["skipped"] = skipped.value
    return None


def _why_not_agent(agent: User, department: Department) -> Skipped | None:
    if not (agent.is_agent and agent.is_active):
        return Skipped.GONE
    if agent.on_vacation:
        return Skipped.VACATION
    if not department.assignable_agents().filter(pk=agent.pk).exists():
        return Skipped.NOT_IN_DEPARTMENT
    return None


def _why_not_team(team: Team) -> Skipped | None:
    if team.archived_at is not None:
        return Skipped.GONE
    if not User.objects.agents().filter(teams=team, on_vacation=False).exists():
        return Skipped.NOBODY_THERE
    return None


def _default_plan() -> SLAPlan | None:
    return _DEFAULT_PLAN.first()


def _usable(row: T | None) -> T | None:
    if row is None or getattr(row, "archived_at", None) is not None or getattr(row, "disabled_at", None) is not None:
        return None
    return row
