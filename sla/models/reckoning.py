"""Reckoning: open clocks that are to be reckoned anew, since something changed that they are reckoned by."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.models import Waiting


class Scope(models.TextChoices):
    """What changed. Whose clocks that concerns is said by tickets.reckoning."""

    PLAN = "plan", _("SLA plan")
    HOURS = "hours", _("Business hours")
    DEPARTMENT = "department", _("Department")
    SITE = "site", _("Business hours of the site")


class Reckoning(Waiting):
    """The last time that what changed had open clocks reckoned anew, and how far that has come.

    One row for each thing, so that a second change begins anew what the first one began. It goes on in steps by the
    key of tickets (`after`), each in a transaction. The deadlines that moved stand in the tickets' events.
    """

    scope = models.CharField(max_length=10, choices=Scope)
    # Its key; 0 for the site.
    number = models.BigIntegerField()
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    after = models.BigIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    # Tickets that could not be reckoned; why stands in the log.
    failed = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("reckoning")
        verbose_name_plural = _("reckonings")
        constraints = [models.UniqueConstraint(fields=["scope", "number"], name="one_reckoning_of_a_thing")]
        indexes = [
            # The relay asks: which are due?
            models.Index(fields=["due_at"], name="reckoning_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()} {self.number}"
