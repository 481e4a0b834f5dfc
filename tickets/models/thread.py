"""The thread: what requesters and agents wrote, and the files they attached."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.models import Blob
from tickets.models.states import Source
from tickets.models.ticket import Ticket


class EntryKind(models.TextChoices):
    MESSAGE = "message", _("Message")
    REPLY = "reply", _("Reply")
    NOTE = "note", _("Internal note")
    # Words of nobody: no reply, so that a ticket has had no answer by it.
    AUTOMATIC = "automatic", _("Automatic answer")


# An allow-list: a kind added later stays internal until somebody decides otherwise.
PUBLIC_KINDS = (EntryKind.MESSAGE, EntryKind.REPLY, EntryKind.AUTOMATIC)


class EntryQuerySet(models.QuerySet["ThreadEntry"]):
    def public(self) -> "EntryQuerySet":
        """What requesters may read. Everything else is internal."""
        return self.filter(kind__in=PUBLIC_KINDS)

    def in_order(self) -> "EntryQuerySet":
        return self.order_by("number")


class ThreadEntry(models.Model):
    """One thing somebody wrote: a requester's message, an agent's reply, an internal note, or an automatic answer.

    `html` was cleaned when it was saved, by the cleaner of version `html_version` (0: there is only
    text), so that it can be cleaned again. `request_key` names the form that was sent: sent
    twice, it is one entry.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="entries", db_index=False)
    # Where it was written, if it was moved here. Indexed by entry_by_origin.
    origin_ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=EntryKind)
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="entries")
    source = models.CharField(max_length=10, choices=Source)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    html_version = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    request_key = models.CharField(max_length=40, blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("thread entry")
        verbose_name_plural = _("thread entries")
        constraints = [
            # Also serves the thread of a ticket, in order.
            models.UniqueConstraint(fields=["ticket", "number"], name="entry_number_in_ticket"),
            models.UniqueConstraint(
                fields=["author", "request_key"], condition=~Q(request_key=""), name="one_entry_per_sent_form"
            ),
        ]
        # What was written in a ticket that goes: the database asks before it does.
        indexes = [models.Index(fields=["origin_ticket"], name="entry_by_origin")]

    def __str__(self) -> str:
        return f"{self.ticket}.{self.number}"

    @property
    def is_public(self) -> bool:
        return self.kind in PUBLIC_KINDS


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def public(self) -> "AttachmentQuerySet":
        """Files that requesters may have: of entries that they may read, unless they are for agents alone."""
        return self.filter(entry__kind__in=PUBLIC_KINDS, is_internal=False)


class Attachment(models.Model):
    """A file of an entry. The name is the sender's, made harmless; it is never a path."""

    entry = models.ForeignKey(ThreadEntry, models.PROTECT, related_name="attachments", db_index=False)
    blob = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    # By which the entry's html shows the file in its place (RFC 2392), without "cid:".
    content_id = models.CharField(max_length=255, blank=True)
    # For agents alone: a mail as it came names servers, and addresses by which others could write.
    is_internal = models.BooleanField(default=False, db_default=False)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        # Also serves the files of an entry.
        constraints = [models.UniqueConstraint(fields=["entry", "position"], name="attachment_position_in_entry")]

    def __str__(self) -> str:
        return self.name
