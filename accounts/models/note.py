"""Note: what agents write down about a person or an organisation, for agents alone (PARITY U05)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.organization import Organization
from accounts.models.user import User


class Note(models.Model):
    person = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="notes", verbose_name=_("person")
    )
    organization = models.ForeignKey(
        Organization, models.CASCADE, null=True, blank=True, related_name="notes", verbose_name=_("organisation")
    )
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("author"))
    text = models.TextField(_("text"), max_length=10_000)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, organization__isnull=True)
                | Q(person__isnull=True, organization__isnull=False),
                name="note_about_exactly_one",
            )
        ]

    def __str__(self) -> str:
        return str(self.person or self.organization)
