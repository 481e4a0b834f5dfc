"""HeldReply: what an agent has written and the composer has sent, and what has not happened yet."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Signs, User
from core.models import Blob, NewFile, Waiting
from tickets.models.ticket import Ticket


class Then(models.TextChoices):
    """What a reply makes of its ticket."""

    RESOLVE = "resolve", _("Send and resolve")
    AWAIT = "await", _("Send, await requester")
    KEEP = "keep", _("Send, we keep working on it")


class Stopped(models.TextChoices):
    """Why a reply that was held did not go."""

    TAKEN_BACK = "taken_back", _("It was taken back")
    MESSAGE = "message", _("A message came in meanwhile")
    REPLY = "reply", _("Somebody else answered meanwhile")
    STATUS = "status", _("The ticket was resolved, closed or reopened meanwhile")
    AUTHOR = "author", _("Its author is not at work here any more")
    QUOTES = "quotes", _("It quotes an internal note")
    SENDER = "sender", _("The address that it was to come from is gone, or no longer for its author")
    REFUSED = "refused", _("Its author may not answer this ticket any more")
    NOBODY = "nobody", _("Nobody whom it was for takes part any more")
    FAILED = "failed", _("The help desk failed at sending it, again and again")


class HeldReply(Waiting):
    """One reply that goes at `send_at`, or does not go: `why` says so then, and the words are kept until somebody
    sends, changes or discards them.

    Until it goes nothing has happened: no entry, no event, no mail. `seen` is the number of the last event that the
    author saw; `request_key` makes it one entry at most, as it does with every form (ThreadEntry).
    """

    # The words are the ticket's, and go with it; the author's too, who takes nothing of theirs along.
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="held_replies", db_index=False)
    author = models.ForeignKey(User, models.CASCADE, related_name="held_replies", db_index=False)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    # Keys of the addresses that alone are mailed, None for everybody who takes part.
    to = models.JSONField(null=True)
    # What of notes it quotes, as far as its author was told before they sent it (tickets.quoting.Leak.key).
    told = models.JSONField(default=list, db_default=[])
    then = models.CharField(max_length=10, choices=Then)
    # How its mail ends, "" for as its author always signs.
    signs = models.CharField(max_length=10, choices=Signs, blank=True, default="", db_default="")
    # The key of the address that it comes from (mail.OwnAddress, a floor above), None for the ticket's usual one.
    sender = models.BigIntegerField(null=True)
    # Whether its author chose the time; else it waits only for as long as they may take it back.
    is_scheduled = models.BooleanField()
    send_at = models.DateTimeField()
    seen = models.PositiveIntegerField()
    request_key = models.CharField(max_length=40)
    why = models.CharField(max_length=10, choices=Stopped, blank=True)
    # How often sending it failed for no reason that anybody foresaw.
    failures = models.PositiveSmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("held reply")
        verbose_name_plural = _("held replies")
        constraints = [
            models.UniqueConstraint(
                fields=["author", "request_key"], name="one_held_reply_per_sent_form", condition=~Q(request_key="")
            ),
            models.CheckConstraint(condition=Q(due_at=None) | Q(why=""), name="held_reply_waits_or_says_why_not"),
        ]
        indexes = [
            # The relay asks: which replies go now?
            models.Index(fields=["due_at"], name="held_due", condition=Q(due_at__isnull=False)),
            # What waits in a ticket: its page, and the marks in queues.
            models.Index(fields=["ticket", "id"], name="held_by_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket}: {self.get_then_display()}"

    @property
    def waits(self) -> bool:
        return not self.why


class HeldFile(models.Model):
    """A file of a held reply; it becomes an Attachment."""

    held = models.ForeignKey(HeldReply, models.CASCADE, related_name="files", db_index=False)
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    content_id = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name = _("file of a held reply")
        verbose_name_plural = _("files of held replies")
        # Also serves the files of a held reply.
        constraints = [models.UniqueConstraint(fields=["held", "position"], name="held_file_position")]

    def __str__(self) -> str:
        return self.name

    @property
    def as_new(self) -> NewFile:
        return NewFile(self.blob, self.name, self.content_type, self.content_id)
