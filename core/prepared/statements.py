"""SQL that is made once and run again: what is kept on a connection, and how values get in and rows come out."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    EmailField,
    Field,
    ForeignKey,
    IntegerField,
    Model,
    QuerySet,
    TextField,
    UUIDField,
    Value,
)
from django.db.models.constants import OnConflict
from django.db.models.expressions import DatabaseDefault
from django.db.models.query import FlatValuesListIterable, ModelIterable, get_related_populators
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLInsertCompiler
from django.db.models.sql.subqueries import InsertQuery
from django.db.transaction import TransactionManagementError
from psycopg import RawCursor
from psycopg.types.numeric import Int8Dumper

# So many queries that are asked together are joined at a time.
AT_A_TIME = 4


# Fields whose texts and truths are the same in Python and in every database.
PLAIN = frozenset({BooleanField, CharField, EmailField, TextField})


@dataclass(frozen=True, slots=True)
class Hole:
    """The place of a value in a query: that of a list has a number, too."""

    name: str
    number: int = -1


class Statement:
    """SQL with the cursor that runs it: on PostgreSQL it keeps the plan's name, and how values are written and read."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._cursor: RawCursor[Any] | None = None

    def rows(self, connection: Any, params: Sequence[Any]) -> list[Any]:
        cursor = self._run(connection, params)
        found: list[Any] = cursor.fetchall()
        return found

    def count(self, connection: Any, params: Sequence[Any]) -> int:
        return int(self._run(connection, params).rowcount)

    def _run(self, connection: Any, params: Sequence[Any]) -> Any:
        if connection.vendor != "postgresql":
            cursor = connection.cursor()
            cursor.execute(self._sql, params)
            return cursor
        connection.ensure_connection()
        if self._cursor is None:
            self._sql = _numbered(self._sql)
        if self._cursor is None or self._cursor.connection is not connection.connection:
            # Django's own cursors write the values into the SQL, of which no plan could be kept.
            self._cursor = RawCursor(connection.connection)
            # Numbers of any size are one type, or each size would want a plan of its own.
            self._cursor.adapters.register_dumper(int, Int8Dumper)
        connection._prepare_cursor(self._cursor).execute(self._sql, params)
        if connection.queries_logged:
            # Django cannot put values into numbered places, and logs nothing at all.
            connection.queries_log[-1]["sql"] = self._sql
        return self._cursor


class Select:
    def __init__(self, queryset: "QuerySet[Any, Any]") -> None:
        compiler = queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
        self.sql, self.holes = _with_constants(*compiler.as_sql())
        self.width = len(compiler.select)
        self._statement = Statement(self.sql)
        self._locks = queryset.query.select_for_update
        columns = [one[0] for one in compiler.select]
        self._converters = list(compiler.get_converters(columns).items())
        self._is_flat = queryset._iterable_class is FlatValuesListIterable
        self._model: type[Model] | None = None
        if queryset._iterable_class is not ModelIterable:
            return
        assert compiler.klass_info is not None
        self._annotations = list((compiler.annotation_col_map or {}).items())
        own = compiler.klass_info["select_fields"]
        self._model = compiler.klass_info["model"]
        self._start, self._end = own[0], own[-1] + 1
        self._names = [column.target.attname for column in columns[self._start : self._end]]
        related: Any = get_related_populators
        self._populators = related(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)

    def run(self, connection: Any, params: Sequence[Any]) -> list[Any]:
        if self._locks and not connection.in_atomic_block:
            raise TransactionManagementError("A row can be locked within a transaction only.")
        return self.read(connection, self._statement.rows(connection, params))

    def read(self, connection: Any, rows: Iterable[Any]) -> list[Any]:
        """Return what these rows of the database stand for."""
        if self._converters:
            rows = [self._converted(connection, row) for row in rows]
        if self._model is None:
            return [row[0] for row in rows] if self._is_flat else list(map(tuple, rows))
        return [self._instance(row) for row in rows]

    def _converted(self, connection: Any, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for position, (converters, expression) in self._converters:
            for convert in converters:
                values[position] = convert(values[position], expression, connection)
        return values

    def _instance(self, row: Sequence[Any]) -> Model:
        assert self._model is not None
        found = self._model.from_db(DEFAULT_DB_ALIAS, self._names, row[self._start : self._end])
        for populator in self._populators:
            populator.populate(row, found)
        for name, position in self._annotations:
            setattr(found, name, row[position])
        return found


class Together:
    """Several queries as one: each of them a table, of one row but for the last, which are joined side by side."""

    def __init__(self, selects: Sequence[Select], ones_end: int) -> None:
        self._selects = selects
        self._ones_end = ones_end
        tables, joined = [], []
        for number, select in enumerate(selects):
            columns = ", ".join(f"c{column}" for column in range(select.width))
            rows = f"SELECT * FROM ({select.sql}) t LIMIT 1" if number < ones_end else select.sql  # noqa: S608
            tables.append(f"q{number} ({columns}) AS ({rows})")
            # What is there is told from what is not by a column of its own.
            joined.append(f"(SELECT 1 AS is_there, q{number}.* FROM q{number})")  # noqa: S608
        # The planner would try all orders of so many joins. The limit changes nothing, and keeps it to a few at a time.
        parts = [
            f"({_side_by_side(joined[start : min(start + AT_A_TIME, ones_end)])} LIMIT 1)"
            for start in range(0, ones_end, AT_A_TIME)
        ]
        self._statement = Statement(f"WITH {', '.join(tables)} {_side_by_side(parts + joined[ones_end:])}")

    def run(self, connection: Any, params: Sequence[Any]) -> list[list[Any]]:
        """Return what each of the queries finds."""
        rows = self._statement.rows(connection, params)
        found, start = [], 0
        for number, select in enumerate(self._selects):
            end = start + 1 + select.width
            own = (row[start + 1 : end] for row in (rows[:1] if number < self._ones_end else rows) if row[start])
            found.append(select.read(connection, own))
            start = end
        return found


def _side_by_side(tables: Sequence[str]) -> str:
    """Return the query for the rows of all these tables in one, also where some of them have none."""
    joins = " ".join(f"LEFT JOIN {table} t{number} ON TRUE" for number, table in enumerate(tables))
    return f"SELECT {', '.join(f't{number}.*' for number in range(len(tables)))} FROM (SELECT 1) one {joins}"  # noqa: S608


class Update:
    def __init__(self, queryset: "QuerySet[Any, Any]", names: Sequence[str]) -> None:
        self._fields = {name: queryset.model._meta.get_field(name) for name in names}
        query: Any = queryset.query.chain(UpdateQuery)
        query.add_update_values({name: Value(Hole(f"={name}")) for name in names})
        sql, self._params = query.get_compiler(using=DEFAULT_DB_ALIAS).as_sql()
        self._statement = Statement(sql)

    def run(self, connection: Any, changes: dict[str, Any], values: dict[str, Any]) -> int:
        saved = {f"={name}": saved_as(connection, self._fields[name], value) for name, value in changes.items()}
        params = [
            saved[one.name] if isinstance(one, Hole) and one.name in saved else value_of(connection, one, values)
            for one in self._params
        ]
        return self._statement.count(connection, params)


class Insert:
    def __init__(
        self, model: type[Model], count: int, conflict: OnConflict | None, unique: Sequence[str], renewed: Sequence[str]
    ) -> None:
        self._fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        self._returns = conflict != OnConflict.IGNORE
        query = InsertQuery(
            model,
            on_conflict=conflict,
            update_fields=[model._meta.get_field(name) for name in renewed],
            unique_fields=[model._meta.get_field(name) for name in unique],
        )
        query.insert_values(self._fields, [_blank(model) for _row in range(count)], raw=True)
        # That of all databases: PostgreSQL's own takes many rows as lists, which costs more than it saves for so few.
        compiler: Any = SQLInsertCompiler(query, connections[DEFAULT_DB_ALIAS], DEFAULT_DB_ALIAS)
        compiler.returning_fields = [model._meta.pk] if self._returns else None
        ((sql, _params),) = compiler.as_sql()
        if unique and conflict is None:
            columns = {field.name: field.column for field in self._fields}
            taken = ", ".join(compiler.quote_name_unless_alias(columns[name]) for name in unique)
            sql = sql.replace(" RETURNING ", f" ON CONFLICT ({taken}) DO NOTHING RETURNING ")
        self._is_sure = conflict is not None or not unique
        self._writers = [_writer(field) for field in self._fields]
        self._statement = Statement(sql)

    def run(self, connection: Any, rows: Sequence[Model]) -> None:
        params = [write(connection, row) for row in rows for write in self._writers]
        if not self._returns:
            self._statement.count(connection, params)
            return
        keys = self._statement.rows(connection, params)
        for row, (key,) in zip(rows, keys, strict=self._is_sure):
            row.pk = key
            row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def _blank(model: type[Model]) -> Model:
    """Return a row for its shape: nothing in it may be an expression, or its SQL would have no place for a value."""
    row = model()
    for field in model._meta.concrete_fields:
        row.__dict__[field.attname] = None
    return row


def kept(connection: Any, key: Any, make: Callable[[], Any]) -> Any:
    """Return what was made for this connection, which its thread has for itself."""
    kept = connection.__dict__.setdefault("prepared", {})
    if key not in kept:
        kept[key] = make()
    return kept[key]


def _with_constants(sql: str, params: Sequence[Any]) -> tuple[str, list[Any]]:
    """Return the SQL with what the query itself says in it, and only the other values beside it.

    Else a plan that is kept could use no index of some rows alone: it holds for any value.
    """
    if connections[DEFAULT_DB_ALIAS].vendor != "postgresql":
        return sql, list(params)
    values, kept = iter(params), []

    def place(found: re.Match[str]) -> str:
        if found[0] != "%s":
            return found[0]
        value = next(values)
        if isinstance(value, str) and not {"\\", "\0"}.intersection(value):
            return "'" + str(value).replace("'", "''").replace("%", "%%") + "'"
        kept.append(value)
        return found[0]

    return re.sub("%[s%]", place, sql), kept


def _numbered(sql: str) -> str:
    """Return the SQL with PostgreSQL's own places for values: $1, $2, …"""
    numbers = count(1)
    return re.sub("%[s%]", lambda found: f"${next(numbers)}" if found[0] == "%s" else "%", sql)


def value_of(connection: Any, param: Any, values: dict[str, Any]) -> Any:
    """Return what stands in this place of the SQL: one of the values, or what the query itself says."""
    if not isinstance(param, Hole):
        return param
    value = values[param.name] if param.number < 0 else values[param.name][param.number]
    return plain(connection, value)


def plain(connection: Any, value: Any) -> Any:
    """Return a value as the driver takes it."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    return str(value) if isinstance(value, str) else value


def _writer(field: Any) -> Callable[[Any, Model], Any]:
    """Return what makes of a row what the database is given for this field."""
    name, as_is = field.attname, _plain_types(field)
    is_time = isinstance(field, DateTimeField) and connections[DEFAULT_DB_ALIAS].vendor == "postgresql"
    # Some fields make their value when the row is written.
    is_read = type(field).pre_save is Field.pre_save

    def write(connection: Any, row: Model) -> Any:
        value = getattr(row, name) if is_read else field.pre_save(row, True)
        if value is None or type(value) in as_is or (is_time and type(value) is datetime and value.tzinfo is not None):
            return value
        return saved_as(connection, field, value)

    return write


def _plain_types(field: Any) -> frozenset[type]:
    """Return the types whose values are given to the database as they are, as values of this field."""
    if isinstance(field, ForeignKey):
        field = field.target_field
    if isinstance(field, IntegerField):
        return frozenset({int})
    if isinstance(field, UUIDField) and connections[DEFAULT_DB_ALIAS].features.has_native_uuid_field:
        return frozenset({UUID})
    return frozenset({str, bool}) if type(field) in PLAIN else frozenset()


def saved_as(connection: Any, field: Any, value: Any) -> Any:
    if value is None or (type(value) in (str, bool) and type(field) in PLAIN):
        return value
    if isinstance(value, Model):
        value = value.pk
    elif isinstance(value, DatabaseDefault):
        value = field.db_default
    return field.get_db_prep_save(value, connection)
