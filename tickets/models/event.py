"""TicketEvent: what happened, the history that people read; FailedHandler: what could not follow from it."""

from enum import StrEnum

from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.models import Waiting
from tickets.models.thread import ThreadEntry
from tickets.models.ticket import Ticket


class Kind(models.TextChoices):
    """What can happen to a ticket. The comment behind each names the ids and codes in `data`.

    Beside them every event has what became of clocks by it, under "clocks": [{target, did (ClockChange), plan,
    hours, within (seconds), since, deadline (null: none), warned (percent, if it warned), by (Wait, while paused),
    manual (true, if the deadline was set by hand), spans (what it begins with, if more than one: [from, until, by])}].
    """

    OPENED = "opened", _("Opened")  # entry, routing {field: {to, why, by, skipped}}, quiet, signs?, answered
    MESSAGE_ADDED = "message_added", _("Message added")  # entry, quiet (nobody is mailed that it came)
    REPLIED = (
        "replied",
        _("Replied"),
    )  # entry, keeps (stays with the agent), to (addresses, if not all), signs?, sender?
    # entry, canned (response), came_by (the face that opened it), typed (it repeats what was typed)
    AUTOMATIC_ANSWER = "automatic_answer", _("Answered automatically")
    REPLY_STOPPED = "reply_stopped", _("Reply not sent")  # of "user:1" (its author), why (Stopped)
    RESENT = "resent", _("Mailed again")  # number (of the entry), addresses [id], unsure (may arrive twice), sender?
    NOTE_ADDED = "note_added", _("Internal note added")  # entry
    ASSIGNED = "assigned", _("Assigned")  # to "user:1" | "team:1", from
    CLAIMED = "claimed", _("Claimed")  # to, from, why ("reply": the department's rule)
    RELEASED = "released", _("Given back")  # from, why ("reopened": the department's rule)
    TRANSFERRED = "transferred", _("Transferred")  # to, from (department), kept_access, held_by, assignee (named)
    REFERRED = "referred", _("Referred")  # to "user:1" | "team:1" | "department:1"
    REQUESTER_CHANGED = (
        "requester_changed",
        _("Handed to another person"),
    )  # to, from (people), why ("proved": the address; "merged")
    REFERRAL_REMOVED = "referral_removed", _("Access removed")  # holder
    COLLABORATOR_ADDED = "collaborator_added", _("Collaborator added")  # users [id], addresses [id]
    COLLABORATOR_REMOVED = "collaborator_removed", _("Collaborator removed")  # users [id], addresses [id]
    PRIORITY_CHANGED = "priority_changed", _("Priority changed")  # to, from
    TOPIC_CHANGED = "topic_changed", _("Help topic changed")  # to, from
    PLAN_CHANGED = "plan_changed", _("SLA plan changed")  # to, from
    DUE_DATE_SET = "due_date_set", _("Due date set")  # to, from (null: none)
    DUE_DATE_REMOVED = "due_date_removed", _("Due date removed")  # from
    RECKONED = "reckoned", _("Deadlines reckoned anew")  # scope, number (of what changed, sla.models.Scope)
    SOURCE_CHANGED = "source_changed", _("Source changed")  # to, from
    ENTRY_MOVED_AWAY = "entry_moved_away", _("Moved to another ticket")  # number (of the entry), to (ticket)
    ENTRY_MOVED_HERE = "entry_moved_here", _("Moved here from another ticket")  # number (of the entry), from (ticket)
    SNOOZED = "snoozed", _("Snoozed")  # until
    WOKEN = "woken", _("Snooze ended")
    WAIT_BEGUN = "wait_begun", _("Wait begun")  # wait
    WAIT_ENDED = "wait_ended", _("Wait ended")  # wait
    RESOLVED = "resolved", _("Resolved")  # closes_at, entry (the resolution text, if any)
    CLOSED = "closed", _("Closed")  # reason
    REOPENED = "reopened", _("Reopened")  # from (status), due_dropped (the due date, which had passed)
    CLOCK_WARNED = "clock_warned", _("Deadline near")  # clock, target, deadline, share (percent)
    CLOCK_BREACHED = "clock_breached", _("Deadline passed")  # clock, target, deadline
    ESCALATED = "escalated", _("Escalated")  # clock, target, deadline, step, does, to (who is told), left_out (LeftOut)


class Cause(StrEnum):
    """Why the system acts, kept in TicketEvent.cause."""

    CLOSE_AFTER = "timer:close_after"
    SNOOZE = "timer:snooze"
    ROUTING = "routing"
    CLOCK = "clock"
    RECKONING = "reckoning"
    HELD = "held"
    DEMO = "demo"
    ORGANIZATION = "organization"
    RECIPIENT = "recipient"


class TicketEvent(models.Model):
    """One thing that happened. Never updated, never deleted.

    Only `by` changes, where two people turn out to be one (actions.merging).

    `deed` is shared by all events of one deed, such as reply and resolve; it is asked for within a ticket only. `data`
    holds ids and codes, never text that people typed: that stands in rows which erasure may blank.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="events", db_index=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    deed = models.UUIDField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    face = models.CharField(max_length=10)
    cause = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()
    data = models.JSONField(default=dict)
    version = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        # Also serves the history of a ticket, in order.
        constraints = [models.UniqueConstraint(fields=["ticket", "number"], name="event_number_in_ticket")]

    def __str__(self) -> str:
        return f"{self.ticket}/{self.number} {self.kind}"

    @cached_property
    def entry(self) -> ThreadEntry | None:
        """What was written, if the event is about something written. Who records it knows it already."""
        number = self.data.get("entry")
        return self.ticket.entries.filter(number=number).first() if number else None


class FailedHandler(Waiting):
    """A handler that raised: the deed stands, this is what did not follow. Retried, and shown to administrators."""

    event = models.ForeignKey(TicketEvent, models.PROTECT, related_name="failed_handlers", db_index=False)
    handler = models.CharField(_("handler"), max_length=120)
    error = models.TextField(_("error"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=1)
    failed_at = models.DateTimeField(_("failed"))
    succeeded_at = models.DateTimeField(_("succeeded"), null=True, blank=True)

    class Meta:
        verbose_name = _("failed handler")
        verbose_name_plural = _("failed handlers")
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="one_failure_per_handler")]
        indexes = [
            # The relay asks: which handlers are to be tried again?
            models.Index(fields=["due_at"], name="handler_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.handler}: {self.event}"
