"""Notice: one agent is told of one deed, at the desk."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tickets.models import Alert, Ticket, TicketEvent


class Notice(models.Model):
    """What an agent reads behind the bell. It says nothing itself: the words are made when somebody looks.

    An agent gets one for a deed, however many events it has. `is_quiet`: it came in their quiet hours and is not
    announced. Kept for a while and so many (notices.sweeping).
    """

    agent = models.ForeignKey(User, models.CASCADE, related_name="notices", db_index=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    event = models.ForeignKey(TicketEvent, models.CASCADE, related_name="+", db_index=False)
    deed = models.UUIDField()
    # "" for what concerns this agent alone, which nobody switches off.
    alert = models.CharField(max_length=12, choices=Alert, blank=True)
    is_quiet = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.UniqueConstraint(fields=["agent", "deed"], name="one_notice_per_deed_and_agent")]
        indexes = [
            # An agent's notices, newest first; which of them are too many.
            models.Index(fields=["agent", "-id"], name="notice_by_agent"),
            # How many are unread, and which of them are about the ticket that is opened.
            models.Index(fields=["agent", "ticket"], name="notice_unread", condition=Q(read_at__isnull=True)),
            # Whether any tells of an event: the database asks for each that goes with its ticket.
            models.Index(fields=["event"], name="notice_by_event"),
            # Which ones have had their time?
            models.Index(fields=["created_at"], name="notice_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.agent}: {self.ticket}"
