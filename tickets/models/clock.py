"""TicketClock: one promise, from start to stop; ClockSpan: when it ran, and why."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import Waiting
from sla import promises
from sla.hours import ALWAYS, Calendar, working_time
from sla.models import BusinessHours, SLAPlan, Target, Wait
from sla.timelines import Spell
from tickets.models.department import Department
from tickets.models.states import PAUSED
from tickets.models.ticket import Ticket


class Outcome(models.TextChoices):
    RUNNING = "", _("Running")
    MET = "met", _("Met")
    CANCELLED = "cancelled", _("Cancelled")


class ClockChange(models.TextChoices):
    """What became of a clock, as events tell it."""

    STARTED = "started", _("Started")
    CHANGED = "changed", _("Changed")
    PAUSED = "paused", _("Paused")
    RESUMED = "resumed", _("Resumed")
    MET = "met", _("Met")
    CANCELLED = "cancelled", _("Cancelled")


class ClockQuerySet(models.QuerySet["TicketClock"]):
    def running(self) -> "ClockQuerySet":
        return self.filter(stopped_at=None)


class TicketClock(Waiting):
    """A promise made to the requester. Next responses and reopenings start a new row.

    `deadline_at` is the promise; `due_at`, of Waiting, is when the relay looks next (each warning, then the deadline).
    `warn_at` is when the next warning is due, the deadline where none is left. A clock that stops after its deadline
    keeps `breached_at`: met late is still a breach. While it is paused it has no deadline (PAUSED), nor has one that
    cannot be reckoned by its business hours (FAR_FUTURE): nobody looks at these. So a clock is running or paused until
    it is met or cancelled, and breached or not besides.
    """

    ticket = models.ForeignKey(  # indexed by clock_by_ticket
        Ticket, models.PROTECT, related_name="clocks", db_index=False
    )
    target = models.CharField(max_length=20, choices=Target)
    plan = models.ForeignKey(SLAPlan, models.PROTECT, related_name="+", db_index=False)
    within = models.DurationField()
    # By which it is reckoned; null where every hour counts.
    hours = models.ForeignKey(BusinessHours, models.PROTECT, null=True, related_name="+", db_index=False)
    # Whose promise it was: the department that had the ticket when it was decided, stopped or broken, whichever came
    # first. Null until then, and where that was not kept yet: then it is of the department that has the ticket now.
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+", db_index=False)
    # What it waits for, which its plan lets pause it.
    paused_by = models.CharField(max_length=20, choices=Wait, blank=True, db_default="", default="")
    # Its deadline was set by hand (Ticket.manual_due_at): neither pauses nor business hours move it.
    is_manual = models.BooleanField(default=False, db_default=False)
    started_at = models.DateTimeField()
    warn_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    warned_at = models.DateTimeField(null=True)
    # The greatest share of its time, in percent, at which it warned.
    warned_share = models.PositiveSmallIntegerField(default=0, db_default=0)
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
            # A report asks: what was promised in these weeks?
            models.Index(fields=["started_at"], name="clock_by_start"),
            # The relay asks: which clocks are due?
            models.Index(fields=["due_at"], name="clock_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.ticket}: {self.get_target_display()}"

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None

    @property
    def has_deadline(self) -> bool:
        return self.deadline_at < PAUSED

    @property
    def held_by(self) -> Department:
        """Return whose promise it was, or is."""
        return self.department or self.ticket.department

    def runs(self) -> "list[tuple[datetime, datetime | None]]":
        """Return from when to when it ran, in order; what was paused is left out."""
        return [(span.started_at, span.ended_at) for span in self.stretches() if not span.paused_by]

    def stretches(self) -> "list[ClockSpan]":
        """Return its spans in order: running and paused by turns, one after the other without a gap."""
        return sorted(self.spans.all(), key=lambda span: (span.started_at, span.pk))

    def spells(self) -> "list[Spell]":
        """Return its spans as a timeline is laid out of them (sla.timelines)."""
        return [Spell(span.started_at, span.ended_at, span.paused_by) for span in self.stretches()]

    def calendar(self) -> Calendar | None:
        """Return by what its time is counted; None where its business hours contradict themselves."""
        if self.hours is None:
            return ALWAYS
        return promises.calendar_or_none(self.hours.pk, self.hours.version)

    def next_due(self) -> datetime | None:
        """Return when this clock wants to be looked at next."""
        if self.stopped_at or self.breached_at or not self.has_deadline:
            return None
        return self.warn_at

    def time_left(self, at: datetime) -> timedelta:
        """Return what is left of the promise, in its working time; negative, as time passes, once it is broken.

        Of one that stopped, or has no deadline, it is as time passes: until PAUSED there are 7,000 years to count.
        """
        calendar = self.calendar() if self.is_running and self.has_deadline and at < self.deadline_at else None
        return working_time(at, self.deadline_at, calendar) if calendar else self.deadline_at - (self.stopped_at or at)

    def took(self) -> timedelta | None:
        return self.stopped_at - self.started_at if self.stopped_at else None


class ClockSpan(models.Model):
    """A stretch during which the clock ran or was paused, from the event that began it to the one that ended it."""

    clock = models.ForeignKey(TicketClock, models.PROTECT, related_name="spans")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=40)
    # Empty while it ran.
    paused_by = models.CharField(max_length=20, choices=Wait, blank=True, db_default="", default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock"], condition=Q(ended_at=None), name="one_open_span_per_clock")
        ]

    def __str__(self) -> str:
        return f"{self.clock}: {self.cause}"
