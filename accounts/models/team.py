"""Team: agents of any department who take tickets together (PARITY T01-T03)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class Team(models.Model):
    name = models.CharField(_("name"), max_length=60, unique=True)
    members = models.ManyToManyField(
        User, related_name="teams", blank=True, limit_choices_to={"is_agent": True}, verbose_name=_("members")
    )
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return self.name
