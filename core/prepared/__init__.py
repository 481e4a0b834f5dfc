"""Queries that are built once and asked again and again: what is asked with every mail and every deed.

Django builds the SQL of a query anew each time it is asked, and PostgreSQL plans it anew; for a look-up by key both
cost several times what finding the row costs. A `Prepared` is a queryset with holes for its values. Its SQL is kept on
the connection, and PostgreSQL keeps the plan (OPTIONS["prepare_threshold"] in the settings). Rows are read every time:
nothing of what they say is kept.
"""

from core.prepared.asking import SOME_TIME, Prepared, Question, ahead, kept_sql, known, stand_in
from core.prepared.writing import (
    MOST_ROWS,
    gathering,
    insert,
    insert_all,
    insert_missing,
    insert_or_renew,
    insert_unless_taken,
    whole,
)

__all__ = [
    "MOST_ROWS",
    "SOME_TIME",
    "Prepared",
    "Question",
    "ahead",
    "gathering",
    "insert",
    "insert_all",
    "insert_missing",
    "insert_or_renew",
    "insert_unless_taken",
    "kept_sql",
    "known",
    "stand_in",
    "whole",
]
