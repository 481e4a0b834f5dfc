"""A help desk that runs: `manage.py serve` with the demo, as on a fresh clone, and a mail server behind it."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.mail.sink import Sink
from tests.plugins.prepared import copy_database, drop_database

ROOT = Path(__file__).resolve().parents[2]
# What would make it another help desk than the one a fresh clone starts.
NOT_OURS = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "HELPDESK_STATIC", "SECRET_KEY", "FIELD_KEYS"}


class HelpDesk:
    """Web server and worker in processes of their own, on SQLite or on the databases that the tests were given."""

    def __init__(self, folder: Path, database_url: str, sink: Sink) -> None:
        self.folder = folder
        self.database_url = database_url
        self.sink = sink
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = folder / "log"
        self._looked_at = 0

    @contextmanager
    def running(self, *options: str, within: float = 120.0) -> Iterator["HelpDesk"]:
        environ = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        environ |= {
            "HELPDESK_DATA": str(self.folder / "data"),
            "PUBLIC_URL": self.url,
            "MAIL_URL": f"smtp://127.0.0.1:{self.sink.port}",
            "PYTHONUNBUFFERED": "1",
        }
        if self.database_url:
            environ["DATABASE_URL"] = self.database_url
        with self.log.open("w") as log:
            serve = [sys.executable, "manage.py", "serve", "--prepare", "--port", str(self.port), *options]
            process = subprocess.Popen(
                serve, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            eventually(lambda: "The help desk is at" in self.said() or process.poll() is not None, within)
            assert process.poll() is None, self.said()
            yield self
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            finally:
                process.kill()

    def said(self) -> str:
        return self.log.read_text()

    def new_troubles(self) -> list[str]:
        """Return the errors that web server and worker have logged since the last time this was asked."""
        lines = self.said().splitlines()
        new, self._looked_at = lines[self._looked_at :], len(lines)
        return [line for before, line in pairwise(["", *new]) if _is_trouble(line, before)]

    # --- Its rows, for what no page tells or takes -------------------------------------------------

    def row(self, query: str) -> tuple[Any, ...]:
        """Return the first row of the answer."""
        with self._database() as database:
            found = database.execute(query).fetchone()
        assert found is not None, query
        return tuple(found)

    def wait_only(self, *, close_after: timedelta, reopen_within: timedelta) -> None:
        """Shorten how long a resolved ticket waits, and how long a closed one may come back.

        The administration takes a minute at least.
        """
        spans = (close_after, reopen_within)
        with self._database() as database:
            if isinstance(database, sqlite3.Connection):
                microseconds = [span // timedelta(microseconds=1) for span in spans]
                database.execute("UPDATE core_sitesettings SET close_after = ?, reopen_within = ?", microseconds)
            else:
                database.execute("UPDATE core_sitesettings SET close_after = %s, reopen_within = %s", spans)

    @contextmanager
    def _database(self) -> Iterator[psycopg.Connection | sqlite3.Connection]:
        """Give a connection of its own, committed at the end."""
        if self.database_url:
            with psycopg.connect(self.database_url) as postgresql:
                yield postgresql
        else:
            with closing(sqlite3.connect(self.folder / "data" / "helpdesk.sqlite3", timeout=20)) as sqlite, sqlite:
                yield sqlite

    # --- Its mails ------------------------------------------------------------------------------------

    def mails_to(self, address: str) -> list[EmailMessage]:
        return [received.message for received in self.sink.received if received.recipient == address]

    def next_mail_to(self, address: str, known: int, within: float = 20.0) -> EmailMessage:
        """Return the mail that comes after the first `known` to this address."""
        eventually(lambda: len(self.mails_to(address)) > known, within)
        return self.mails_to(address)[known]


def _is_trouble(line: str, before: str) -> bool:
    # Django tells where a page was refused (403); that is no trouble.
    refused = " WARNING django.request " in before
    return " ERROR " in line or " CRITICAL " in line or (line.startswith("Traceback") and not refused)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def eventually(condition: Callable[[], bool], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


@contextmanager
def database(given: str, prepared: str) -> Iterator[str]:
    """Give the address of a copy of the prepared database, gone afterwards; "" where SQLite is meant."""
    if not prepared:
        yield ""
        return
    parts = urlsplit(given)
    name = f"{parts.path.strip('/')}_e2e_{os.getpid()}"
    copy_database(given, prepared, name)
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        drop_database(given, name)


def text_of(mail: EmailMessage) -> str:
    return _part(mail, "plain")


def html_of(mail: EmailMessage) -> str:
    return _part(mail, "html")


def everything_in(mail: EmailMessage) -> str:
    """Return all that a mail tells anyone: its headers, decoded, and each of its parts with their headers."""
    told = []
    for part in mail.walk():
        told += [f"{name}: {value}" for name, value in part.items()]
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            told.append(payload.decode("utf-8", "replace") if isinstance(payload, bytes) else "")
    return "\n".join(told)


def link_in(mail: EmailMessage, path: str) -> str:
    """Return the one address below `path` that stands in the mail's text, and as a link in its HTML."""
    found = set(re.findall(rf"http://localhost:\d+{path}\S+", text_of(mail)))
    assert len(found) == 1, f"{found} in {text_of(mail)}"
    (link,) = found
    assert f'href="{link}"' in html_of(mail)
    return link


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None, f"no {kind} part"
    return str(part.get_content())
