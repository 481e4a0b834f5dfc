"""Preferences: how an agent likes the desk (PARITY A07)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class ThreadOrder(models.TextChoices):
    OLDEST_FIRST = "oldest", _("Oldest first")
    NEWEST_FIRST = "newest", _("Newest first")


class AfterReply(models.TextChoices):
    TICKET = "ticket", _("Stay on the ticket")
    NEXT = "next", _("Go to the next ticket of the queue")
    QUEUE = "queue", _("Go back to the queue")


class PageSize(models.IntegerChoices):
    SMALL = 10, "10"
    MIDDLE = 25, "25"
    LARGE = 50, "50"
    LARGEST = 100, "100"


class Preferences(models.Model):
    """One agent's; without a row everything is as by default."""

    agent = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="preferences")
    default_queue = models.CharField(_("first queue"), max_length=40, blank=True)
    thread_order = models.CharField(
        _("order of a ticket's entries"), max_length=10, choices=ThreadOrder, default=ThreadOrder.OLDEST_FIRST
    )
    page_size = models.PositiveSmallIntegerField(_("tickets on a page"), choices=PageSize, default=PageSize.MIDDLE)
    after_reply = models.CharField(_("after a reply"), max_length=10, choices=AfterReply, default=AfterReply.TICKET)
    single_keys = models.BooleanField(
        _("single-key shortcuts"), default=True, help_text=_("Off: letters alone do nothing outside of fields.")
    )
    signature = models.TextField(
        _("signature"), max_length=1000, blank=True, help_text=_("Ends your replies. Empty: the department's.")
    )

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return str(self.agent)

    @classmethod
    def of(cls, agent: User) -> "Preferences":
        """Return the agent's, or the defaults. No query for who is signed in: theirs come with the session."""
        try:
            return agent.preferences
        except cls.DoesNotExist:
            return cls(agent=agent)
