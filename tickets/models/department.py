"""Department: who works on a ticket, and DepartmentAccess: which agents, as what (PARITY D01, D09, R07)."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from core.models.settings import validate_wait
from sla.models import SLAPlan


class DepartmentQuerySet(models.QuerySet["Department"]):
    def active(self) -> "DepartmentQuerySet":
        return self.filter(archived_at=None)

    def of(self, agent: User) -> "DepartmentQuerySet":
        """Departments whose tickets `agent` sees."""
        return self.filter(access__agent=agent)


class Department(models.Model):
    name = models.CharField(_("name"), max_length=60, unique=True)
    sla_plan = models.ForeignKey(
        SLAPlan,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("SLA plan"),
        help_text=_("For tickets whose help topic sets none."),
    )
    close_after = models.DurationField(
        _("close after"),
        null=True,
        blank=True,
        validators=[validate_wait],
        help_text=_("How long a resolved ticket waits before it closes. Empty: as in the site settings."),
    )
    reopen_within = models.DurationField(
        _("reopen within"),
        null=True,
        blank=True,
        validators=[validate_wait],
        help_text=_("How long a closed ticket may come back. Empty: as in the site settings."),
    )
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Gets the tickets whose help topic names no department.")
    )
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_department"
            )
        ]

    def __str__(self) -> str:
        return self.name


class AccessQuerySet(models.QuerySet["DepartmentAccess"]):
    def who_can_act(self) -> "AccessQuerySet":
        return self.filter(agent__is_agent=True, agent__is_active=True)

    def told(self) -> "AccessQuerySet":
        """Access of agents who want mail about the department's new and transferred tickets."""
        return self.who_can_act().filter(alerts=True)


class DepartmentAccess(models.Model):
    """An agent works in a department, in a role."""

    agent = models.ForeignKey(
        User,
        models.CASCADE,
        related_name="department_access",
        limit_choices_to={"is_agent": True},
        verbose_name=_("agent"),
    )
    department = models.ForeignKey(Department, models.CASCADE, related_name="access", verbose_name=_("department"))
    role = models.ForeignKey(Role, models.PROTECT, related_name="+", verbose_name=_("role"))
    alerts = models.BooleanField(
        _("alerts"), default=True, help_text=_("Tell this agent by mail about tickets new to the department.")
    )

    objects: Any = AccessQuerySet.as_manager()

    class Meta:
        verbose_name = _("access to a department")
        verbose_name_plural = _("access to departments")
        constraints = [models.UniqueConstraint(fields=["agent", "department"], name="one_access_per_agent")]

    def __str__(self) -> str:
        return f"{self.agent}: {self.department}"
