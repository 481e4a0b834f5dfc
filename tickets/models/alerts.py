"""AlertRule: who at the desk is told of what, as the administration's page Alerts says (PARITY N01-N06)."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.prepared import Prepared, Question


class Alert(models.TextChoices):
    """What agents are told of."""

    NEW = "new", _("A new ticket")
    MESSAGE = "message", _("A message, or a ticket that came back")
    NOTE = "note", _("An internal note")
    ASSIGNED = "assigned", _("An assignment")
    TRANSFERRED = "transferred", _("A transfer")
    WARNED = "warned", _("A deadline that is near")
    BREACHED = "breached", _("A deadline that has passed")


class AlertRule(models.Model):
    """Who is told of one kind of event. Without a row it is as in DEFAULTS.

    Who has the ticket stands in the first three columns: its agent, else its team, else the members of its department.
    Each of them is told only while none before them is there.
    """

    event = models.CharField(_("of"), max_length=12, choices=Alert, unique=True, editable=False)
    agent = models.BooleanField(_("the agent who has it"), default=False)
    team = models.BooleanField(_("the team that has it"), default=False)
    members_if_nobody = models.BooleanField(_("the department, if nobody has it"), default=False)
    members = models.BooleanField(_("the department, always"), default=False)
    lead = models.BooleanField(_("the team's lead"), default=False)
    manager = models.BooleanField(_("the department's manager"), default=False)
    account_manager = models.BooleanField(_("the organisation's account manager"), default=False, db_default=False)
    respondent = models.BooleanField(_("who answered last"), default=False)
    referred = models.BooleanField(_("who reads along"), default=False)
    mentioned = models.BooleanField(_("whom it names with an @"), default=False)
    administrators = models.BooleanField(_("administrators"), default=False)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")

    def __str__(self) -> str:
        return str(Alert(self.event).label)

    @classmethod
    def of(cls, event: Alert) -> "AlertRule":
        return _RULE.first(event=event) or cls.by_default(event)

    @classmethod
    def question(cls, event: Alert) -> Question:
        """Return what `of` asks."""
        return _RULE, {"event": event}

    @classmethod
    def by_default(cls, event: Alert) -> "AlertRule":
        return cls(event=event, **dict.fromkeys(DEFAULTS[event], True))


_RULE = Prepared(lambda event: AlertRule.objects.filter(event=event))
WHO = tuple(field.name for field in AlertRule._meta.concrete_fields if isinstance(field, models.BooleanField))
_WHO_HAS_IT = ("agent", "team", "members_if_nobody")
DEFAULTS: Mapping[Alert, tuple[str, ...]] = {
    # Whom it is given to at once is told of that.
    Alert.NEW: ("members_if_nobody",),
    Alert.MESSAGE: _WHO_HAS_IT,
    Alert.NOTE: ("mentioned",),
    Alert.ASSIGNED: ("agent", "team"),
    Alert.TRANSFERRED: ("agent", "members_if_nobody"),
    Alert.WARNED: _WHO_HAS_IT,
    Alert.BREACHED: (*_WHO_HAS_IT, "lead", "manager"),
}
# Boxes that could have no effect are not on the page.
NEVER: Mapping[Alert, frozenset[str]] = {
    Alert.NEW: frozenset({"agent", "team", "lead", "respondent", "referred", "mentioned"}),
    Alert.MESSAGE: frozenset({"mentioned"}),
    Alert.NOTE: frozenset(),
    Alert.ASSIGNED: frozenset({"members_if_nobody", "mentioned"}),
    Alert.TRANSFERRED: frozenset({"team", "lead", "mentioned"}),
    Alert.WARNED: frozenset({"mentioned"}),
    Alert.BREACHED: frozenset({"mentioned"}),
}
