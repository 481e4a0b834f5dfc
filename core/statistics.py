"""What the database knows of its tables, so that it chooses the right index."""

from datetime import datetime

from django.db import connection

# So many entries of each index are looked at: a hundredth of a second each, however long the index is.
SAMPLE = 1000


def refresh(at: datetime) -> None:
    """Let SQLite look at a sample of each index. PostgreSQL does by itself (autovacuum).

    Without that SQLite guesses, and reads all closed tickets to find the three of a requester. `PRAGMA optimize` would
    do less: before SQLite 3.46 it looks only at what its own connection asked for.
    """
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA analysis_limit={SAMPLE}")
        cursor.execute("ANALYZE")
