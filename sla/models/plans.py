"""Priorities, SLA plans and what the plans promise."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from core.prepared import Prepared
from sla.models.business_hours import BusinessHours


class Target(models.TextChoices):
    """What a plan promises."""

    FIRST_RESPONSE = "first_response", _("First response")
    NEXT_RESPONSE = "next_response", _("Next response")
    RESOLUTION = "resolution", _("Resolution")


class Wait(models.TextChoices):
    """What a ticket can wait for, and a plan may let its clocks wait for. Of several at once the first counts."""

    THIRD_PARTY = "third_party", _("Awaiting a third party")
    REQUESTER = "requester", _("Awaiting requester")
    SNOOZED = "snoozed", _("Snoozed")


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


def pause_code(wait: str, target: str) -> str:
    """Return how a plan says that a wait pauses the clocks of a target."""
    return f"{wait}:{target}"


# A clock warns when so many percent of its time are used up; further warnings are no news.
MOST_WARNINGS = 5


def usual_warnings() -> list[int]:
    return [75]


def validate_promise(value: timedelta) -> None:
    if not timedelta(minutes=1) <= value <= timedelta(days=730):
        raise ValidationError(_("Promise a time between one minute and two years."))


class SLAPlan(models.Model):
    """What requesters are promised, in the working time of the department, else of the plan, else of the site."""

    name = models.CharField(_("name"), max_length=80, unique=True, help_text=_("For example “Sev-A (1h/4h, 24/7)”."))
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("For tickets whose help topic and department set none.")
    )
    hours = models.ForeignKey(
        BusinessHours,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("business hours"),
        help_text=_("For departments without business hours of their own. Empty: those of the site."),
    )
    hours_everywhere = models.BooleanField(
        _("everywhere"),
        default=False,
        help_text=_("These business hours hold in departments with hours of their own, too."),
    )
    is_transient = models.BooleanField(
        _("transient"),
        default=False,
        help_text=_("A transfer or another help topic may replace it by the plan that they lead to."),
    )
    alerts = models.BooleanField(
        _("alerts"), default=True, help_text=_("Tell agents when a deadline is near, and when it has passed.")
    )
    pauses = models.JSONField(_("pauses"), default=list, blank=True)  # [pause_code]
    # In percent of the time, from 1 to 99, each once, in order.
    warnings = models.JSONField(_("warnings"), default=usual_warnings, blank=True)
    notes = models.TextField(_("notes"), max_length=2000, blank=True, help_text=_("For administrators."))
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("SLA plan")
        verbose_name_plural = _("SLA plans")
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=models.Q(is_default=True), name="one_default_plan")
        ]

    def __str__(self) -> str:
        return self.name

    def pausing(self, target: str, waits: Iterable[Wait]) -> Wait | None:
        """Return which of the waits pauses the clocks of a target: the first one that does."""
        return next((wait for wait in waits if pause_code(wait, target) in self.pauses), None)

    def promises(self, priority: int | None = None) -> Mapping[str, timedelta]:
        """Return what is promised to tickets of the priority with this key: target → working time."""
        rows: list[tuple[str, int | None, timedelta]]
        if "targets" in getattr(self, "_prefetched_objects_cache", {}):
            rows = [(row.target, row.priority_id, row.within) for row in self.targets.all()]
        else:
            rows = list(_PROMISES.all(plan=self))
        usual = {target: within for target, of, within in rows if of is None}
        return usual | {target: within for target, of, within in rows if of is not None and of == priority}


class PlanTarget(models.Model):
    """One promise of a plan: its target is reached within this working time, at one priority or at all others."""

    plan = models.ForeignKey(SLAPlan, models.CASCADE, related_name="targets", db_index=False)
    target = models.CharField(_("target"), max_length=20, choices=Target)
    priority = models.ForeignKey(
        Priority,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("priority"),
        help_text=_("Empty: for every priority that has no row of its own."),
    )
    within = models.DurationField(
        _("within"), validators=[validate_promise], help_text=_("Working time, for example 30m, 4h or 3d 12h.")
    )

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "target"], condition=models.Q(priority=None), name="one_promise_per_target"
            ),
            # Also serves the promises of a plan.
            models.UniqueConstraint(fields=["plan", "target", "priority"], name="one_promise_per_target_and_priority"),
        ]

    def __str__(self) -> str:
        what = f"{self.plan}: {self.get_target_display()}"
        return f"{what}, {self.priority}" if self.priority else what


_PROMISES = Prepared(lambda plan: PlanTarget.objects.filter(plan=plan).values_list("target", "priority", "within"))


class OrganizationPlan(models.Model):
    """What the people of an organisation are promised, where neither help topic nor department says anything."""

    organization = models.OneToOneField(
        Organization,
        models.CASCADE,
        related_name="+",
        verbose_name=_("organisation"),
        error_messages={"unique": _("This organisation has an SLA plan already.")},
    )
    plan = models.ForeignKey(SLAPlan, models.PROTECT, related_name="organizations", verbose_name=_("SLA plan"))

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")

    def __str__(self) -> str:
        return str(self.organization)
