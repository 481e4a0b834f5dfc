"""Department: who works on a ticket, and DepartmentAccess: which agents, as what (PARITY D01, D09, R07)."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from core.languages import mail_languages
from core.models.settings import validate_wait
from sla.models import BusinessHours, SLAPlan
from tickets.models.tree import Nested, NestedQuerySet


class DepartmentQuerySet(NestedQuerySet["Department"]):
    def active(self) -> "DepartmentQuerySet":
        """Departments at work: what they have they finish, though a disabled one gets nothing new."""
        return self.filter(archived_at=None)

    def enabled(self) -> "DepartmentQuerySet":
        """Departments that tickets may be sent to."""
        return self.active().filter(disabled_at=None)

    def of(self, agent: User) -> "DepartmentQuerySet":
        """Departments whose tickets `agent` sees."""
        return self.filter(access__agent=agent)

    def unattended(self) -> "DepartmentQuerySet":
        """Departments in use where nobody at the desk sees the tickets: no agent works there, none manages it."""
        working = DepartmentAccess.objects.who_can_act().filter(department=models.OuterRef("pk"))
        managing = User.objects.agents().filter(pk=models.OuterRef("manager"))
        return self.active().exclude(models.Exists(working)).exclude(models.Exists(managing))


class AssignableTo(models.TextChoices):
    """Whom a department's tickets may be assigned to (PARITY D04)."""

    PRIMARY = "primary", _("Agents whose primary department it is")
    MEMBERS = "members", _("Agents with access to it")
    EVERYONE = "everyone", _("All agents")


class AlertsTo(models.TextChoices):
    """Whom of a department alerts mean that go to it (PARITY D08)."""

    MEMBERS = "members", _("Agents with access to it")
    PRIMARY = "primary", _("Agents whose primary department it is")
    ADMINISTRATORS = "administrators", _("Administrators alone")
    NOBODY = "nobody", _("Nobody")


class Department(Nested):
    name = models.CharField(_("name"), max_length=60)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    is_public = models.BooleanField(_("public"), default=True, help_text=_("Off: requesters never read its name."))
    manager = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="manages",
        limit_choices_to={"is_agent": True},
        verbose_name=_("manager"),
        help_text=_("Sees its tickets and may do all to them that the role All access allows."),
    )
    signature = models.TextField(
        _("signature"), max_length=1000, blank=True, help_text=_("Ends the replies of agents who have none.")
    )
    assignable_to = models.CharField(
        _("may be assigned"), max_length=10, choices=AssignableTo, default=AssignableTo.MEMBERS
    )
    claims_on_reply = models.BooleanField(
        _("a reply claims"), default=False, help_text=_("Who answers a ticket that nobody has gets it.")
    )
    keeps_assignee = models.BooleanField(
        _("reopened tickets keep their agent"),
        default=True,
        help_text=_("Off: a ticket that comes back is nobody's, and everybody in the department sees it."),
    )
    acknowledges = models.BooleanField(
        _("confirms new tickets by mail"), default=True, help_text=_("Off: requesters get no mail when they open one.")
    )
    acknowledges_messages = models.BooleanField(
        _("confirms further messages by mail"),
        default=True,
        db_default=True,
        help_text=_("Where the site settings say that messages are confirmed. Off: not here."),
    )
    tells_participants = models.BooleanField(
        _("mails messages to the others on a ticket"),
        default=True,
        help_text=_("Off: what requesters and collaborators write goes to agents alone. Replies go to all of them."),
    )
    alerts_to = models.CharField(
        _("alerts to the department go to"),
        max_length=14,
        choices=AlertsTo,
        default=AlertsTo.MEMBERS,
        db_default=AlertsTo.MEMBERS.value,
        help_text=_("Of what it is told is said under Alerts. Each agent may decline, on the agent's page."),
    )
    language = models.CharField(
        _("language of mails"),
        max_length=10,
        blank=True,
        db_default="",
        choices=mail_languages,
        help_text=_("For readers who have not chosen their own. Empty: as in the site settings."),
    )
    notes = models.TextField(_("notes"), max_length=2000, blank=True, help_text=_("For administrators."))
    sla_plan = models.ForeignKey(
        SLAPlan,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("SLA plan"),
        help_text=_("For tickets whose help topic sets none."),
    )
    hours = models.ForeignKey(
        BusinessHours,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("business hours"),
        help_text=_("By which its promises are counted. Empty: those of the SLA plan, else of the site."),
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
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_department"
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(parent=None),
                name="one_department_of_a_name",
                violation_error_message=_("There is a department of this name already."),
            ),
            models.UniqueConstraint(
                fields=["parent", "name"],
                condition=models.Q(parent__isnull=False),
                name="one_department_of_a_name_below",
                violation_error_message=_("There is a department of this name below the same one already."),
            ),
        ]

    @property
    def is_enabled(self) -> bool:
        return self.archived_at is None and self.disabled_at is None

    @property
    def public_name(self) -> str:
        """Return what requesters may read: its own name without what it is part of, or nothing."""
        return self.name if self.is_public else ""

    def assignable_agents(self) -> "models.QuerySet[User]":
        """Agents whom its tickets may be given to: of the circle, and there."""
        return self.circle().filter(on_vacation=False)

    def circle(self) -> "models.QuerySet[User]":
        """Agents of the circle that `assignable_to` draws, with the manager; some may be on vacation."""
        agents = User.objects.agents()
        if self.assignable_to == AssignableTo.EVERYONE:
            return agents
        access = DepartmentAccess.objects.filter(department=self)
        if self.assignable_to == AssignableTo.PRIMARY:
            access = access.filter(is_primary=True)
        return agents.filter(models.Q(pk__in=access.values("agent")) | models.Q(pk=self.manager_id))


class AccessQuerySet(models.QuerySet["DepartmentAccess"]):
    def who_can_act(self) -> "AccessQuerySet":
        return self.filter(agent__is_agent=True, agent__is_active=True)

    def told(self) -> "AccessQuerySet":
        """Access of agents who want mail about the department's new tickets and are there to read it."""
        return self.who_can_act().filter(alerts=True, agent__on_vacation=False)


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
    is_primary = models.BooleanField(_("primary"), default=False, help_text=_("The department this agent belongs to."))
    alerts = models.BooleanField(
        _("alerts"), default=True, help_text=_("Tell this agent by mail about tickets new to the department.")
    )

    objects: Any = AccessQuerySet.as_manager()

    class Meta:
        verbose_name = _("access to a department")
        verbose_name_plural = _("access to departments")
        constraints = [
            models.UniqueConstraint(fields=["agent", "department"], name="one_access_per_agent"),
            models.UniqueConstraint(
                fields=["agent"], condition=models.Q(is_primary=True), name="one_primary_department"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent}: {self.department}"
