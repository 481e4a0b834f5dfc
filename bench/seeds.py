"""Seeds: the rows of one block as the actions left them, with holes where other blocks have other values.

Nothing is known here of what the columns mean: keys to rows that are multiplied too are found by the models, and
times, numbers, addresses and references by their looks. What cannot be multiplied raises CannotMultiply, by name.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models

from accounts.models import Address, Organization, User
from mail.models import IncomingMail
from tickets.models import Ticket, TicketClock

# What a text refers to by key: "mail:17".
REFERENCES: dict[str, type[models.Model]] = {"mail": IncomingMail, "clock": TicketClock}
# The same in an event's data.
DATA_KEYS: dict[str, type[models.Model]] = {"clock": TicketClock, "follows": Ticket}

_REFERENCE = re.compile(rf"({'|'.join(REFERENCES)}):(\d+)")
_LABEL = re.compile(r"NR-(\d{8})")
_PERSON = re.compile(r"person\d{5}@")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


class CannotMultiply(Exception):
    """The loader does not know how to make more rows like these; `str()` says which, and what to do."""


@dataclass
class Cell:
    """A text with its holes: {t0}, {t1}… for moments, {k0}… for keys of rows that are multiplied.

    `strides` has how many rows there are in a block of what each key is about.
    """

    text: str
    moments: list[datetime] = field(default_factory=list)
    keys: list[tuple[type[models.Model], int]] = field(default_factory=list)
    strides: list[int] = field(default_factory=list)


@dataclass
class Seed:
    """One row: `place` is its ticket's in the block, `seat` its own among the rows of its model, from 1."""

    place: int
    seat: int
    values: dict[str, Any]


@dataclass
class Table:
    model: type[models.Model]
    rows: list[Seed]

    @property
    def fields(self) -> "list[models.Field[Any, Any]]":
        return list(self.model._meta.local_concrete_fields)


def multiplied_models() -> list[type[models.Model]]:
    """Return Ticket and every model with a key to it, or to one that has, each behind those it needs."""
    found: list[type[models.Model]] = [Ticket]
    candidates = [one for one in apps.get_models(include_auto_created=True) if not one._meta.proxy]
    while fresh := [one for one in candidates if one not in found and any(_keys_to(one, found))]:
        found += fresh
    ordered: list[type[models.Model]] = []
    while left := [one for one in found if one not in ordered]:
        free = [one for one in left if all(to in ordered or to is one for _field, to in _keys_to(one, found))]
        ordered += free or left[:1]
    return ordered


def _keys_to(
    model: type[models.Model], targets: Sequence[type[models.Model]]
) -> "Iterator[tuple[models.Field[Any, Any], type[models.Model]]]":
    for key in model._meta.local_concrete_fields:
        if isinstance(key, models.ForeignKey) and key.related_model in targets:
            yield key, key.related_model


class Reader:
    """Reads a block of tickets, `numbers` of which (a ticket's number → its place) were told first and alone."""

    def __init__(self, places: dict[int, int], people: Sequence[Address]) -> None:
        self.places, self.people = places, people
        self.models = multiplied_models()
        self.seats: dict[tuple[type[models.Model], int], int] = {}
        self.deeds: dict[UUID, int] = {}

    def read(self) -> list[Table]:
        """Return all tables with their rows in the order of the tickets."""
        of: dict[tuple[type[models.Model], int], int] = {(Ticket, pk): place for pk, place in self.places.items()}
        raw: list[tuple[type[models.Model], list[tuple[int, int, dict[str, Any]]]]] = []
        for model in self.models:
            rows = []
            for values in model._base_manager.order_by("pk").values():
                pk = values[model._meta.pk.attname]
                if (model, pk) not in of:
                    of[model, pk] = self._place(model, pk, values, of)
                rows.append((of[model, pk], pk, values))
            rows.sort(key=lambda row: row[:2])
            self.seats |= {(model, pk): seat for seat, (_place, pk, _values) in enumerate(rows, start=1)}
            raw.append((model, rows))
        return [
            Table(
                model,
                [Seed(place, self.seats[model, pk], self._cells(model, place, values)) for place, pk, values in rows],
            )
            for model, rows in raw
        ]

    def _place(
        self,
        model: type[models.Model],
        pk: int,
        values: dict[str, Any],
        of: dict[tuple[type[models.Model], int], int],
    ) -> int:
        for key, to in _keys_to(model, self.models):
            if values[key.attname] is not None and (to, values[key.attname]) in of:
                return of[to, values[key.attname]]
        raise CannotMultiply(f"{model._meta.label} {pk} hangs on no ticket of the block.")

    def _cells(self, model: type[models.Model], place: int, values: dict[str, Any]) -> dict[str, Any]:
        person = self.people[place % len(self.people)]
        cells: dict[str, Any] = {}
        for column in model._meta.local_concrete_fields:
            value = values[column.attname]
            where = f"{model._meta.label}.{column.name}"
            if isinstance(column, models.ForeignKey) and column.related_model is Organization:
                # Of who belongs to none, "none" is theirs too.
                cells[column.attname] = -1 if value == person.user.organization_id else value
            elif value is None or column.primary_key:
                cells[column.attname] = None
            elif isinstance(column, models.ForeignKey):
                cells[column.attname] = self._key(column.related_model, value, person)
            elif isinstance(value, UUID):
                cells[column.attname] = self.deeds.setdefault(value, len(self.deeds))
            elif isinstance(column, models.JSONField):
                cells[column.attname] = self._data(value, where)
            elif isinstance(value, str):
                cells[column.attname] = self._text(value, place, person, where)
            else:
                cells[column.attname] = value
        return cells

    def _key(self, to: Any, value: int, person: Address) -> int:
        """Return the seat of what is multiplied, the key of what stays, and -1 for whose ticket it is."""
        if to in self.models:
            return self.seats[to, value]
        own = {User: person.user_id, Address: person.pk}
        return -1 if own.get(to) == value else value

    def _text(self, value: str, place: int, person: Address, where: str) -> Cell:
        if found := _REFERENCE.fullmatch(value):
            target = REFERENCES[found[1]]
            return Cell(f"{found[1]}:{{k0}}", keys=[(target, self.seats[target, int(found[2])])])
        for label in _LABEL.findall(value):
            if int(label) != place + 1:
                raise CannotMultiply(f"{where} of ticket {place} names another ticket: {value[:60]!r}")
        text = _LABEL.sub("{label}", value).replace(person.email, "{email}")
        if _PERSON.search(text):
            raise CannotMultiply(f"{where} of ticket {place} names somebody else: {value[:60]!r}")
        return Cell(text)

    def _data(self, value: Any, where: str) -> Cell:
        cell = Cell("")

        def hollow(one: Any, name: str = "") -> Any:
            if isinstance(one, dict):
                return {key: hollow(inner, key) for key, inner in one.items()}
            if isinstance(one, list):
                return [hollow(inner, name) for inner in one]
            if isinstance(one, str) and (found := _MOMENT.fullmatch(one)):
                if found[1]:
                    raise CannotMultiply(f"{where}: {name} has fractions of a second.")
                cell.moments.append(datetime.fromisoformat(one))
                return f"{{t{len(cell.moments) - 1}}}"
            if isinstance(one, int) and name in DATA_KEYS:
                cell.keys.append((DATA_KEYS[name], self.seats[DATA_KEYS[name], one]))
                return f"{{k{len(cell.keys) - 1}}}"
            return one

        cell.text = re.sub(r'"(\{k\d+\})"', r"\1", json.dumps(hollow(value)))
        return cell
