"""A help desk of its own for each run of the kill test: database, supervisor, and looking into both from outside."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.plugins.prepared import copy_database, drop_database

# The tables that the relay hands out of.
WAITING = (
    "mail_outgoingmail",
    "tickets_ticketclock",
    "tickets_tickettimer",
    "tickets_failedhandler",
    "core_periodicjob",
)
ROOT = Path(__file__).parents[2]


@dataclass
class Stage:
    """A migrated database with the cast in it, copied for every run."""

    folder: Path
    # postgresql://…/name of the test run, or empty for SQLite.
    server: str
    # What puts the cast there, and what its databases are called by.
    program: str = "tests.kill.lives"
    suffix: str = "kill"

    def prepare(self, prepared: Path, prepared_database: str) -> None:
        """Put the cast on the stage, in a copy of what is `prepared`, on SQLite or on the server."""
        (self.folder / "stage").mkdir()
        if self.server:
            copy_database(self.server, prepared_database, self.name)
        else:
            shutil.copy(prepared / "helpdesk.sqlite3", self.folder / "stage")
        environ = self.environ(self.folder / "stage", self.name)
        command = [sys.executable, "-m", self.program, "stage"]
        subprocess.run(command, env=environ, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    @contextmanager
    def copy(self, name: str) -> Iterator[dict[str, str]]:
        """Give the environment of a fresh copy, gone afterwards."""
        folder = self.folder / name
        if self.server:
            folder.mkdir()
            copy_database(self.server, self.name, f"{self.name}_{name}")
        else:
            shutil.copytree(self.folder / "stage", folder)
        try:
            yield self.environ(folder, f"{self.name}_{name}")
        finally:
            if self.server:
                drop_database(self.server, f"{self.name}_{name}")
            shutil.rmtree(folder, ignore_errors=True)

    def drop(self) -> None:
        if self.server:
            drop_database(self.server, self.name)

    @property
    def name(self) -> str:
        return urlsplit(self.server).path.lstrip("/").removeprefix("test_") + f"_{self.suffix}"

    def environ(self, folder: Path, name: str) -> dict[str, str]:
        left_out = ("DJANGO_SETTINGS_MODULE", "PYTEST_CURRENT_TEST")
        environ = {key: value for key, value in os.environ.items() if key not in left_out}
        environ |= {"HELPDESK_DATA": str(folder), "LOG_LEVEL": "ERROR", "SECRET_KEY": "the same in all processes" * 3}
        if self.server:
            environ["DATABASE_URL"] = urlunsplit(urlsplit(self.server)._replace(path=f"/{name}"))
        return environ


@dataclass
class HelpDesk:
    """`manage.py serve` over one copy. Nothing here goes through Django: what is looked at is what is on disk."""

    environ: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    _log: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._log = (Path(self.environ["HELPDESK_DATA"]) / "serve.log").open("ab")

    def start(self) -> None:
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port)]
        environ = self.environ | {"PUBLIC_URL": f"http://localhost:{self.port}"}
        self.process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=self._log, stderr=self._log)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()

    def kill(self, victim: str) -> None:
        """SIGKILL the worker, which the supervisor starts again, or the supervisor, which takes all with it."""
        if victim == "worker":
            os.kill(self.worker_pid(), signal.SIGKILL)
            return
        assert self.process is not None
        worker = self.worker_pid()
        self.process.kill()
        self.process.wait()
        eventually(lambda: not Path(f"/proc/{worker}").exists(), "the worker outlived its supervisor")

    def worker_pid(self) -> int:
        assert self.process is not None
        workers = [pid for pid in _children(self.process.pid) if b"celery" in _read(f"/proc/{pid}/cmdline")]
        return workers[0] if workers else 0

    def has_begun(self) -> bool:
        """Say whether the worker that runs now holds the relay's lease."""
        worker = self.worker_pid()
        return bool(
            worker and self.ask(f"SELECT 1 FROM core_lease WHERE name = 'relay' AND holder LIKE '%:{worker}:%'")
        )

    def ask(self, sql: str) -> list[Any]:
        url = self.environ.get("DATABASE_URL")
        if url:
            with psycopg.connect(url) as connection:
                return connection.execute(sql).fetchall()
        path = Path(self.environ["HELPDESK_DATA"]) / "helpdesk.sqlite3"
        with sqlite3.connect(path, timeout=20) as connection:
            rows = connection.execute(sql).fetchall()
        connection.close()
        return rows

    def log(self) -> str:
        """Return the end of what the processes said."""
        return (Path(self.environ["HELPDESK_DATA"]) / "serve.log").read_text()[-5_000:]

    def in_flight(self) -> dict[str, int]:
        """Count the rows that are claimed, and of the mails those whose sending, and handing over, has begun."""
        counts = {
            table.partition("_")[2]: self.ask(f"SELECT count(*) FROM {table} WHERE claim IS NOT NULL")[0][0]
            for table in WAITING
        }
        begun = "SELECT count(*) FROM mail_outgoingmail WHERE claim IS NOT NULL AND state = 'sending'"
        counts["sending"] = self.ask(begun)[0][0]
        counts["handed over"] = self.ask(f"{begun} AND handed_over_at IS NOT NULL")[0][0]
        return counts

    def is_quiet(self, *, within_seconds: float) -> bool:
        """Say whether nothing is claimed, and nothing becomes due soon."""
        if self.environ.get("DATABASE_URL"):
            soon = f"now() + interval '{within_seconds} seconds'"
        else:
            soon = f"strftime('%Y-%m-%d %H:%M:%f', 'now', '+{within_seconds} seconds')"
        return not any(
            self.ask(f"SELECT count(*) FROM {table} WHERE claim IS NOT NULL OR due_at <= {soon}")[0][0]
            for table in WAITING
        )


def eventually(condition: Callable[[], object], otherwise: str, *, within: float = 30.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        stat = _read(str(folder / "stat")).rpartition(b")")[2].split()
        if stat and int(stat[1]) == parent and stat[0] != b"Z":
            found.append(int(folder.name))
    return found


def _read(path: str) -> bytes:
    with suppress(OSError):
        return Path(path).read_bytes()
    return b""
