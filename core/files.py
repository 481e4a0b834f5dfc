"""Storing and reading files by digest. Bytes reach the disk before any row names them."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils import timezone

from core.models import Blob
from core.prepared import insert_or_renew

SWEPT_AWAY = 5
# What file systems say that know no second name for a file: FAT, some network shares, some of FUSE.
NO_LINKS = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})


def store(chunks: Iterable[bytes]) -> Blob:
    """Write the bytes, sync them, and return the Blob that names them. Equal bytes share one Blob.

    Call it outside any transaction that holds a ticket. A Blob that nothing comes to refer to is swept after a day.
    """
    _make_folder(settings.FILES_DIR)
    digest, size = hashlib.sha256(), 0
    with _incoming() as (file, name):
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        _sync(file)
        return _keep(name, Blob(sha256=digest.hexdigest(), size=size))


def _keep(written: Path, blob: Blob) -> Blob:
    """Give the synced bytes their name, then make or renew the row that names them.

    A sweep that was about to delete an old blob of the same bytes may win either of the two: then both are done
    again. Once the row is young no sweep touches it.
    """
    target: Path = settings.FILES_DIR / blob.path
    for _attempt in range(SWEPT_AWAY):
        _make_folder(target.parent)
        _name(written, target)
        _sync_folder(target.parent)
        blob.created_at = timezone.now()
        # Made or renewed, whichever it takes, by one query.
        insert_or_renew(blob, unique="sha256", renewed="created_at")
        if target.exists():
            return blob
    raise OSError(f"{target} cannot be kept")


def open_blob(blob: Blob) -> IO[bytes]:
    """Open the bytes for reading. Raises FileNotFoundError if storage lost them."""
    return (settings.FILES_DIR / blob.path).open("rb")


@contextmanager
def _incoming() -> Iterator[tuple[IO[bytes], Path]]:
    """Give a file to write to, and its name, which nothing refers to and which is taken away at the end."""
    descriptor, name = tempfile.mkstemp(dir=settings.FILES_DIR, prefix="incoming-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _name(written: Path, target: Path) -> None:
    """Let the bytes be found under their name. What stands there already has the same bytes."""
    try:
        os.link(written, target)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if target.exists():
            return
        # A copy takes the name at once and whole. What was written stays: a sweep may ask for it again.
        with _incoming() as (copy, name), written.open("rb") as source:
            shutil.copyfileobj(source, copy)
            _sync(copy)
            name.replace(target)


def _make_folder(folder: Path) -> None:
    """Make the folder and those above it, each on the disk before anything is put into it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
