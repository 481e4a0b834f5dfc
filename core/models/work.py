"""The rows of waiting work: when it is due and who holds it (docs/architecture.md)."""

from typing import Any

from django.db import models


class Waiting(models.Model):
    """A row that a worker has to come back to.

    `due_at` is when the relay hands it out next (null: nothing left to do). Handing it out moves
    `due_at` to the end of the claim and sets `claim`, so that a worker that dies loses nothing:
    the row becomes due again by itself. Every write of a worker is `holding(claim)` and counts only if it hit 1 row.
    """

    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    claim = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


class Lease(models.Model):
    """Who may act alone for the next seconds, such as the one active relay."""

    name = models.CharField(max_length=40, unique=True)
    holder = models.CharField(max_length=100)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"


class PeriodicJob(Waiting):
    """Work that comes back, such as sweeping files. The relay keeps one row per entry of helpdesk.relay.PERIODIC."""

    name = models.CharField(max_length=60, unique=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        # The relay asks: which jobs are due?
        indexes = [models.Index(fields=["due_at"], name="periodicjob_due")]

    def __str__(self) -> str:
        return self.name


def holding(queryset: "models.QuerySet[Any]", pk: int, claim: Any) -> "models.QuerySet[Any]":
    """Return the row only while `claim` still holds it; update() on it says 1 or 0."""
    return queryset.filter(pk=pk, claim=claim)
