"""`manage.py serve` as people start it: with the real web server, worker and database."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}


class HelpDesk:
    """One help desk on this machine, in a process of its own."""

    def __init__(self, data: Path, port: int, *options: str) -> None:
        self.port = port
        self.data = data
        self._out = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._err = tempfile.TemporaryFile("w+")  # noqa: SIM115
        environ = {name: value for name, value in os.environ.items() if name not in PRODUCTION}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--prepare", "--port", str(port), *options],
            cwd=ROOT,
            env=environ | {"HELPDESK_DATA": str(data), "PUBLIC_URL": f"http://localhost:{port}"},
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
        )

    def wait_until_it_answers(self) -> "HelpDesk":
        """Return once it says that it is ready."""
        eventually(lambda: f"The help desk is at http://localhost:{self.port}" in self.out or self.has_ended())
        assert not self.has_ended(), self.out + self.err
        assert self.status() == 200
        return self

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and return the status it ends with."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    @property
    def out(self) -> str:
        return _read(self._out)

    @property
    def err(self) -> str:
        return _read(self._err)

    def status(self, path: str = "/healthz") -> int | None:
        """Return the status of a page, None when nobody answers."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            try:
                connection.request("GET", path, headers={"Host": "localhost"})
                return connection.getresponse().status
            except (OSError, HTTPException):
                return None

    def descendants(self) -> list[int]:
        """Return the processes below this one: web server, its worker process, Celery worker."""
        found, parents = [], [self.process.pid]
        while parents:
            children = Path(f"/proc/{parents[0]}/task/{parents.pop(0)}/children").read_text().split()
            found += map(int, children)
            parents += map(int, children)
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._out.close()
        self._err.close()


def _read(file: IO[str]) -> str:
    """Return what another process wrote to this file of ours."""
    return os.pread(file.fileno(), 1_000_000, 0).decode()


@pytest.fixture
def prepared_data(prepared: Path, tmp_path: Path) -> Path:
    """A data folder in which the database and the static files are ready: not every start is a first one."""
    return Path(shutil.copytree(prepared, tmp_path / "prepared"))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., HelpDesk]]:
    started: list[HelpDesk] = []

    def serve(*options: str, data: Path = tmp_path, port: int | None = None) -> HelpDesk:
        started.append(HelpDesk(data, port or free_port(), *options))
        return started[-1]

    yield serve
    for desk in started:
        desk.close()


def test_it_answers_ends_well_on_sigterm_and_keeps_its_data(serve, tmp_path):
    first = serve("--empty").wait_until_it_answers()
    assert first.status("/") == 302  # to the page that asks for the first administrator
    descendants = first.descendants()
    assert len(descendants) == 3
    with closing(sqlite3.connect(tmp_path / "helpdesk.sqlite3")) as database, database:
        database.execute("UPDATE core_sitesettings SET name = 'Ada and friends'")

    assert first.end(signal.SIGTERM) == 0, first.err
    assert "Traceback" not in first.err
    assert not any(map(is_alive, descendants))

    second = serve("--empty", port=first.port).wait_until_it_answers()
    assert second.end(signal.SIGINT) == 0, second.err
    assert "Preparing" not in second.out
    assert "Collecting" not in second.out
    with closing(sqlite3.connect(tmp_path / "helpdesk.sqlite3")) as database:
        assert database.execute("SELECT name FROM core_sitesettings").fetchall() == [("Ada and friends",)]


def test_sigkill_leaves_nobody_behind_and_the_next_start_has_the_port(serve, prepared_data):
    first = serve("--empty", data=prepared_data).wait_until_it_answers()
    descendants = first.descendants()

    first.end(signal.SIGKILL)
    second = serve("--empty", data=prepared_data, port=first.port).wait_until_it_answers()

    assert descendants
    assert not any(map(is_alive, descendants))
    assert second.end() == 0


def test_the_demo_is_loaded_once_and_its_sign_ins_are_told_at_every_start(serve, prepared_data):
    first = serve(data=prepared_data).wait_until_it_answers()
    first.end()
    with closing(sqlite3.connect(prepared_data / "helpdesk.sqlite3")) as database, database:
        database.execute("UPDATE tickets_ticket SET subject = 'Changed since'")

    second = serve(data=prepared_data).wait_until_it_answers()
    second.end()

    assert "Loading the demo." in first.out
    assert "Loading the demo." not in second.out
    assert "Demo sign-ins" in first.out
    assert "Demo sign-ins" in second.out
    with closing(sqlite3.connect(prepared_data / "helpdesk.sqlite3")) as database:
        assert database.execute("SELECT DISTINCT subject FROM tickets_ticket").fetchall() == [("Changed since",)]


def test_a_second_one_on_the_same_folder_is_told_about_the_first(serve, prepared_data):
    first = serve("--empty", data=prepared_data).wait_until_it_answers()

    second = serve(data=prepared_data)

    assert second.process.wait(timeout=60) == 1
    assert second.err.splitlines() == [
        f"CommandError: The help desk in {first.data} is already running "
        f"(process {first.process.pid}, http://localhost:{first.port})."
    ]
    assert first.status() == 200


def test_a_port_in_use_is_told_before_anything_is_touched(serve, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        desk = serve(data=tmp_path / "new", port=port)
        status = desk.process.wait(timeout=60)

    assert status == 1
    assert desk.err.splitlines() == [f"CommandError: Port {port} is in use; choose another one with --port."]
    assert not (tmp_path / "new" / "helpdesk.sqlite3").exists()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def eventually(condition: Callable[[], bool], within: float = 120.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
