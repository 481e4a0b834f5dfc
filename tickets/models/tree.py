"""Rows that stand below others of their kind, such as "Parent / Child": their paths and order, and what fits where."""

from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import Case, CharField, F, Q, Value, When
from django.db.models.expressions import Combinable, OrderBy
from django.db.models.functions import Coalesce, Concat, Lower
from django.utils.translation import gettext as _

from core.models import SiteSettings

# Parent, child and grandchild. The queries below are written out for so many.
LEVELS = 3
SEPARATOR = " / "
# What to read along with a row for its path to ask nothing.
ABOVE = "parent__parent"

Row = TypeVar("Row", bound=models.Model)


class Nested(models.Model):
    """Has a `name` and a `parent` of its own kind."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.path

    @property
    def path(self) -> str:
        """Return the names from the top down, as agents and administrators read them."""
        return SEPARATOR.join(row.name for row in self.line())

    def line(self) -> list[Any]:
        """Return the rows from the top down to this one."""
        line: list[Any] = [self]
        # A bound besides the end: rows that lead in a circle must not hang a page.
        while (parent := line[0].parent) is not None and len(line) < LEVELS:
            line.insert(0, parent)
        return line


class NestedQuerySet(models.QuerySet[Row]):
    def with_path(self) -> Self:
        """Read along what a row's path is made of."""
        return self.select_related(ABOVE)

    def in_order(self, *, by_position: bool = False) -> Self:
        """A parent, then what is below it; brothers and sisters by name, or as they were arranged."""
        # The key takes equal names apart, so that nothing comes between a parent and what is below it.
        keys = ["position", "name", "pk"] if by_position else ["name", "pk"]
        top = [Coalesce(_key(f"parent__parent__{key}"), _key(f"parent__{key}"), _key(key)) for key in keys]
        has_two, has_one = Q(parent__parent__isnull=False), Q(parent__isnull=False)
        middle = [Case(When(has_two, then=_key(f"parent__{key}")), When(has_one, then=_key(key))) for key in keys]
        bottom = [Case(When(has_two, then=_key(key))) for key in keys]
        return self.order_by(*(OrderBy(key, nulls_first=True) for key in (*top, *middle, *bottom)))

    def found_by(self, text: str) -> Self:
        """Rows in whose path the text stands."""
        return self.alias(found_path=path_of()).filter(found_path__icontains=text)


def path_of(prefix: str = "") -> Case:
    """Return the path of a row as the database tells it; `prefix` leads to the row, such as "department__"."""
    own, parent, top = (F(f"{prefix}{'parent__' * level}name") for level in range(LEVELS))
    return Case(
        When(
            **{f"{prefix}parent__parent__isnull": False},
            then=Concat(top, Value(SEPARATOR), parent, Value(SEPARATOR), own),
        ),
        When(**{f"{prefix}parent__isnull": False}, then=Concat(parent, Value(SEPARATOR), own)),
        default=own,
        output_field=CharField(),
    )


def why_not_below(row: Any, parent: Any) -> str | None:
    """Return why `row` cannot be put below `parent`, in one sentence; None if it can.

    To be asked within the transaction that puts it there: until that ends no other one is put anywhere.
    """
    SiteSettings.objects.select_for_update().get(pk=1)
    rows = type(row)._default_manager
    above = [parent.pk]
    while len(above) <= LEVELS and (higher := rows.filter(pk=above[-1]).values_list("parent", flat=True).first()):
        above.append(higher)
    if row.pk is not None and row.pk in above:
        if row.pk == parent.pk:
            return _("“%(name)s” cannot be below itself.") % {"name": row.name}
        return _("“%(parent)s” is below “%(name)s” already, so it cannot be above it.") % {
            "parent": parent.name,
            "name": row.name,
        }
    if len(above) + 1 + _levels_below(rows, row) > LEVELS:
        return _("This would be more than %(count)s levels. Choose something further up.") % {"count": LEVELS}
    return None


def _levels_below(rows: Any, row: Any) -> int:
    if row.pk is None:
        return 0
    ways = ["__".join(["parent"] * level) for level in range(1, LEVELS)]
    return sum(rows.filter(**{way: row.pk}).exists() for way in ways)


def _key(name: str) -> Combinable:
    return Lower(name) if name.endswith("name") else F(name)
