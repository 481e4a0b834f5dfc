"""Storing and reading files: bytes first, then the row; names on disk come from the digest alone."""

import hashlib
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
