"""Where a new ticket goes and what it is promised, with the reason for each. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sla.models import Priority, SLAPlan
from tickets.models import Department, HelpTopic

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Route:
    """What a ticket gets. `reasons` is field → {"to": id, "why": topic, department, default or agent, "by": id}."""

    topic: HelpTopic | None
    department: Department
    priority: Priority
    sla_plan: SLAPlan | None
    reasons: dict[str, dict[str, Any]]

    def with_priority(self, priority: Priority) -> "Route":
        """Return the same way with the priority that an agent chose."""
        chosen = {"to": priority.pk, "why": "agent"}
        return replace(self, priority=priority, reasons=self.reasons | {"priority": chosen})


def route(topic: HelpTopic | None) -> Route:
    """Return department, priority and plan for a ticket about `topic` (PARITY H02, S03, S12).

    Plan: the topic's, else the department's, else the default one. An archived department, plan or
    priority is passed over. Raises Department.DoesNotExist or Priority.DoesNotExist when no default is set.
    """
    reasons: dict[str, dict[str, Any]] = {}
    department = _usable(topic.department if topic else None)
    if topic and department:
        reasons["department"] = {"to": department.pk, "why": "topic", "by": topic.pk}
    else:
        department = Department.objects.active().get(is_default=True)
        reasons["department"] = {"to": department.pk, "why": "default"}
    priority = _usable(topic.priority if topic else None)
    if topic and priority:
        reasons["priority"] = {"to": priority.pk, "why": "topic", "by": topic.pk}
    else:
        priority = Priority.objects.get(is_default=True)
        reasons["priority"] = {"to": priority.pk, "why": "default"}
    plan, why = plan_for(topic, department)
    if plan:
        reasons["sla_plan"] = {"to": plan.pk, **why}
    return Route(topic, department, priority, plan, reasons)


def plan_for(topic: HelpTopic | None, department: Department) -> tuple[SLAPlan | None, dict[str, Any]]:
    """Return the plan and why: the topic's, else the department's, else the default one, else none."""
    if topic and (plan := _usable(topic.sla_plan)):
        return plan, {"why": "topic", "by": topic.pk}
    if plan := _usable(department.sla_plan):
        return plan, {"why": "department", "by": department.pk}
    return _default_plan(), {"why": "default"}


def plans_for(topics: Iterable[HelpTopic]) -> dict[int, SLAPlan | None]:
    """Return topic → the plan that `route` would choose. Costs the same for many topics as for one, if they
    come with their plan, their department and its plan.
    """
    default = Department.objects.active().select_related("sla_plan").filter(is_default=True).first()
    fallback = _default_plan()
    plans = {}
    for topic in topics:
        department = _usable(topic.department) or default
        plans[topic.pk] = _usable(topic.sla_plan) or _usable(department.sla_plan if department else None) or fallback
    return plans


def _default_plan() -> SLAPlan | None:
    return SLAPlan.objects.filter(is_default=True, archived_at=None).first()


def _usable(row: T | None) -> T | None:
    return row if row is not None and getattr(row, "archived_at", None) is None else None
