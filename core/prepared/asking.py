"""Querysets with holes for their values, asked one by one or several together."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet, Value

from core.prepared.statements import Hole, Select, Together, Update, kept, plain, value_of

Row = TypeVar("Row")


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
        asked = kept(connection, (self, names), lambda: Update(self._with_holes(values), names))
        done: int = asked.run(connection, changes, values)
        return done

    def _asked(self, connection: Any, values: dict[str, Any]) -> tuple["Select", list[Any]]:
        """Return the query as it is kept, and the values in the order of its places."""
        lists = {name: _filled(value) for name, value in values.items() if isinstance(value, list)}
        values = values | lists
        lengths = tuple(map(len, lists.values()))
        asked: Select = kept(connection, (self, lengths), lambda: Select(self._with_holes(values)))
        return asked, [value_of(connection, hole, values) for hole in asked.holes]

    def _with_holes(self, values: dict[str, Any]) -> "QuerySet[Any, Row]":
        return self._build(**{name: _holes(name, value) for name, value in values.items()})


# A query, and with which values it is asked.
Question = tuple[Prepared[Any], dict[str, Any]]


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
    sql, params = kept(connection, key, lambda: _with_places(connection, build(), given))
    values = {name: plain(connection, value) for name, (_stand_in, value) in given.items()}
    return sql, [values[one.name] if isinstance(one, Hole) else one for one in params]


def _with_places(
    connection: Any, made: tuple[str, Sequence[Any]], given: dict[str, tuple[Any, Any]]
) -> tuple[str, list[Any]]:
    sql, params = made
    places = {plain(connection, stand): Hole(name) for name, (stand, value_of) in given.items()}
    return sql, [places.get(param, param) for param in params]


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
    together = kept(connection, ("together", ones_end, *selects), lambda: Together(selects, ones_end))
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
