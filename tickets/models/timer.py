"""TicketTimer: a moment at which something is to be done to a ticket."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import Waiting
from tickets.models.ticket import Ticket


class TimerKind(models.TextChoices):
    CLOSE = "close", _("Close after it was resolved")
    WAKE = "wake", _("Come back after it was snoozed")


class TicketTimer(Waiting):
    """One waiting deed of a kind per ticket. A row of its own, so that claims never touch the ticket's row."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="timers", db_index=False)
    kind = models.CharField(max_length=20, choices=TimerKind)

    class Meta:
        # Also serves the timers of a ticket.
        constraints = [models.UniqueConstraint(fields=["ticket", "kind"], name="one_timer_per_ticket_and_kind")]
        indexes = [
            # The relay asks: which timers are due?
            models.Index(fields=["due_at"], name="timer_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.ticket}: {self.get_kind_display()}"
