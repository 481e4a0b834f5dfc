"""Erasure: a person who is to go, or whose tickets are, and how far that has come."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.models import Waiting


class Way(models.TextChoices):
    HAND_OVER = "hand_over", _("Hand the tickets to another person")
    MERGE = "merge", _("Merge with another person")
    ANONYMISE = "anonymise", _("Anonymise")
    DELETE = "delete", _("Delete")


class Erasure(Waiting):
    """One per person, gone once it is done. It goes on in steps, each in a transaction, so that many tickets take long
    and hold nothing up.
    """

    person = models.OneToOneField(User, models.CASCADE, related_name="erasure", verbose_name=_("person"))
    way = models.CharField(_("what is done"), max_length=10, choices=Way)
    to = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("who gets the tickets")
    )
    asked_by = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked"))

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        indexes = [
            # The relay asks: which are due?
            models.Index(fields=["due_at"], name="erasure_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_way_display()}: {self.person_id}"
