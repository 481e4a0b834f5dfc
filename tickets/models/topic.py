"""HelpTopic: what a ticket is about, and what follows from it (PARITY H01, H02)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from core.models.settings import Numbering
from sla.models import Priority, SLAPlan
from tickets.models.department import Department


class TopicQuerySet(models.QuerySet["HelpTopic"]):
    def active(self) -> "TopicQuerySet":
        return self.filter(archived_at=None)

    def offered(self) -> "TopicQuerySet":
        """Topics that requesters may choose, in their order."""
        return self.active().filter(is_public=True).order_by("position", "name", "id")


class HelpTopic(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("below")
    )
    hint = models.CharField(
        _("hint"), max_length=200, blank=True, help_text=_("One line below the name, where requesters choose.")
    )
    advice = models.CharField(
        _("advice"),
        max_length=400,
        blank=True,
        help_text=_("Shown once the topic is chosen: what to tell us, where else to call."),
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("department"),
        help_text=_("Empty: the default department."),
    )
    priority = models.ForeignKey(
        Priority,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("priority"),
        help_text=_("Empty: the default priority."),
    )
    sla_plan = models.ForeignKey(
        SLAPlan,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("SLA plan"),
        help_text=_("Empty: the department's, else the default plan."),
    )
    assignee = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"is_agent": True},
        verbose_name=_("assign to agent"),
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("assign to team")
    )
    number_prefix = models.CharField(
        _("ticket numbers begin with"),
        max_length=8,
        blank=True,
        help_text=_("Letters, digits and hyphens, such as INV-."),
    )
    numbering = models.CharField(
        _("ticket numbers"),
        max_length=10,
        choices=Numbering,
        blank=True,
        help_text=_("Empty: as in the site settings. Counting up counts for this topic alone."),
    )
    next_number = models.PositiveBigIntegerField(_("next number"), default=1)
    thank_you = models.TextField(
        _("thank-you text"), max_length=2000, blank=True, help_text=_("Shown once the ticket is sent, and in its mail.")
    )
    acknowledges = models.BooleanField(
        _("confirms new tickets by mail"), default=True, help_text=_("Off: requesters get no mail when they open one.")
    )
    notes = models.TextField(_("notes"), max_length=2000, blank=True, help_text=_("For administrators."))
    is_public = models.BooleanField(_("public"), default=True, help_text=_("Off: only agents can choose it."))
    position = models.PositiveSmallIntegerField(_("position"), default=100, help_text=_("Lower comes first."))
    is_default = models.BooleanField(_("default"), default=False, help_text=_("For tickets that come without a topic."))
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    objects = TopicQuerySet.as_manager()

    class Meta:
        verbose_name = _("help topic")
        verbose_name_plural = _("help topics")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(assignee=None) | models.Q(team=None), name="topic_assigns_to_agent_or_team"
            ),
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_topic"
            ),
        ]

    def __str__(self) -> str:
        return self.name
