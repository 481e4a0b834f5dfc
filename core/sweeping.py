"""Clearing away what nobody needs any more: files without a row, sessions and cache entries past their time."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef

from core.models import Blob, PeriodicJob

# How long bytes may lie without a row that refers to them: forms and imports store first and refer later.
GRACE = timedelta(days=1)
BATCH = 200
# What the periodic job is called (helpdesk.relay).
SWEEP = "sweep_files"


def sweep_files(at: datetime) -> int:
    """Delete blobs, row and bytes, that nothing has referred to for a day, and half-written files; say how many."""
    before = at - GRACE
    swept = 0
    orphans = Blob.objects.filter(created_at__lt=before)
    for model, field in _referrers():
        orphans = orphans.exclude(Exists(model._default_manager.filter(**{field: OuterRef("pk")})))
    for blob in orphans.order_by("pk")[:BATCH]:
        swept += _sweep(blob, before)
    for path in _leftovers(before):
        path.unlink(missing_ok=True)
        swept += 1
    return swept


def let_go(blobs: Collection[int], at: datetime) -> None:
    """Let the next sweep, which is due at once, take these blobs if nothing refers to them.

    One that was stored within the last minutes may be about to be referred to: it gets its day.
    """
    old = at - GRACE - timedelta(seconds=1)
    Blob.objects.filter(pk__in=blobs, created_at__lt=at - timedelta(minutes=10)).update(created_at=old)
    PeriodicJob.objects.filter(name=SWEEP, claim=None).update(due_at=at)


def clear_sessions(at: datetime) -> None:
    """Delete expired sessions."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def clear_cache(at: datetime) -> int:
    """Delete expired entries of the database cache; Redis does that itself. Say how many."""
    if not isinstance(caches["default"], DatabaseCache):
        return 0
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    # Kept without microseconds, in UTC, as the backend writes it.
    limit = connection.ops.adapt_datetimefield_value(at.replace(microsecond=0))
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE expires < %s", [limit])  # noqa: S608  # the table is our own setting
        return int(cursor.rowcount)


def _referrers() -> Iterator[tuple[type[models.Model], str]]:
    """Every model and field that can refer to a Blob."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and field.related_model is Blob and not model._meta.proxy:
                yield model, field.name


def _sweep(blob: Blob, before: datetime) -> int:
    """Delete the bytes and the row under one lock on the row, unless somebody stored the same bytes again."""
    with transaction.atomic():
        held = Blob.objects.select_for_update().filter(pk=blob.pk, created_at__lt=before).first()
        if held is None:
            return 0
        try:
            with transaction.atomic():
                held.delete()
        except models.ProtectedError:
            return 0
        (settings.FILES_DIR / blob.path).unlink(missing_ok=True)
    return 1


def _leftovers(before: datetime) -> Iterator[Path]:
    """Files that were being written when their process died."""
    for path in Path(settings.FILES_DIR).glob("incoming-*"):
        try:
            written = path.stat().st_mtime
        except FileNotFoundError:
            continue
        if written < before.timestamp():
            yield path
