"""Letting go of old notices: after a time, and of more than so many for one agent."""

from datetime import datetime, timedelta

from django.db.models import Count

from notices.models import Notice

KEPT_FOR = timedelta(days=90)
MOST_KEPT = 500
BATCH = 5_000


def sweep(at: datetime) -> int:
    """Delete what is too old or too many; say how many. What is left over is for the next turn."""
    old = Notice.objects.filter(created_at__lt=at - KEPT_FOR).order_by("created_at").values_list("pk", flat=True)
    swept = _delete(list(old[:BATCH]))
    # Agents are few, and each has little more than is kept.
    many = Notice.objects.order_by().values("agent").annotate(count=Count("pk")).filter(count__gt=MOST_KEPT)
    for agent in list(many.values_list("agent", flat=True)):
        over = Notice.objects.filter(agent=agent).order_by("-pk").values_list("pk", flat=True)[MOST_KEPT:]
        swept += _delete(list(over[:BATCH]))
    return swept


def _delete(keys: list[int]) -> int:
    return Notice.objects.filter(pk__in=keys).delete()[0] if keys else 0
