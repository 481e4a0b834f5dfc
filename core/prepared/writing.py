"""New rows, written by SQL that is kept: a few at a time, without signals."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from django.db.models.constants import OnConflict
from django.db.transaction import atomic

from core.prepared.statements import Insert, kept

Made = TypeVar("Made", bound=Model)


# So many rows at a time are written by SQL that is kept. More are a job of their own.
MOST_ROWS = 20


def insert(row: Made) -> Made:
    """Write a new row and give it its key, as `save(force_insert=True)` does, but without signals: nobody hears any."""
    insert_all([row])
    return row


def insert_all(rows: Sequence[Made]) -> None:
    """Write new rows of one model and give them their keys, as `bulk_create` does."""
    if len(rows) > MOST_ROWS:
        type(rows[0])._default_manager.bulk_create(rows)
    elif rows:
        _write(rows, None, (), ())


def insert_missing(rows: Sequence[Model]) -> None:
    """Write those of the new rows that are not there already; they get no keys."""
    if (gathered := _gathered.get()) is not None:
        for row in rows:
            gathered.setdefault(type(row), []).append(row)
    elif len(rows) > MOST_ROWS:
        type(rows[0])._default_manager.bulk_create(rows, ignore_conflicts=True)
    elif rows:
        _write(rows, OnConflict.IGNORE, (), ())


def insert_or_renew(row: Made, *, unique: str, renewed: str) -> Made:
    """Write a new row, or renew one field of the one that is there already; it gets its key either way."""
    _write([row], OnConflict.UPDATE, (unique,), (renewed,))
    return row


def insert_unless_taken(row: Model, unique: str) -> bool:
    """Write a new row and give it its key, unless another has the same in this field; say whether it was written."""
    _write([row], None, (unique,), ())
    return row.pk is not None


@contextmanager
def gathering() -> Iterator[None]:
    """Let what `insert_missing` is given within wait until the end, and write the rows of a model by one statement.

    If something is raised, nothing of it is written.
    """
    rows_of: dict[type[Model], list[Model]] = {}
    token = _gathered.set(rows_of)
    try:
        yield
    finally:
        _gathered.reset(token)
    for rows in rows_of.values():
        insert_missing(rows)


_gathered: ContextVar[dict[type[Model], list[Model]] | None] = ContextVar("gathered", default=None)


def _write(
    rows: Sequence[Model], conflict: OnConflict | None, unique: tuple[str, ...], renewed: tuple[str, ...]
) -> None:
    connection = connections[DEFAULT_DB_ALIAS]
    model, count = type(rows[0]), len(rows)
    key = (model, count, conflict, unique)
    kept(connection, key, lambda: Insert(model, count, conflict, unique, renewed)).run(connection, rows)


@contextmanager
def whole() -> Iterator[None]:
    """Let one statement fail without a trace: it is a transaction by itself, and within one it takes a savepoint."""
    if connections[DEFAULT_DB_ALIAS].in_atomic_block:
        with atomic():
            yield
    else:
        yield
