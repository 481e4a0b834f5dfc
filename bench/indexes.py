"""Taking indexes and keys off tables before they are filled, and putting them back: PostgreSQL's own words for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True)
class Constraint:
    table: str
    name: str
    kind: str  # p, u, f: primary, unique, foreign
    definition: str


@dataclass(frozen=True)
class TakenOff:
    constraints: list[Constraint]
    indexes: list[str]

    def put_back(self, say: Callable[[str], None]) -> None:
        """Build everything anew; rows that break a rule raise IntegrityError."""
        with connection.cursor() as cursor:
            for index in self.indexes:
                cursor.execute(index)
            for one in (c for c in self.constraints if c.kind != "f"):
                cursor.execute(f'ALTER TABLE {one.table} ADD CONSTRAINT "{one.name}" {one.definition}')
            say(f"indexes: {len(self.indexes) + sum(c.kind != 'f' for c in self.constraints)}")
            keys = [c for c in self.constraints if c.kind == "f"]
            for table in dict.fromkeys(c.table for c in keys):
                added = ", ".join(f'ADD CONSTRAINT "{c.name}" {c.definition}' for c in keys if c.table == table)
                cursor.execute(f"ALTER TABLE {table} {added}")
            say(f"foreign keys: {len(keys)}")


def take_off(tables: Sequence[str]) -> TakenOff:
    """Take indexes and keys off these tables. Checks stay: they cost little, and look at each row as it comes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype IN ('p', 'u', 'f') AND (conrelid = ANY(%s::regclass[]) OR confrelid = ANY(%s::regclass[])) "
            # Keys lean on what is unique in other tables, so they go first.
            "ORDER BY contype <> 'f', conname",
            [list(tables), list(tables)],
        )
        constraints = [Constraint(*row) for row in cursor.fetchall()]
        for one in constraints:
            cursor.execute(f'ALTER TABLE {one.table} DROP CONSTRAINT "{one.name}"')
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE indrelid = ANY(%s::regclass[]) ORDER BY 1",
            [list(tables)],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
    return TakenOff(constraints, [definition for _name, definition in indexes])
