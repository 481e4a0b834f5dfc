"""What databases make of many rows, under the name that each of them has for it."""

from typing import Any

from django.db.models import Func, JSONField


class ListOf(Func):
    """All values of a column as one list; of no rows it is empty, or None.

    Not one of Django's aggregates: those group by some column, and here all rows that are found are one group.
    """

    function = "JSONB_AGG"
    arity = 1
    output_field = JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSON_GROUP_ARRAY", **context)
