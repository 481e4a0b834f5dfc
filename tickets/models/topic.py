"""HelpTopic: what a ticket is about, and what follows from it (PARITY H01, H02)."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from core.models import Numbering, SiteSettings
from core.models.settings import TopicOrder
from sla.models import Priority, SLAPlan
from tickets.models.department import Department
from tickets.models.tree import LEVELS, SEPARATOR, Nested, NestedQuerySet

# A ticket's number has 20 characters, of which a topic's beginning may take 8.
LARGEST_NUMBER = 10**12 - 1


class TopicQuerySet(NestedQuerySet["HelpTopic"]):
    def active(self) -> "TopicQuerySet":
        return self.filter(archived_at=None)

    def enabled(self) -> "TopicQuerySet":
        """Topics that a ticket may be about from now on."""
        return self.active().filter(disabled_at=None)

    def offered(self) -> "TopicQuerySet":
        """Topics that requesters may choose, in their order. What is below one they may not choose is none."""
        found = self.enabled().filter(is_public=True)
        for level in range(1, LEVELS):
            above = "__".join(["parent"] * level)
            found = found.exclude(
                models.Q(**{f"{above}__is_public": False})
                | models.Q(**{f"{above}__disabled_at__isnull": False})
                | models.Q(**{f"{above}__archived_at__isnull": False})
            )
        return found.arranged()

    def arranged(self) -> "TopicQuerySet":
        """In the order that the site settings ask for, with their paths."""
        by_position = SiteSettings.load().topic_order == TopicOrder.MANUAL
        return self.with_path().in_order(by_position=by_position)


class HelpTopic(Nested):
    name = models.CharField(_("name"), max_length=80)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("below")
    )
    hint = models.CharField(
        _("hint"), max_length=200, blank=True, help_text=_("One line below the name, where requesters choose.")
    )
    advice = models.CharField(
        _("advice"),
        max_length=400,
        blank=True,
        help_text=_("Shown once the topic is chosen: what to tell us, where else to call."),
    )
    department = models.ForeignKey(
        Department,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("department"),
        help_text=_("Empty: the default department."),
    )
    priority = models.ForeignKey(
        Priority,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("priority"),
        help_text=_("Empty: the default priority."),
    )
    sla_plan = models.ForeignKey(
        SLAPlan,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("SLA plan"),
        help_text=_("Empty: the department's, else the default plan."),
    )
    assignee = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"is_agent": True},
        verbose_name=_("assign to agent"),
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("assign to team")
    )
    number_prefix = models.CharField(
        _("ticket numbers begin with"),
        max_length=8,
        blank=True,
        help_text=_("Letters, digits and hyphens, such as INV-."),
    )
    numbering = models.CharField(
        _("ticket numbers"),
        max_length=10,
        choices=Numbering,
        blank=True,
        help_text=_("Empty: as in the site settings. Counting up counts for this topic alone."),
    )
    next_number = models.PositiveBigIntegerField(
        _("next number"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(LARGEST_NUMBER)],
        help_text=_("Where counting goes on. Used only when this topic counts for itself."),
    )
    thank_you = models.TextField(
        _("thank-you text"), max_length=2000, blank=True, help_text=_("Shown once the ticket is sent, and in its mail.")
    )
    acknowledges = models.BooleanField(
        _("confirms new tickets by mail"), default=True, help_text=_("Off: requesters get no mail when they open one.")
    )
    acknowledges_messages = models.BooleanField(
        _("confirms further messages by mail"),
        default=True,
        db_default=True,
        help_text=_("Where the site settings say that messages are confirmed. Off: not here."),
    )
    answer = models.ForeignKey(
        "tickets.CannedResponse",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("automatic answer"),
        help_text=_("A canned response that goes at once to who opens a ticket, in the place of the confirming mail."),
    )
    notes = models.TextField(_("notes"), max_length=2000, blank=True, help_text=_("For administrators."))
    is_public = models.BooleanField(_("public"), default=True, help_text=_("Off: only agents can choose it."))
    position = models.PositiveSmallIntegerField(_("position"), default=100, help_text=_("Lower comes first."))
    is_default = models.BooleanField(_("default"), default=False, help_text=_("For tickets that come without a topic."))
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    objects = TopicQuerySet.as_manager()

    class Meta:
        verbose_name = _("help topic")
        verbose_name_plural = _("help topics")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(assignee=None) | models.Q(team=None), name="topic_assigns_to_agent_or_team"
            ),
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_topic"
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(parent=None),
                name="one_topic_of_a_name",
                violation_error_message=_("There is a help topic of this name already."),
            ),
            models.UniqueConstraint(
                fields=["parent", "name"],
                condition=models.Q(parent__isnull=False),
                name="one_topic_of_a_name_below",
                violation_error_message=_("There is a help topic of this name below the same one already."),
            ),
        ]

    @property
    def is_enabled(self) -> bool:
        return self.archived_at is None and self.disabled_at is None

    @property
    def public_path(self) -> str:
        """Return what requesters may read: nothing that is above it and not public."""
        return SEPARATOR.join(topic.name for topic in self.line() if topic.is_public or topic is self)

    @property
    def is_offered(self) -> bool:
        """Say whether requesters may choose it: it and all above it are enabled and public."""
        return all(topic.is_enabled and topic.is_public for topic in self.line())
