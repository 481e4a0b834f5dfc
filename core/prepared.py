"""Queries that are built once and asked again and again: what is asked with every mail and every deed.

Django builds the SQL of a query anew each time it is asked, and PostgreSQL plans it anew; for a look-up by key both
cost several times what finding the row costs. A `Prepared` is a queryset with holes for its values. Its SQL is kept on
the connection, and PostgreSQL keeps the plan (OPTIONS["prepare_threshold"] in the settings). Rows are read every time:
nothing of what they say is kept.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Generic, TypeVar
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
from django.db.transaction import TransactionManagementError, atomic
from psycopg import RawCursor
from psycopg.types.numeric import Int8Dumper

Row = TypeVar("Row")
Made = TypeVar("Made", bound=Model)

# So many rows at a time are written by SQL that is kept. More are a job of their own.
MOST_ROWS = 20
# So many queries that are asked together are joined at a time.
AT_A_TIME = 4
# Fields whose texts and truths are the same in Python and in every database.
PLAIN = frozenset({BooleanField, CharField, EmailField, TextField})


@dataclass(frozen=True, slots=True)
class Hole:
    """The place of a value in a query: that of a list has a number, too."""

    name: str
    number: int = -1


class Prepared(Generic[Row]):
    """A queryset with holes: `Prepared(lambda email: Address.objects.filter(email=email)).first(email=…)`.

    The function is called once per connection, with an expression for each value, so it may hang on nothing but these.
    A list, not an empty one, is for `__in`. NULL is no value: `filter(x=None)` asks something else.
    """

    def __init__(self, build: Callable[..., "QuerySet[Any, Row]"]) -> None:
        self._build = build

    def all(self, **values: Any) -> list[Row]:
        """Return what the query finds with these values."""
        if (rows := _told(self, values)) is not None:
            return rows
        connection = connections[DEFAULT_DB_ALIAS]
        asked, params = self._asked(connection, values)
        found: list[Row] = asked.run(connection, params)
        return found

    def get(self, **values: Any) -> Row:
        """Return the one row that there is. Raises ObjectDoesNotExist, that of the model, if there is none."""
        if not (rows := self.all(**values)):
            raise self._with_holes(values).model.DoesNotExist
        return rows[0]

    def first(self, **values: Any) -> Row | None:
        """Return the first row. It is the only one, or the query says by its order and its end which one it is."""
        return next(iter(self.all(**values)), None)

    def update(self, changes: dict[str, Any], **values: Any) -> int:
        """Write the changes, field → value, into the rows that the query finds; return how many these are."""
        connection = connections[DEFAULT_DB_ALIAS]
        names = tuple(changes)
        asked = _kept(connection, (self, names), lambda: _Update(self._with_holes(values), names))
        done: int = asked.run(connection, changes, values)
        return done

    def _asked(self, connection: Any, values: dict[str, Any]) -> tuple["_Select", list[Any]]:
        """Return the query as it is kept, and the values in the order of its places."""
        lists = {name: _filled(value) for name, value in values.items() if isinstance(value, list)}
        values = values | lists
        lengths = tuple(map(len, lists.values()))
        asked: _Select = _kept(connection, (self, lengths), lambda: _Select(self._with_holes(values)))
        return asked, [_value(connection, hole, values) for hole in asked.holes]

    def _with_holes(self, values: dict[str, Any]) -> "QuerySet[Any, Row]":
        return self._build(**{name: _holes(name, value) for name, value in values.items()})


def stand_in(number: int) -> int:
    """Return a key that no row has, to stand for one in SQL that is made once."""
    return -1 - number


# Stands for a moment in the same way.
SOME_TIME = datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)


def kept_sql(
    key: object, build: Callable[[], tuple[str, Sequence[Any]]], **given: tuple[Any, Any]
) -> tuple[str, list[Any]]:
    """Return SQL that was put together once per connection and `key`, and its parameters with the values of today.

    `given` are pairs of a stand-in, with which `build` made the SQL, and its value. What else `build` hangs on belongs
    into the key. For what Django executes by itself: PostgreSQL plans it each time, with its values.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    sql, params = _kept(connection, key, lambda: _with_places(connection, build(), given))
    values = {name: _plain(connection, value) for name, (_stand_in, value) in given.items()}
    return sql, [values[one.name] if isinstance(one, Hole) else one for one in params]


def _with_places(
    connection: Any, made: tuple[str, Sequence[Any]], given: dict[str, tuple[Any, Any]]
) -> tuple[str, list[Any]]:
    sql, params = made
    places = {_plain(connection, stand): Hole(name) for name, (stand, _value) in given.items()}
    return sql, [places.get(param, param) for param in params]


def insert_unless_taken(row: Model, unique: str) -> bool:
    """Write a new row and give it its key, unless another has the same in this field; say whether it was written."""
    _write([row], None, (unique,), ())
    return row.pk is not None


# A query, and with which values it is asked.
Question = tuple[Prepared[Any], dict[str, Any]]


@contextmanager
def ahead(*ones: Question, many: Question | None = None) -> Iterator[None]:
    """Ask what will be asked within, all by one statement. Who then asks one of it finds the answer here, once.

    Of `ones` the first row is all that anybody wants. What is read before a lock is read before it here, too: nothing
    belongs here that is to be read behind one.
    """
    questions = [*ones, many] if many is not None else list(ones)
    token = _known.set((*_known.get(), _answers(questions, ones_end=len(ones))))
    try:
        yield
    finally:
        _known.reset(token)


@contextmanager
def known(*answers: tuple[Question, list[Any]]) -> Iterator[None]:
    """Let who asks one of these questions within hear this answer, once: it was written just now."""
    token = _known.set((*_known.get(), {_question(*question): rows for question, rows in answers}))
    try:
        yield
    finally:
        _known.reset(token)


def _answers(questions: Sequence[Question], *, ones_end: int) -> dict[Any, list[Any]]:
    connection = connections[DEFAULT_DB_ALIAS]
    parts = [query._asked(connection, values) for query, values in questions]
    selects = [select for select, _params in parts]
    together = _kept(connection, ("together", ones_end, *selects), lambda: _Together(selects, ones_end))
    found = together.run(connection, [param for _select, params in parts for param in params])
    return {_question(*question): rows for question, rows in zip(questions, found, strict=True)}


def _question(query: Prepared[Any], values: dict[str, Any]) -> Any:
    return query, frozenset(
        (name, tuple(value) if isinstance(value, list) else value) for name, value in values.items()
    )


def _told(query: Prepared[Any], values: dict[str, Any]) -> list[Any] | None:
    """Return the answer that is there already, None if there is none. The newest counts, and older ones go with it."""
    if not (known := _known.get()):
        return None
    question = _question(query, values)
    found = [answers.pop(question) for answers in reversed(known) if question in answers]
    return found[0] if found else None


# What was asked ahead, and nobody has asked for yet: of each `ahead` and `known` that we are within.
_known: ContextVar[tuple[dict[Any, list[Any]], ...]] = ContextVar("known", default=())


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


def insert_or_renew(row: Made, *, unique: str, renewed: str) -> Made:
    """Write a new row, or renew one field of the one that is there already; it gets its key either way."""
    _write([row], OnConflict.UPDATE, (unique,), (renewed,))
    return row


def _write(
    rows: Sequence[Model], conflict: OnConflict | None, unique: tuple[str, ...], renewed: tuple[str, ...]
) -> None:
    connection = connections[DEFAULT_DB_ALIAS]
    model, count = type(rows[0]), len(rows)
    key = (model, count, conflict, unique)
    _kept(connection, key, lambda: _Insert(model, count, conflict, unique, renewed)).run(connection, rows)


@contextmanager
def whole() -> Iterator[None]:
    """Let one statement fail without a trace: it is a transaction by itself, and within one it takes a savepoint."""
    if connections[DEFAULT_DB_ALIAS].in_atomic_block:
        with atomic():
            yield
    else:
        yield


class _Statement:
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


class _Select:
    def __init__(self, queryset: "QuerySet[Any, Any]") -> None:
        compiler = queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
        self.sql, self.holes = _with_constants(*compiler.as_sql())
        self.width = len(compiler.select)
        self._statement = _Statement(self.sql)
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


class _Together:
    """Several queries as one: each of them a table, of one row but for the last, which are joined side by side."""

    def __init__(self, selects: Sequence[_Select], ones_end: int) -> None:
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
        self._statement = _Statement(f"WITH {', '.join(tables)} {_side_by_side(parts + joined[ones_end:])}")

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


class _Update:
    def __init__(self, queryset: "QuerySet[Any, Any]", names: Sequence[str]) -> None:
        self._fields = {name: queryset.model._meta.get_field(name) for name in names}
        query: Any = queryset.query.chain(UpdateQuery)
        query.add_update_values({name: Value(Hole(f"={name}")) for name in names})
        sql, self._params = query.get_compiler(using=DEFAULT_DB_ALIAS).as_sql()
        self._statement = _Statement(sql)

    def run(self, connection: Any, changes: dict[str, Any], values: dict[str, Any]) -> int:
        saved = {f"={name}": _saved(connection, self._fields[name], value) for name, value in changes.items()}
        params = [
            saved[one.name] if isinstance(one, Hole) and one.name in saved else _value(connection, one, values)
            for one in self._params
        ]
        return self._statement.count(connection, params)


class _Insert:
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
        self._statement = _Statement(sql)

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


def _kept(connection: Any, key: Any, make: Callable[[], Any]) -> Any:
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


def _filled(values: list[Any]) -> list[Any]:
    """Return the list in one of a few lengths, so that there are few queries to keep: its end is said again."""
    length = 1
    while length < len(values):
        length *= 2
    return values + values[-1:] * (length - len(values))


def _holes(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [Value(Hole(name, number)) for number in range(len(value))]
    return Value(Hole(name))


def _value(connection: Any, param: Any, values: dict[str, Any]) -> Any:
    """Return what stands in this place of the SQL: one of the values, or what the query itself says."""
    if not isinstance(param, Hole):
        return param
    value = values[param.name] if param.number < 0 else values[param.name][param.number]
    return _plain(connection, value)


def _plain(connection: Any, value: Any) -> Any:
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
    name, plain = field.attname, _plain_types(field)
    is_time = isinstance(field, DateTimeField) and connections[DEFAULT_DB_ALIAS].vendor == "postgresql"
    # Some fields make their value when the row is written.
    is_read = type(field).pre_save is Field.pre_save

    def write(connection: Any, row: Model) -> Any:
        value = getattr(row, name) if is_read else field.pre_save(row, True)
        if value is None or type(value) in plain or (is_time and type(value) is datetime and value.tzinfo is not None):
            return value
        return _saved(connection, field, value)

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


def _saved(connection: Any, field: Any, value: Any) -> Any:
    if value is None or (type(value) in (str, bool) and type(field) in PLAIN):
        return value
    if isinstance(value, Model):
        value = value.pk
    elif isinstance(value, DatabaseDefault):
        value = field.db_default
    return field.get_db_prep_save(value, connection)
