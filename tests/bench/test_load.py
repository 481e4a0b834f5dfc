"""script/bench load leaves what the actions would have left: every row, every column."""

import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, models

from accounts.models import AuditEvent, AuditKind
from bench import databases, world
from bench.load import fill, plan_for
from bench.seeds import DATA_KEYS, REFERENCES, CannotMultiply, multiplied_models
from bench.stories import Teller, start_of
from tickets.models import Ticket

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
# Two whole blocks by SQL and half of a third; each block has all twenty kinds of stories.
TICKETS, BLOCK, PEOPLE = 50, 20, 30

TOKENS = {
    ("Ticket", "number"): re.compile(r"\d{6}"),
    ("OutgoingMail", "message_id"): re.compile(r"<t[0-9a-z]+\.[0-9a-z]+\.[a-z2-7]{16}\.[a-z2-7]{26}(?=@)"),
    ("IncomingMail", "identity"): re.compile(r"[0-9a-f]{64}"),
}

Rows = dict[tuple[str, int, int], dict[str, Any]]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _on_postgresql(transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("the benchmark fills PostgreSQL")


@pytest.fixture
def plan():
    return plan_for(TICKETS, block=BLOCK)


def test_a_load_leaves_the_rows_that_the_actions_leave(plan, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    fill(plan, until=UNTIL, people=PEOPLE, say=lambda what: None)
    loaded = rows_of_all_tickets()
    with connection.cursor() as cursor:
        tables = ", ".join(f'"{model._meta.db_table}"' for model in multiplied_models())
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY")

    teller = Teller(world.found(), start=start_of(UNTIL), step=plan.step, block=BLOCK, seed=plan.seed)
    for number in range(TICKETS):
        teller.tell(number)

    assert differences(loaded, rows_of_all_tickets()) == []
    assert len({number for _model, number, _rank in loaded}) == TICKETS


def test_a_database_that_load_did_not_make_is_never_dropped():
    with pytest.raises(databases.Trouble, match="left alone"):
        databases.drop("postgres")


def test_rows_that_hang_on_no_ticket_stop_the_load(settings, monkeypatch):
    """Such as a table that some later action writes into without a key to a ticket."""
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    tell = Teller.tell

    def tell_and_count(self: Teller, number: int) -> Ticket:
        AuditEvent.objects.create(kind=AuditKind.CHANGED, at=UNTIL)
        return tell(self, number)

    monkeypatch.setattr(Teller, "tell", tell_and_count)

    with pytest.raises(CannotMultiply, match=r"accounts\.AuditEvent"):
        fill(plan_for(2, block=1), until=UNTIL, people=PEOPLE, say=lambda what: None)


def differences(loaded: Rows, told: Rows) -> list[str]:
    """Return in words where the load and the actions do not agree."""
    found = [f"{_name(key)}: only the load has it" for key in loaded.keys() - told.keys()]
    found += [f"{_name(key)}: only the actions leave it" for key in told.keys() - loaded.keys()]
    for key in sorted(loaded.keys() & told.keys()):
        found += [
            f"{_name(key)}: {column} is {loaded[key][column]!r} by the load, {value!r} by the actions"
            for column, value in told[key].items()
            if loaded[key][column] != value
        ]
    return found[:30]


def rows_of_all_tickets() -> Rows:
    """Return (model, ticket, row) → column → value, with keys, tokens and ids of deeds as places among those of the
    ticket; times as they are.
    """
    places: dict[tuple[type[models.Model], int], tuple[int, int]] = {}
    found: Rows = {}
    raw = [(model, list(model._base_manager.order_by("pk").values())) for model in multiplied_models()]
    for model, rows in raw:
        ranks: dict[int, int] = defaultdict(int)
        for n, values in enumerate(rows, start=1):
            number = n if model is Ticket else _ticket_of(model, values, places)
            ranks[number] += 1
            places[model, values["id"]] = (number, ranks[number])
    for model, rows in raw:
        deeds: dict[UUID, int] = {}
        for values in rows:
            key = (model.__name__, *places[model, values["id"]])
            found[key] = {
                column.attname: _plain(model, column, values[column.attname], places, deeds)
                for column in model._meta.local_concrete_fields
                if not column.primary_key
            }
    return found


def _ticket_of(model: type[models.Model], values: dict[str, Any], places: dict[Any, tuple[int, int]]) -> int:
    for column in model._meta.local_concrete_fields:
        if isinstance(column, models.ForeignKey) and (column.related_model, values[column.attname]) in places:
            return places[column.related_model, values[column.attname]][0]
    raise AssertionError(f"{model.__name__} {values['id']} belongs to no ticket")


def _plain(model: type[models.Model], column: Any, value: Any, places: Any, deeds: dict[UUID, int]) -> Any:
    if token := TOKENS.get((model.__name__, column.name)):
        return token.sub("token", value)
    if isinstance(column, models.ForeignKey):
        return places.get((column.related_model, value), value)
    if isinstance(value, UUID):
        return deeds.setdefault(value, len(deeds))
    if isinstance(value, str) and (found := re.fullmatch(r"([a-z]+):(\d+)", value)) and found[1] in REFERENCES:
        return found[1], places[REFERENCES[found[1]], int(found[2])]
    if isinstance(value, dict):
        return {name: _plain_data(name, one, places) for name, one in value.items()}
    return value


def _plain_data(name: str, value: Any, places: Any) -> Any:
    return places[DATA_KEYS[name], value] if name in DATA_KEYS else value


def _name(key: tuple[str, int, int]) -> str:
    model, number, rank = key
    return f"{model} {rank} of ticket {number}"
