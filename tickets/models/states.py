"""The words for a ticket's facts: its states, whom it awaits, where it came from, why it was closed."""

from datetime import UTC, datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

# "No deadline": the databases sort NULL differently, so lists by deadline never see one. Before it comes "paused".
FAR_FUTURE = datetime(9000, 1, 1, tzinfo=UTC)
PAUSED = datetime(8999, 1, 1, tzinfo=UTC)


class Status(models.TextChoices):
    OPEN = "open", _("Open")
    ASSIGNED = "assigned", _("Assigned")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Reopened")


WORKING = (Status.OPEN, Status.ASSIGNED, Status.REOPENED)


class Awaiting(models.TextChoices):
    AGENT = "agent", _("Awaiting us")
    REQUESTER = "requester", _("Awaiting requester")
    THIRD_PARTY = "third", _("Awaiting a third party")


class Source(models.TextChoices):
    WEB = "web", _("Web form")
    MAIL = "mail", _("E-mail")
    API = "api", _("API")
    DESK = "desk", _("Desk")
    PHONE = "phone", _("Phone")
    OTHER = "other", _("Other")


class CloseReason(models.TextChoices):
    CONFIRMED = "confirmed", _("Confirmed by the requester")
    SILENCE = "silence", _("No answer after it was resolved")
    AGENT = "agent", _("Closed by an agent after it was resolved")
    SPAM = "spam", _("Spam")
    DUPLICATE = "duplicate", _("Duplicate")
    OBSOLETE = "obsolete", _("No longer needed")
    OTHER = "other", _("Other reason")

    @classmethod
    def for_unresolved(cls) -> tuple["CloseReason", ...]:
        return (cls.SPAM, cls.DUPLICATE, cls.OBSOLETE, cls.OTHER)
