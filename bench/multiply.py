"""From the seeds of one block to the rows of all blocks: one INSERT … SELECT per table and some blocks.

A key to a multiplied row is its seat in the block, and further on by as many rows as a block has of its table. Moments
move on by the same step with each block; people take turns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, models

from accounts.models import Address
from bench.seeds import CannotMultiply, Cell, Seed, Table
from mail.models import IncomingMail, OutgoingMail
from tickets.models import PAUSED, Ticket

SCHEMA = "bench"
# So many rows are sorted and written by one statement.
AT_ONCE = 40_000
# Of the numbers of a length so many are given before longer ones are, about where tries begin to fail.
CROWDED = 0.93
# Coprime to every power of ten: all numbers of a length are met before one comes again.
SPREAD = 7_654_321

# What else is unique, or secret, in a row: {n} is the ticket's number in the load, from 1, {k} the row's key. The
# Message-IDs look like ours but are signed by nobody.
BASE32 = "translate(md5({0}), '0189', 'wxyz')"
TOKENS: dict[tuple[type[models.Model], str], str] = {
    (OutgoingMail, "message_id"): (
        "'<t' || to_hex({n}) || '.' || to_hex({k}) || '.' || substr("
        + BASE32.format("'{seed}:nonce:' || {k}")
        + ", 1, 16) || '.' || substr("
        + BASE32.format("'{seed}:mac:' || {k}")
        + ", 1, 26) || '@' || split_part(rtrim(s.message_id, '>'), '@', 2) || '>'"
    ),
    (IncomingMail, "identity"): "encode(sha256(convert_to('{seed}:identity:' || {k}, 'UTF8')), 'hex')",
}


@dataclass(frozen=True)
class Plan:
    """How many tickets in blocks of which size, and how far one block is from the next."""

    tickets: int
    block: int
    step: timedelta
    seed: int

    @property
    def whole(self) -> int:
        return self.tickets // self.block

    @property
    def rest(self) -> int:
        return self.tickets % self.block


class Multiplier:
    """Writes the rows of all blocks into empty tables. Everything runs in the caller's transaction."""

    def __init__(self, plan: Plan, tables: Sequence[Table], people: Sequence[Address]) -> None:
        self.plan, self.tables, self.people = plan, tables, people
        self.stride = {table.model: len(table.rows) for table in tables}

    def run(self, say: Callable[[str], None]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        self._put_people()
        for table in self.tables:
            if table.rows:
                self._put_seeds(table)
                say(f"{table.model._meta.verbose_name_plural}: {self._grow(table):,}")
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA {SCHEMA} CASCADE")

    # --- Seeds into tables of their own ------------------------------------------------------------

    def _put_people(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {SCHEMA}.people (turn bigint, u bigint, a bigint, o bigint, email text)")
            cursor.executemany(
                f"INSERT INTO {SCHEMA}.people VALUES (%s, %s, %s, %s, %s)",
                [
                    (turn, one.user_id, one.pk, one.user.organization_id, one.email)
                    for turn, one in enumerate(self.people)
                ],
            )
            cursor.execute(f"ANALYZE {SCHEMA}.people")

    def _put_seeds(self, table: Table) -> None:
        columns = self._columns(table)
        name = self._name(table)
        with connection.cursor() as cursor:
            types = ", ".join(f"{connection.ops.quote_name(column)} {kind}" for column, kind in columns.items())
            cursor.execute(f"CREATE TABLE {name} (_place integer, _seat bigint, {types})")
            marks = ", ".join(["%s"] * (len(columns) + 2))
            cursor.executemany(
                f"INSERT INTO {name} VALUES ({marks})",
                [(row.place, row.seat, *_flat(row, columns)) for row in table.rows],
            )
            cursor.execute(f"ANALYZE {name}")

    def _columns(self, table: Table) -> dict[str, str]:
        """Return column → type; a cell with holes takes several: its text, its moments, keys and their strides."""
        columns: dict[str, str] = {}
        for column in table.fields:
            cells = [row.values[column.attname] for row in table.rows]
            texts = [one for one in cells if isinstance(one, Cell)]
            if texts:
                columns[column.attname] = "text"
                for n in range(max(len(one.moments) for one in texts)):
                    columns[f"{column.attname}__t{n}"] = "timestamptz"
                for n in range(max(len(one.keys) for one in texts)):
                    columns[f"{column.attname}__k{n}"] = columns[f"{column.attname}__s{n}"] = "bigint"
            elif isinstance(column, models.UUIDField):
                columns[column.attname] = "bigint"
            else:
                kind = column.db_type(connection)
                assert kind is not None
                columns[column.attname] = kind.partition(" GENERATED")[0]
        for row in table.rows:
            for cell in row.values.values():
                if isinstance(cell, Cell):
                    cell.strides = [self.stride[model] for model, _seat in cell.keys]
        return columns

    @staticmethod
    def _name(table: Table) -> str:
        return f"{SCHEMA}.{connection.ops.quote_name(table.model._meta.db_table)}"

    # --- Rows ------------------------------------------------------------------------------------

    def _grow(self, table: Table) -> int:
        meta = table.model._meta
        quote = connection.ops.quote_name
        columns = ", ".join(quote(str(column.column)) for column in table.fields)
        values = ", ".join(self._value(table, column) for column in table.fields)
        statement = (
            f"INSERT INTO {quote(meta.db_table)} ({columns}) SELECT {values} "
            f"FROM generate_series(%s::bigint, %s::bigint) AS b "
            f"CROSS JOIN LATERAL (SELECT b * interval '{int(self.plan.step.total_seconds())} seconds' AS by) AS moved "
            f"CROSS JOIN {self._name(table)} AS s "
            f"JOIN {SCHEMA}.people AS p ON p.turn = (s._place + b * {self.plan.block}) %% {len(self.people)} "
            f"WHERE b < {self.plan.whole} OR s._place < {self.plan.rest} "
            f"ORDER BY b, s._seat"
        )
        at_once = max(1, AT_ONCE // len(table.rows))
        written = 0
        with connection.cursor() as cursor:
            for first in range(0, self.plan.whole + 1, at_once):
                cursor.execute(statement, [first, min(first + at_once - 1, self.plan.whole)])
                written += cursor.rowcount
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s)",
                [meta.db_table, meta.pk.column, max(written, 1)],
            )
        return written

    def _value(self, table: Table, column: "models.Field[Any, Any]") -> str:
        """Return the expression for a column; {b} blocks further on than the seed."""
        cells = [row.values[column.attname] for row in table.rows]
        seed = f"s.{connection.ops.quote_name(column.attname)}"
        ticket, key = f"(s._place + b * {self.plan.block} + 1)", f"(s._seat + b * {len(table.rows)})"
        if column.primary_key:
            return key
        if (token := TOKENS.get((table.model, column.name))) is not None:
            return token.format(n=ticket, k=key, seed=self.plan.seed)
        if table.model is Ticket and column.name == "number":
            return _number_of(ticket)
        if isinstance(column, models.ForeignKey):
            return self._key(column, seed)
        if isinstance(column, models.UUIDField):
            return f"md5('{self.plan.seed}:' || b || ':' || {seed})::uuid"
        if isinstance(column, models.DateTimeField):
            far = any(one is not None and one >= PAUSED for one in cells)
            moved = f"{seed} + moved.by"
            return f"CASE WHEN {seed} >= '{PAUSED:%Y-%m-%d}' THEN {seed} ELSE {moved} END" if far else moved
        if isinstance(column, models.DateField | models.TimeField) or any(isinstance(one, UUID) for one in cells):
            raise CannotMultiply(f"{table.model._meta.label}.{column.name}: bench.multiply has no rule for it.")
        texts = [one for one in cells if isinstance(one, Cell)]
        return self._text(column, seed, texts, ticket) if texts else seed

    def _key(self, column: "models.ForeignKey[Any, Any]", seed: str) -> str:
        to: Any = column.related_model
        if to in self.stride:
            return f"{seed} + b * {self.stride[to]}"
        own = {"User": "p.u", "Address": "p.a", "Organization": "p.o"}.get(to.__name__)
        return f"CASE WHEN {seed} = -1 THEN {own} ELSE {seed} END" if own else seed

    def _text(self, column: "models.Field[Any, Any]", seed: str, cells: Sequence[Cell], ticket: str) -> str:
        value, name = seed, column.attname
        if any("{label}" in one.text for one in cells):
            value = f"replace({value}, '{{label}}', 'NR-' || lpad({ticket}::text, 8, '0'))"
        if any("{email}" in one.text for one in cells):
            value = f"replace({value}, '{{email}}', p.email)"
        for n in range(max(len(one.moments) for one in cells)):
            moment = f"""to_char((s."{name}__t{n}" + moved.by) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')"""
            value = f"replace({value}, '{{t{n}}}', coalesce({moment}, ''))"
        for n in range(max(len(one.keys) for one in cells)):
            key = f"""(s."{name}__k{n}" + b * s."{name}__s{n}")::text"""
            value = f"replace({value}, '{{k{n}}}', coalesce({key}, ''))"
        return f"({value})::jsonb" if isinstance(column, models.JSONField) else value


def _flat(row: Seed, columns: dict[str, str]) -> list[Any]:
    """Return the row's values in the order of the columns, the parts of cells with holes each in its own."""
    values: dict[str, Any] = {}
    for name, value in row.values.items():
        if not isinstance(value, Cell):
            values[name] = value
            continue
        values[name] = value.text
        values |= {f"{name}__t{n}": moment for n, moment in enumerate(value.moments)}
        values |= {f"{name}__k{n}": seat for n, (_model, seat) in enumerate(value.keys)}
        values |= {f"{name}__s{n}": stride for n, stride in enumerate(value.strides)}
    return [values.get(column) for column in columns]


def _number_of(ticket: str) -> str:
    """Return the expression for a ticket's number: six random-looking digits, more once these are crowded."""
    cases, before = "", 0
    for digits in range(6, 10):
        space = 9 * 10 ** (digits - 1)
        room = int(space * CROWDED)
        number = f"({10 ** (digits - 1)} + ({ticket} - {before}) * {SPREAD} %% {space})::text"
        cases += f"WHEN {ticket} <= {before + room} THEN {number} "
        before += room
    return f"CASE {cases}END"
