"""A help desk's data, prepared once for all processes of a run.

Letting all steps of the migrations run takes seconds of a core. Without this every process of the tests, and every help
desk that a test starts, would do so. That the steps run is what tests/ops has tests for.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
NAME = "helpdesk.sqlite3"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder on SQLite as `manage.py prepare` leaves it, to be copied and not to be used."""

    def prepare(folder: Path) -> None:
        _prepare({"HELPDESK_DATA": str(folder)})

    return _once("prepared", prepare, tmp_path_factory)


@pytest.fixture(scope="session")
def prepared_database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a prepared database on PostgreSQL, to be copied (TEMPLATE) and not to be used; "" on SQLite."""
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgres"):
        return ""
    name = _name_of_prepared(given)

    def prepare(folder: Path) -> None:
        drop_database(given, name)
        _on_server(given, f'CREATE DATABASE "{name}"')
        address = urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
        redis = {"REDIS_URL": os.environ["REDIS_URL"]} if "REDIS_URL" in os.environ else {}
        _prepare({"HELPDESK_DATA": str(folder), "DATABASE_URL": address, **redis}, "--only", "database")

    _once("prepared-database", prepare, tmp_path_factory)
    return name


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None, request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether pytest-django finds the test database there already: as a copy of the prepared one.

    On PostgreSQL where several processes need one each; a single process prepares its own.
    """
    name = connection.creation._get_test_db_name()
    if connection.vendor == "sqlite":
        shutil.copy(request.getfixturevalue("prepared") / NAME, name)
        yield True
    elif "PYTEST_XDIST_WORKER" in os.environ:
        given = os.environ["DATABASE_URL"]
        copy_database(given, request.getfixturevalue("prepared_database"), name)
        yield True
        drop_database(given, name)
    else:
        yield False


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Drop the prepared database when the last process is done with it."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres") and not hasattr(session.config, "workerinput"):
        drop_database(given, _name_of_prepared(given))


def copy_database(given: str, template: str, name: str) -> None:
    """Make a database as the template is, beside the one of the given address, in the place of one of this name.

    Whoever works in it does not wait for the disk: it is gone when the run is.
    """
    drop_database(given, name)
    copied = f'CREATE DATABASE "{name}" TEMPLATE "{template}"'
    _on_server(given, copied, f'ALTER DATABASE "{name}" SET synchronous_commit = off')


def drop_database(given: str, name: str) -> None:
    """Drop a database beside the one of the given address, whoever is connected to it."""
    _on_server(given, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _on_server(given: str, *statements: str) -> None:
    beside = urlunsplit(urlsplit(given)._replace(path="/postgres"))
    with psycopg.connect(beside, autocommit=True) as server:
        for statement in statements:
            server.execute(statement)


def _name_of_prepared(given: str) -> str:
    return f"test_{urlsplit(given).path.strip('/').removeprefix('test_')}_prepared"


def _once(name: str, make: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that the first of a run's processes to ask for it has made, while the others waited."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # each process has a folder of its own below that of the run
    folder, making = shared / name, shared / f"{name}-making"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(making, ignore_errors=True)
            make(making)
            making.rename(folder)
    return folder


def _prepare(environ: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", "prepare", *arguments]
    everything = {"PATH": os.environ["PATH"], **environ}
    subprocess.run(command, cwd=ROOT, env=everything, check=True, stdout=subprocess.DEVNULL)
