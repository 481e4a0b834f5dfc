"""Storing and reading files by digest. Bytes reach the disk before any row names them."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils import timezone

from core.models import Blob

SWEPT_AWAY = 5


def store(chunks: Iterable[bytes]) -> Blob:
    """Write the bytes, sync them, and return the Blob that names them. Equal bytes share one Blob.

    Call it outside any transaction that holds a ticket. A Blob that nothing comes to refer to is swept after a day.
    """
    root: Path = settings.FILES_DIR
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    descriptor, temporary = tempfile.mkstemp(dir=root, prefix="incoming-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        return _keep(Path(temporary), Blob(sha256=digest.hexdigest(), size=size))
    finally:
        Path(temporary).unlink(missing_ok=True)


def _keep(written: Path, blob: Blob) -> Blob:
    """Give the synced bytes their name, then make or renew the row that names them.

    A sweep that was about to delete an old blob of the same bytes may win either of the two: then both are done
    again. Once the row is young no sweep touches it.
    """
    target: Path = settings.FILES_DIR / blob.path
    for _attempt in range(SWEPT_AWAY):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.link(written, target)
        _sync_folder(target.parent)
        now = timezone.now()
        known, created = Blob.objects.get_or_create(sha256=blob.sha256, defaults={"size": blob.size, "created_at": now})
        renewed = created or Blob.objects.filter(pk=known.pk).update(created_at=now)
        if renewed and target.exists():
            return known
    raise OSError(f"{target} cannot be kept")


def open_blob(blob: Blob) -> IO[bytes]:
    """Open the bytes for reading. Raises FileNotFoundError if storage lost them."""
    return (settings.FILES_DIR / blob.path).open("rb")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
