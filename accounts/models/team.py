"""Team: agents of any department who take tickets together (PARITY T01-T03)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class Team(models.Model):
    name = models.CharField(_("name"), max_length=60, unique=True)
    members = models.ManyToManyField(
        User, related_name="teams", blank=True, limit_choices_to={"is_agent": True}, verbose_name=_("members")
    )
    lead = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        limit_choices_to={"is_agent": True},
        verbose_name=_("lead"),
        help_text=_("One of the members."),
    )
    alerts = models.BooleanField(
        _("alerts"), default=True, help_text=_("Tell the members by mail when a ticket is assigned to the team.")
    )
    notes = models.TextField(_("notes"), max_length=2000, blank=True, help_text=_("For administrators."))
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return self.name
