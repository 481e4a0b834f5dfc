"""EscalationStep: what a plan has done about a broken promise; Escalation: a step that waits to be done."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from core import durations
from core.models import Waiting
from sla.models import Priority, SLAPlan, Target
from tickets.models.clock import TicketClock

LONGEST_WAIT = timedelta(days=365)
LONGEST_NOTE = 2000


class Does(models.TextChoices):
    RAISE = "raise", _("Raise the priority")
    ASSIGN = "assign", _("Assign to the team or agent")
    ASSIGN_MANAGER = "assign_manager", _("Assign to the department's manager")
    NOTIFY = "notify", _("Notify the team or agent")
    NOTIFY_MANAGER = "notify_manager", _("Notify the department's manager")
    NOTE = "note", _("Add an internal note")


# How a step is called that names whom, or what, it is about.
_NAMING: dict[str, "str | Promise"] = {
    Does.RAISE: _("Raise the priority to %(name)s"),
    Does.ASSIGN: _("Assign to %(name)s"),
    Does.NOTIFY: _("Notify %(name)s"),
}


def step_words(does: str, name: str = "") -> str:
    """Return what a step does, and whom it names: “Notify Mia”; "" for a step that nobody knows any more."""
    if name and does in _NAMING:
        return str(_NAMING[does]) % {"name": name}
    return str(dict(Does.choices).get(does, ""))


class LeftOut(models.TextChoices):
    """Why a step was not done, as its event tells it."""

    # Nothing is amiss: what the step wants is so already.
    ALREADY = "already", _("it is so already")
    GONE = "gone", _("whom it names is gone")
    NOBODY = "nobody", _("whom it names is disabled, archived or not there")
    NO_ACCESS = "no_access", _("whom it names has no access to the ticket")
    NO_MANAGER = "no_manager", _("the department has no manager")
    REFUSED = "refused", _("the ticket does not allow it now")


def validate_wait(value: timedelta) -> None:
    if not timedelta(0) <= value <= LONGEST_WAIT:
        raise ValidationError(_("Let a step wait for at most a year."))


class EscalationStep(models.Model):
    """One thing that is done some working time after a promise of the plan was broken, if it is not kept by then."""

    plan = models.ForeignKey(SLAPlan, models.CASCADE, related_name="steps", verbose_name=_("SLA plan"))
    after = models.DurationField(_("after"), validators=[validate_wait], default=timedelta(0))
    target = models.CharField(_("if this is broken"), max_length=20, choices=Target, blank=True)
    does = models.CharField(_("step"), max_length=20, choices=Does)
    # Empty: the next more urgent one.
    priority = models.ForeignKey(
        Priority, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("priority")
    )
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("team"))
    agent = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"is_agent": True},
        verbose_name=_("agent"),
    )
    text = models.TextField(_("text"), max_length=LONGEST_NOTE, blank=True)

    class Meta:
        verbose_name = _("escalation step")
        verbose_name_plural = _("escalation")

    def __str__(self) -> str:
        return f"{durations.spell(self.after)}, {self.get_does_display()}"

    def told(self) -> str:
        """Return what it does and whom it names."""
        named = self.agent.display_name if self.agent else self.team or self.priority
        return step_words(self.does, str(named or ""))


class Escalation(Waiting):
    """A step that is to be done for a clock that broke its promise. The row goes when it is done, or left out.

    It is tried again for as long as an action fails, apart from the others. What was done is told by the event.
    """

    clock = models.ForeignKey(TicketClock, models.PROTECT, related_name="escalations", db_index=False)
    step = models.ForeignKey(EscalationStep, models.CASCADE, related_name="+")
    # When it was to be done; `due_at` moves with each claim and each try.
    planned_at = models.DateTimeField(_("planned"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    failed_at = models.DateTimeField(_("failed"), null=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("waiting escalation")
        verbose_name_plural = _("waiting escalations")
        # Also serves the escalations of a clock.
        constraints = [models.UniqueConstraint(fields=["clock", "step"], name="one_escalation_per_step")]
        indexes = [
            # The relay asks: which steps are due?
            models.Index(fields=["due_at"], name="escalation_due", condition=Q(due_at__isnull=False)),
            # The doctor asks: which failed, and when first?
            models.Index(fields=["failed_at"], name="escalation_failed", condition=Q(failed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.clock}: {self.step.get_does_display()}"
