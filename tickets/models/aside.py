"""SetAside: a clock that cannot be reckoned, or whose handling failed, with the reason."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.clock import TicketClock


class AsideReason(models.TextChoices):
    NEVER_OPEN = "never_open", _("Its business hours never have so much time")
    NO_CALENDAR = "no_calendar", _("Its business hours contradict each other")
    FAILED = "failed", _("What was due failed")


class SetAside(models.Model):
    """One clock that the others do not wait for. The row goes when the clock can be reckoned, or handled, again.

    What failed is tried again, ever later, for two days; what cannot be reckoned is when its hours or plan change.
    """

    clock = models.OneToOneField(TicketClock, models.PROTECT, related_name="aside", verbose_name=_("clock"))
    reason = models.CharField(_("reason"), max_length=20, choices=AsideReason)
    error = models.TextField(_("error"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("clock set aside")
        verbose_name_plural = _("clocks set aside")

    def __str__(self) -> str:
        return f"{self.clock}: {self.get_reason_display()}"
