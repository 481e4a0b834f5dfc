"""The stock rows, which data migrations made: kept beside the test database, and brought back in one go.

A test with real transactions ends with a flush of all tables. Django brings the rows back by reading them from JSON and
saving each by itself, some 370 times two statements, which took longer than the test.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection, transaction


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the rows as they are before the first test, and let Django bring those back."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        tables = [table for table in _flushed_tables() if _has_rows(table)]
        keep, bring_back = _ways(tmp_path_factory.mktemp("stock") / "stock.sqlite3")
        keep(tables)

    def once(_serialized: str) -> None:
        # It is called when a test with real transactions begins, and again when it is over.
        if not _has_rows(tables[0]):
            bring_back(tables)

    connection.creation.deserialize_db_from_string = once  # type: ignore[method-assign, assignment]


Way = Callable[[list[str]], None]


def _ways(file: Path) -> tuple[Way, Way]:
    """Return how rows are kept and brought back: in a schema of their own, or in a copy of the file."""

    def keep_in_schema(tables: list[str]) -> None:
        _execute("DROP SCHEMA IF EXISTS stock CASCADE", "CREATE SCHEMA stock")
        _execute(*(f"CREATE TABLE stock.{table} AS TABLE public.{table}" for table in tables))

    def bring_back(tables: list[str]) -> None:
        with transaction.atomic():  # keys are looked at when all rows are there
            # SQLite copies whole tables page by page, and then misses that keys are found: not where it is to choose.
            _execute(*(f"INSERT INTO {table} SELECT * FROM stock.{table} WHERE true" for table in tables))

    def keep_in_file(tables: list[str]) -> None:
        _execute(f"VACUUM INTO '{file}'")

    def bring_back_from_file(tables: list[str]) -> None:
        _execute(f"ATTACH DATABASE '{file}' AS stock")
        try:
            bring_back(tables)
        finally:
            _execute("DETACH DATABASE stock")

    if connection.vendor == "sqlite":
        return keep_in_file, bring_back_from_file
    return keep_in_schema, bring_back


def _flushed_tables() -> list[str]:
    return sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))


def _has_rows(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
        return cursor.fetchone() is not None


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
