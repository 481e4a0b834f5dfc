"""Storing and reading files: bytes first, then the row; names on disk come from the digest alone."""

import errno
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from core import files
from core.models import Blob

DIGEST = hashlib.sha256(b"one two").hexdigest()


@pytest.mark.django_db
def test_bytes_are_kept_under_their_digest(files_dir):
    blob = files.store([b"one ", b"two"])

    path = files_dir / DIGEST[:2] / DIGEST[2:4] / DIGEST
    assert (blob.sha256, blob.size) == (DIGEST, 7)
    assert path.read_bytes() == b"one two"
    assert files.open_blob(blob).read() == b"one two"


@pytest.mark.django_db
def test_only_we_may_read_them(files_dir):
    blob = files.store([b"one two"])

    path = files_dir / blob.path
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    # Whoever cannot enter the root cannot reach what lies below it.
    assert stat.S_IMODE(files_dir.stat().st_mode) & 0o077 == 0


@pytest.mark.django_db
def test_equal_bytes_are_one_blob_and_one_file(files_dir):
    first, second = files.store([b"one two"]), files.store([b"one", b" two"])

    assert first == second
    assert [path for path in files_dir.rglob("*") if path.is_file()] == [files_dir / first.path]


@pytest.fixture
def synced(monkeypatch) -> list[int]:
    """The inodes of what is forced to the disk, in order."""
    inodes = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        inodes.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return inodes


@pytest.mark.django_db
def test_every_new_folder_is_on_the_disk_before_the_row(files_dir, synced, tmp_path):
    blob = files.store([b"one two"])

    path = files_dir / blob.path
    above = [tmp_path, files_dir, path.parent.parent, path.parent]
    assert (
        synced
        == [
            tmp_path.stat().st_ino,  # where the root is new
            path.stat().st_ino,
            *(folder.stat().st_ino for folder in above[1:]),
        ]
    )


@pytest.mark.django_db
def test_folders_that_were_there_are_not_synced_again(files_dir, synced):
    path = files_dir / files.store([b"one two"]).path
    synced.clear()

    files.store([b"one two"])

    assert synced[-1] == path.parent.stat().st_ino
    assert len(synced) == 2  # the bytes, and the folder that names them


@pytest.fixture(params=[errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def no_links(request, monkeypatch) -> None:
    """A file system that knows no hard links."""

    def refuse(*names: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.django_db
def test_without_hard_links_bytes_are_kept_all_the_same(files_dir, no_links):
    first, second = files.store([b"one ", b"two"]), files.store([b"one two"])

    assert first == second
    assert files.open_blob(first).read() == b"one two"
    assert [path for path in files_dir.rglob("*") if path.is_file()] == [files_dir / first.path]


@pytest.mark.django_db
def test_a_disk_that_is_full_is_no_file_system_without_links(files_dir, monkeypatch):
    def full(*names: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)

    with pytest.raises(OSError, match="No space left"):
        files.store([b"one two"])
    assert not Blob.objects.exists()


@pytest.mark.django_db
def test_nothing_is_a_file_too():
    blob = files.store([])

    assert blob.size == 0
    assert files.open_blob(blob).read() == b""


@pytest.mark.django_db
def test_a_sender_who_breaks_off_leaves_nothing(files_dir):
    def broken():
        yield b"one "
        raise ConnectionError("the sender went away")

    with pytest.raises(ConnectionError):
        files.store(broken())

    assert not list(files_dir.rglob("*"))
    assert not Blob.objects.exists()


@pytest.mark.django_db
def test_a_file_that_storage_lost_is_a_plain_error(files_dir):
    blob = files.store([b"one two"])
    (files_dir / blob.path).unlink()

    with pytest.raises(FileNotFoundError):
        files.open_blob(blob)


@pytest.mark.django_db(transaction=True)
def test_the_same_bytes_from_many_at_once_are_one_blob(files_dir):
    def store(_: int) -> Blob:
        try:
            return files.store([b"one two"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        blobs = set(pool.map(store, range(6)))

    assert blobs == {Blob.objects.get()}
    assert [path.name for path in files_dir.rglob("*") if path.is_file()] == [DIGEST]
