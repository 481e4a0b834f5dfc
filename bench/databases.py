"""The databases of the benchmark: made, marked as its own, and dropped; and the settings with which they are used."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

SERVER = "postgresql://postgres@127.0.0.1:5432"
MARK = "made by script/bench"
ENCODING = "ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
LOOPBACK = {"", "localhost", "127.0.0.1", "::1"}
# Workers of a query are processes of their own, which nobody could count afterwards.
SETTINGS = "options=-c%20jit%3Doff%20-c%20max_parallel_workers_per_gather%3D0"
# A shell's settings of a running help desk are not the benchmark's. REDIS_URL is: it may be measured with and without.
NOT_KEPT = {"HELPDESK_DEMO", "HELPDESK_STATIC", "PUBLIC_URL", "MAIL_FROM", "TRUSTED_PROXIES", "DEBUG"}
ROOT = Path(__file__).resolve().parent.parent


class Trouble(Exception):
    """What stops the benchmark, as one sentence for the person who started it."""


def server() -> str:
    """Return the address of the PostgreSQL server: that of DATABASE_URL, else the one on this machine."""
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgres"):
        return SERVER
    parts = urlsplit(given)
    return f"{parts.scheme}://{parts.netloc}"


def require_local() -> None:
    """Raise Trouble if the server's processes cannot be looked at from here."""
    host = urlsplit(server()).hostname or ""
    if host not in LOOPBACK:
        raise Trouble(
            f"the PostgreSQL server is on {host}; its CPU time can be measured on the machine that it runs on only."
        )


def require_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,50}", name):
        raise Trouble(f"{name!r} is no name for a database; take small letters, digits and underscores.")
    return name


def environ(name: str, *, waits_for_disk: bool = True) -> dict[str, str]:
    """Return the environment of a process that uses this database. No mail leaves: nobody listens where it would go."""
    settings = SETTINGS if waits_for_disk else f"{SETTINGS}%20-c%20synchronous_commit%3Doff"
    kept = {key: value for key, value in os.environ.items() if key not in NOT_KEPT}
    return kept | {
        "DATABASE_URL": f"{server()}/{require_name(name)}?{settings}",
        "HELPDESK_DATA": str(ROOT / "var" / "bench" / name),
        "MAIL_URL": "smtp://127.0.0.1:9",
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
    }


def create(name: str, *, replace: bool) -> None:
    """Make an empty database. Raises Trouble if there is one: with `replace` it is dropped, if it is one of ours."""
    with _connect() as connection:
        if exists(name):
            if not replace:
                raise Trouble(f"there is a database {name} already; --replace drops it first.")
            drop(name)
        # The same order of texts wherever it runs.
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 {}").format(sql.Identifier(name), sql.SQL(ENCODING))
        )
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(MARK)))


def drop(name: str) -> None:
    """Drop a database that script/bench made. Raises Trouble for any other."""
    with _connect() as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if found is None:
            raise Trouble(f"there is no database {name}.")
        if found[0] != MARK:
            raise Trouble(f"the database {name} was not made by script/bench, and is left alone.")
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def ours() -> list[str]:
    """Return the databases that script/bench made, the smallest first."""
    with _connect() as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database') = %s "
            "ORDER BY pg_database_size(oid)",
            [MARK],
        )
        return [str(row[0]) for row in rows.fetchall()]


def exists(name: str) -> bool:
    with _connect() as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _connect() -> "psycopg.Connection[tuple[object, ...]]":
    try:
        return psycopg.connect(f"{server()}/postgres", autocommit=True)
    except psycopg.OperationalError as error:
        raise Trouble(f"PostgreSQL does not answer: {str(error).strip().splitlines()[0]}") from error
