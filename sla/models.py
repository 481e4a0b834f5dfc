"""Priorities, SLA plans and what the plans promise."""

from collections.abc import Mapping
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


class Target(models.TextChoices):
    """What a plan promises."""

    FIRST_RESPONSE = "first_response", _("First response")
    NEXT_RESPONSE = "next_response", _("Next response")
    RESOLUTION = "resolution", _("Resolution")


class Glyph(models.TextChoices):
    """How a priority is drawn; shape first, colour second (WCAG 1.4.1)."""

    EMERGENCY = "emergency", _("Red square with an exclamation mark")
    HIGH = "high", _("Three bars, amber")
    NORMAL = "normal", _("Two bars")
    LOW = "low", _("One bar")


class Priority(models.Model):
    name = models.CharField(_("name"), max_length=40, unique=True)
    level = models.PositiveSmallIntegerField(
        _("level"), unique=True, help_text=_("1 is the most urgent. Lists sort by it.")
    )
    glyph = models.CharField(_("sign"), max_length=10, choices=Glyph, default=Glyph.NORMAL)
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("For tickets whose help topic sets none.")
    )
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("priority")
        verbose_name_plural = _("priorities")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_priority"
            )
        ]

    def __str__(self) -> str:
        return self.name


def validate_promise(value: timedelta) -> None:
    if not timedelta(minutes=1) <= value <= timedelta(days=730):
        raise ValidationError(_("Promise a time between one minute and two years."))


class SLAPlan(models.Model):
    """What requesters are promised. Working time is round the clock until the plan has a calendar."""

    name = models.CharField(_("name"), max_length=80, unique=True, help_text=_("For example “Sev-A (1h/4h, 24/7)”."))
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("For tickets whose help topic and department set none.")
    )
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("SLA plan")
        verbose_name_plural = _("SLA plans")
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=models.Q(is_default=True), name="one_default_plan")
        ]

    def __str__(self) -> str:
        return self.name

    def promises(self) -> Mapping[str, timedelta]:
        """Return what is promised: target → working time."""
        return {row.target: row.within for row in self.targets.all()}


class PlanTarget(models.Model):
    """One promise of a plan: its target is reached within this working time."""

    plan = models.ForeignKey(SLAPlan, models.CASCADE, related_name="targets", db_index=False)
    target = models.CharField(_("target"), max_length=20, choices=Target)
    within = models.DurationField(
        _("within"), validators=[validate_promise], help_text=_("Working time, for example 30m, 4h or 3d 12h.")
    )

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        # Also serves the promises of a plan.
        constraints = [models.UniqueConstraint(fields=["plan", "target"], name="one_promise_per_plan_and_target")]

    def __str__(self) -> str:
        return f"{self.plan}: {self.get_target_display()}"
