"""The directory of people and organisations: finding them by what one knows of them, a page at a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from django.db.models import F, Model, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Lower, Replace

from accounts.models import Address, Organization, OrganizationDomain, User

Row = TypeVar("Row", bound=Model)

PAGE_SIZE = 25
# Of what is typed into the search no more words are looked at, each no longer than this.
MOST_WORDS = 5
LONGEST_WORD = 100
# Counts in the directory go no further.
COUNT_LIMIT = 1000

_PHONE = re.compile(r"[0-9+()/. -]+", re.ASCII)
_PHONE_SIGNS = "+()/.- "
FEWEST_DIGITS = 4


class Sort(StrEnum):
    NAME = "name"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows in order; `before` and `after` are the keys to go on from, None where nothing is beyond."""

    rows: Sequence[Row]
    before: int | None
    after: int | None


# --- Finding -------------------------------------------------------------------------------------


def people() -> QuerySet[User]:
    """Return everybody who is not anonymised, with organisation and, as `primary_addresses`, the primary address."""
    primary = Prefetch("addresses", queryset=Address.objects.filter(is_primary=True), to_attr="primary_addresses")
    return User.objects.filter(anonymised_at=None).select_related("organization").prefetch_related(primary)


def find_people(text: str, among: QuerySet[User]) -> QuerySet[User]:
    """Return those of whom every word is part of the name, an address or the organisation; or who have that phone."""
    digits = _digits(text)
    if digits:
        return among.exclude(phone="").alias(dialled=_dialled()).filter(dialled__contains=digits)
    for word in _words(text):
        named = contains("name", word)
        reached = Address.objects.filter(email__contains=word.lower()).values("user")
        belongs = Organization.objects.filter(named).values("pk")
        among = among.filter(named | Q(pk__in=reached) | Q(organization__in=belongs))
    return among


def find_organizations(text: str, among: QuerySet[Organization]) -> QuerySet[Organization]:
    """Return the organisations of which every word is part of the name or of a domain."""
    for word in _words(text):
        owners = OrganizationDomain.objects.filter(domain__contains=word.lower()).values("organization")
        among = among.filter(contains("name", word) | Q(pk__in=owners))
    return among


def count(rows: QuerySet[Any]) -> int:
    """Return how many there are, counted no further than COUNT_LIMIT."""
    return len(rows.order_by().values_list("pk")[:COUNT_LIMIT])


def counted(found: QuerySet[Row], among: QuerySet[Row], text: str) -> tuple[QuerySet[Row], int]:
    """Return what was found, and how many that are, counted no further than COUNT_LIMIT.

    Looking for a word may read every name once. Few rows are then kept by their keys, so that putting them in order
    does not read all again; many are found at once, in whatever order.
    """
    if not text:
        return found, count(found)
    keys = list(found.order_by().values_list("pk", flat=True)[:COUNT_LIMIT])
    return (among.filter(pk__in=keys) if len(keys) < COUNT_LIMIT else found), len(keys)


def _words(text: str) -> list[str]:
    return [word[:LONGEST_WORD] for word in text.replace("\x00", "").split()[:MOST_WORDS]]


def contains(field: str, word: str) -> Q:
    """Compare without regard to case, also where the database knows the cases of ASCII alone (SQLite)."""
    spellings = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
    found = Q()
    for spelling in sorted(spellings):
        found |= Q(**{f"{field}__icontains": spelling})
    return found


def _digits(text: str) -> str:
    """Return the digits of what looks like a phone number, else ""."""
    digits = "".join(sign for sign in text if sign.isdecimal())
    return digits if _PHONE.fullmatch(text.strip()) and len(digits) >= FEWEST_DIGITS else ""


def _dialled() -> Any:
    """Return the phone number without the signs that people put between its digits."""
    number: Any = F("phone")
    for sign in _PHONE_SIGNS:
        number = Replace(number, Value(sign), Value(""))
    return number


# --- Pages ---------------------------------------------------------------------------------------


def read_page(
    rows: QuerySet[Row],
    sort: Sort,
    *,
    after: int | None = None,
    before: int | None = None,
    size: int = PAGE_SIZE,
    named: str = "name",
) -> Page[Row]:
    """Return the page after or before the row of that key; the first one for a key that is not known any more.

    `named` is the field of the rows' names.
    """
    if sort == Sort.NEWEST:
        return _cut(rows, after, before, size, lambda some, key, back: _by_key(some, key, back))
    return _cut(rows, after, before, size, lambda some, key, back: _by_name(some, key, back, named))


def _cut(rows: QuerySet[Row], after: int | None, before: int | None, size: int, beyond: Any) -> Page[Row]:
    is_back = before is not None
    key = before if is_back else after
    found = list(beyond(rows, key, is_back)[: size + 1])
    has_more = len(found) > size
    found = found[:size]
    if is_back:
        found.reverse()
    if not found:
        return Page([], None, None) if key is None else _cut(rows, None, None, size, beyond)
    is_first = not has_more if is_back else key is None
    is_last = False if is_back else not has_more
    return Page(found, None if is_first else found[0].pk, None if is_last else found[-1].pk)


def _by_key(rows: QuerySet[Any], key: int | None, is_back: bool) -> QuerySet[Any]:
    rows = rows.order_by("pk" if is_back else "-pk")
    if key is None:
        return rows
    return rows.filter(pk__gt=key) if is_back else rows.filter(pk__lt=key)


def _by_name(rows: QuerySet[Any], key: int | None, is_back: bool, named: str) -> QuerySet[Any]:
    rows = rows.alias(sorted_name=Lower(named))
    rows = rows.order_by("-sorted_name", "-pk") if is_back else rows.order_by("sorted_name", "pk")
    if key is None:
        return rows
    # As the database lowers it, which is not always as Python does.
    name = rows.model._base_manager.filter(pk=key).values_list(Lower(named), flat=True).first()
    if name is None:
        return rows.none()
    way = "lt" if is_back else "gt"
    # The first condition alone is a range of the index; the second takes the ties apart.
    return rows.filter(
        Q(**{f"sorted_name__{way}e": name}), Q(**{f"sorted_name__{way}": name}) | Q(**{f"pk__{way}": key})
    )
