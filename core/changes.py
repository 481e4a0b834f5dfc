"""What a page of the administration changed: a row and what belongs to it, before and after.

Only what says nothing about people is kept: an audit log is never erased. Numbers, times, choices and keys are; words
are kept of the fields that a page names in `audited_words`, and of all others only that they changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from django.db import models
from django.forms.models import _get_foreign_key  # what inlines use themselves
from django.http import HttpRequest

# Field → (old, new). Of what is not kept both are None.
Changes = Mapping[str, tuple[Any, Any]]


class Change(StrEnum):
    """What a page can do to a row; the values are those of accounts.AuditKind."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    ARCHIVED = "archived"
    RESTORED = "restored"
    RIGHTS = "rights"
    PASSWORD = "password"  # noqa: S105 - a word
    EXPORTED = "exported"


class Recorder(Protocol):
    def __call__(self, change: Change, *, request: HttpRequest, row: models.Model, changes: Changes) -> None: ...


class Page(Protocol):
    """What is asked of an admin page."""

    @property
    def model(self) -> Any: ...
    @property
    def inlines(self) -> Any: ...
    @property
    def audited_words(self) -> Any: ...
    @property
    def audited_relations(self) -> Any: ...


_recorders: list[Recorder] = []


def hand_over(recorder: Recorder) -> None:
    """Name the function that writes the log. Called once, when the apps are ready."""
    _recorders[:] = [recorder]


def record(change: Change, *, request: HttpRequest, row: models.Model, changes: Changes | None = None) -> None:
    """Write what was done to the row into the log, in the transaction of the change itself."""
    for recorder in _recorders:
        recorder(change, request=request, row=row, changes=changes or {})


@dataclass(frozen=True, slots=True)
class Withheld:
    """A value that is compared and never kept."""

    value: Any


Snapshot = dict[str, Any]


def snapshot(page: Page, pk: Any, *, lock: bool = False) -> Snapshot | None:
    """Return the row as it stands in the database, with the rows that its page edits; None if there is none.

    Rows of a table within the page are named "relation:key". `lock` keeps others from changing the row meanwhile.
    """
    rows = page.model._base_manager.filter(pk=pk)
    if lock:
        rows = rows.select_for_update(no_key=True)
    row = rows.first()
    if row is None:
        return None
    shot = _values(row, page.audited_words)
    for many in row._meta.local_many_to_many:
        shot[many.name] = _keys(row, many.name)
    for name in page.audited_relations:
        shot[name] = _keys(row, name)
    for inline in page.inlines:
        shot |= _rows_within(row, inline)
    return shot


def differences(before: Snapshot, after: Snapshot) -> Changes:
    """Return what is not the same, in the order of the fields."""
    found: dict[str, tuple[Any, Any]] = {}
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if old != new:
            found[name] = (_kept(old), _kept(new))
    return found


def filled_in(row: models.Model, shot: Snapshot) -> Snapshot:
    """Return what somebody gave a row that was made or is deleted: neither empty nor set by the program.

    That a password was given goes without saying: whoever has none has one that fits nothing.
    """
    silent = {field.name for field in row._meta.concrete_fields if not field.editable} | {"password"}
    return {name: value for name, value in shot.items() if name not in silent and not _is_empty(value)}


def _is_empty(value: Any) -> bool:
    return (value.value if isinstance(value, Withheld) else value) in (None, "", False, [], {})


def _values(row: models.Model, words: Iterable[str], *, without: str = "") -> Snapshot:
    shot = {}
    for field in row._meta.concrete_fields:
        is_stamp = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
        if field.primary_key or is_stamp or field.name in {without, "last_login"}:
            continue
        shot[field.name] = _plain(field, getattr(row, field.attname), field.name in words)
    return shot


def _plain(field: Any, value: Any, is_named: bool) -> Any:
    """Return the value as JSON can hold it, or Withheld."""
    if value is None or isinstance(value, bool | int | float) or field.is_relation:
        return value
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value if is_named or field.choices else Withheld(value)


def _keys(row: models.Model, relation: str) -> list[int]:
    return sorted(getattr(row, relation).order_by().values_list("pk", flat=True))


def _rows_within(row: models.Model, inline: Any) -> Snapshot:
    if not inline.audited:
        return {}
    key = _get_foreign_key(type(row), inline.model, fk_name=inline.fk_name)
    rows = inline.model._base_manager.filter(**{key.name: row.pk}).order_by("pk")
    relation = key.remote_field.get_accessor_name()
    return {f"{relation}:{each.pk}": _values(each, inline.audited_words, without=key.name) for each in rows}


def _kept(value: Any) -> Any:
    if isinstance(value, Withheld):
        return None
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if not isinstance(each, Withheld)}
    return value
