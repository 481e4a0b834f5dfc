"""Breaker: since when, and until when, automatic answers are held back because there were too many (PARITY V24)."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.moments import full_moment


class BreakerManager(models.Manager["Breaker"]):
    def open_at(self, at: datetime) -> "models.QuerySet[Breaker]":
        return self.filter(opened_at__lte=at, closes_at__gt=at)


class Breaker(models.Model):
    """One row at most, key 1. It closes by itself at `closes_at`, or by hand before that."""

    opened_at = models.DateTimeField(_("opened"))
    closes_at = models.DateTimeField(_("closes"))
    # Administrators were told of this opening.
    told_at = models.DateTimeField(_("told"), null=True)

    objects: ClassVar[BreakerManager] = BreakerManager()

    class Meta:
        verbose_name = _("breaker of automatic answers")
        verbose_name_plural = _("breakers of automatic answers")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_breaker")]

    def __str__(self) -> str:
        return full_moment(self.opened_at)
