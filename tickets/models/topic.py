"""HelpTopic: what a ticket is about, and what follows from it (PARITY H01, H02)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

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
    is_public = models.BooleanField(_("public"), default=True, help_text=_("Off: only agents can choose it."))
    position = models.PositiveSmallIntegerField(_("position"), default=100, help_text=_("Lower comes first."))
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    objects = TopicQuerySet.as_manager()

    class Meta:
        verbose_name = _("help topic")
        verbose_name_plural = _("help topics")

    def __str__(self) -> str:
        return self.name
