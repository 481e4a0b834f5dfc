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


class UndoTime(models.IntegerChoices):
    """How many seconds a reply waits before it goes."""

    NONE = 0, _("No time: it goes at once")
    SHORT = 5, _("5 seconds")
    MIDDLE = 8, _("8 seconds")
    LONG = 20, _("20 seconds")
    LONGEST = 30, _("30 seconds")


class Signs(models.TextChoices):
    """How the mail of a reply ends (PARITY K21). Where there is nothing of the kind, the next one down is taken."""

    OWN = "own", _("With my signature")
    DEPARTMENT = "department", _("With the department's signature")
    NOTHING = "nothing", _("Without a signature")


class PageSize(models.IntegerChoices):
    SMALL = 10, "10"
    MIDDLE = 25, "25"
    LARGE = 50, "50"
    LARGEST = 100, "100"


class Confirms(models.TextChoices):
    """When an agent who writes by mail hears what the mail did."""

    ALWAYS = "always", _("Always")
    COMMANDS = "commands", _("When it had commands, or something went wrong")
    TROUBLE = "trouble", _("Only when something went wrong")


class Preferences(models.Model):
    """One agent's; without a row everything is as by default."""

    agent = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="preferences")
    default_queue = models.CharField(_("first queue"), max_length=40, blank=True)
    thread_order = models.CharField(
        _("order of a ticket's entries"), max_length=10, choices=ThreadOrder, default=ThreadOrder.OLDEST_FIRST
    )
    page_size = models.PositiveSmallIntegerField(_("tickets on a page"), choices=PageSize, default=PageSize.MIDDLE)
    after_reply = models.CharField(_("after a reply"), max_length=10, choices=AfterReply, default=AfterReply.TICKET)
    undo_seconds = models.PositiveSmallIntegerField(
        _("time to take back a reply"), choices=UndoTime, default=UndoTime.MIDDLE, db_default=UndoTime.MIDDLE
    )
    single_keys = models.BooleanField(
        _("single-key shortcuts"), default=True, help_text=_("Off: letters alone do nothing outside of fields.")
    )
    signature = models.TextField(
        _("signature"), max_length=1000, blank=True, help_text=_("Ends your replies. Empty: the department's.")
    )
    signs = models.CharField(
        _("replies are signed"), max_length=10, choices=Signs, default=Signs.OWN, db_default=Signs.OWN.value
    )

    # What this agent does not want to hear of (tickets.wishes), and when: {"0": ["22:00", "07:00"], …} from Monday on.
    alerts_off = models.JSONField(default=list, db_default=[], blank=True)
    quiet_hours = models.JSONField(default=dict, db_default={}, blank=True)
    breaches_pass = models.BooleanField(_("overdue tickets pass"), default=True, db_default=True)
    confirms_mail = models.CharField(
        _("a mail says what yours did"),
        max_length=10,
        choices=Confirms,
        default=Confirms.COMMANDS,
        db_default=Confirms.COMMANDS.value,
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
