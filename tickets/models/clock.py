"""TicketClock: one promise, from start to stop; ClockSpan: when it ran, and why."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import Waiting
from sla.models import SLAPlan, Target
from tickets.models.ticket import Ticket


class Outcome(models.TextChoices):
    RUNNING = "", _("Running")
    MET = "met", _("Met")
    CANCELLED = "cancelled", _("Cancelled")


class ClockQuerySet(models.QuerySet["TicketClock"]):
    def running(self) -> "ClockQuerySet":
        return self.filter(stopped_at=None)


class TicketClock(Waiting):
    """A promise made to the requester. Next responses and reopenings start a new row.

    `deadline_at` is the promise; `due_at`, of Waiting, is when the relay looks next (the warning, then the
    deadline). A clock that stops after its deadline keeps `breached_at`: met late is still a breach.
    """

    ticket = models.ForeignKey(  # indexed by clock_by_ticket
        Ticket, models.PROTECT, related_name="clocks", db_index=False
    )
    target = models.CharField(max_length=20, choices=Target)
    plan = models.ForeignKey(SLAPlan, models.PROTECT, related_name="+", db_index=False)
    within = models.DurationField()
    started_at = models.DateTimeField()
    warn_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    warned_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING, blank=True)

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "target"], condition=Q(stopped_at=None), name="one_running_clock"
            ),
            models.CheckConstraint(
                condition=Q(stopped_at=None, outcome="") | (Q(stopped_at__isnull=False) & ~Q(outcome="")),
                name="clock_stops_with_an_outcome",
            ),
        ]
        indexes = [
            # The clocks of a ticket's page, and of a page of the queue.
            models.Index(fields=["ticket", "started_at"], name="clock_by_ticket"),
            # The relay asks: which clocks are due?
            models.Index(fields=["due_at"], name="clock_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.ticket}: {self.get_target_display()}"

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None

    def next_due(self) -> datetime | None:
        """Return when this clock wants to be looked at next."""
        if self.stopped_at or self.breached_at:
            return None
        return self.deadline_at if self.warned_at else self.warn_at

    def time_left(self, at: datetime) -> timedelta:
        """Return what is left of the promise; negative once it is broken."""
        return self.deadline_at - (self.stopped_at or at)

    def took(self) -> timedelta | None:
        return self.stopped_at - self.started_at if self.stopped_at else None


class ClockSpan(models.Model):
    """A stretch during which the clock ran, from the event that started it to the one that ended it."""

    clock = models.ForeignKey(TicketClock, models.PROTECT, related_name="spans")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock"], condition=Q(ended_at=None), name="one_open_span_per_clock")
        ]

    def __str__(self) -> str:
        return f"{self.clock}: {self.cause}"
