"""Pages by key: what stands beyond a row, in an order that an index holds. No page costs more than the first."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """Some rows in order, and the keys behind which the pages on either side begin (None where there is none)."""

    rows: list[Row]
    before: int | None
    after: int | None


def read_slice(
    rows: "QuerySet[Row]",
    *,
    field: str,
    size: int,
    falls: bool = False,
    after: int | None = None,
    before: int | None = None,
) -> Slice[Row]:
    """Return the rows behind the row of key `after`, or those just ahead of `before`, else the first ones.

    Ordered by `field`, which is never null, then by key. A key that leads nowhere, and a page that came out short
    going back, lead to the first page.
    """
    if before is not None and (place := _place(rows, field, before)):
        found = list(_beyond(rows, field, not falls, place)[: size + 1])
        if len(found) > size:
            page = found[:size][::-1]
            return Slice(page, page[0].pk, page[-1].pk)
    place = _place(rows, field, after) if after is not None else None
    found = list(_beyond(rows, field, falls, place)[: size + 1])
    if place and not found:
        return read_slice(rows, field=field, size=size, falls=falls)
    page = found[:size]
    return Slice(page, page[0].pk if place else None, page[-1].pk if len(found) > size else None)


def _place(rows: "QuerySet[Row]", field: str, key: int) -> tuple[Any, int] | None:
    found: tuple[Any, int] | None = rows.model._base_manager.filter(pk=key).values_list(field, "pk").first()
    return found


def _beyond(rows: "QuerySet[Row]", field: str, falls: bool, place: tuple[Any, int] | None) -> "QuerySet[Row]":
    sign, way = ("-", "lt") if falls else ("", "gt")
    rows = rows.order_by(f"{sign}{field}", f"{sign}pk")
    if place is None:
        return rows
    value, key = place
    # The first condition alone is a range of the index; the second takes the ties apart.
    return rows.filter(Q(**{f"{field}__{way}e": value}), Q(**{f"{field}__{way}": value}) | Q(**{f"pk__{way}": key}))
