"""manage.py serve: the whole help desk on this machine, web and worker under one supervisor."""

import errno
import fcntl
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.db.utils import OperationalError

from core import lease
from core.models import SiteSettings
from helpdesk import first_run, relay, supervisor

# A page at a time per thread; more threads than PostgreSQL's pool has connections would only wait.
WEB_THREADS = 8
# Open connections, idle ones of browsers included; above it new ones wait in the kernel's queue.
WEB_CONNECTIONS = 256
WEB_GRACE = 10.0
WORKER_THREADS = 4


class Command(BaseCommand):
    help = "Run the web server and the worker on this machine until Ctrl-C or SIGTERM."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, help="the port on 127.0.0.1; by default the one of PUBLIC_URL")
        parser.add_argument("--prepare", action="store_true", help="bring database and static files up to date first")
        parser.add_argument(
            "--empty", action="store_true", help="with --prepare: do not load the demo into a new database"
        )

    def handle(self, *args: Any, port: int | None, prepare: bool, empty: bool, **options: Any) -> None:
        port = port or urlsplit(settings.PUBLIC_URL).port or 8000
        lock = self._lock_data_folder()
        self._require_port(port)
        try:
            if prepare:
                self._prepare(empty=empty)
            if not first_run.has_administrator():
                self.stdout.write(f"Nobody administers it yet. Set it up at {first_run.link()}")
            environ = self._environ()
            if not settings.REDIS_URL:
                # Whoever held it worked on this data folder, which is ours alone now.
                lease.clear(relay.LEASE)
        except OperationalError as error:
            raise CommandError(f"The database cannot be used: {str(error).strip()}") from error
        except KeyboardInterrupt as interrupt:
            # Every step of the preparation is whole or not there; the next start goes on.
            raise SystemExit(130) from interrupt
        finally:
            connections.close_all()
        running = supervisor.Supervisor(
            children=_children(port),
            environ=environ,
            say=lambda text: self.stderr.write(text),
            is_ready=lambda: supervisor.answers(port),
            ready=lambda: self.stdout.write(f"The help desk is at {settings.PUBLIC_URL} (Ctrl-C stops it).\n"),
        )
        status = running.run()
        lock.close()
        raise SystemExit(status)

    def _prepare(self, *, empty: bool) -> None:
        call_command("prepare", stdout=self.stdout)
        if not empty:
            call_command("demo", if_new=True, stdout=self.stdout)
        elif SiteSettings.load().is_demo:
            self.stdout.write(f"{settings.DATA_DIR} holds the demo; choose another folder for a blank help desk.")

    def _environ(self) -> dict[str, str]:
        """Return the children's environment: ours, and whether this is the demo, which the database knows."""
        environ = {name: value for name, value in os.environ.items() if name != "HELPDESK_DEMO"}
        # Celery warns root because of pickle, which is never used here.
        environ.setdefault("PYTHONWARNINGS", "ignore:You're running the worker with superuser privileges")
        if SiteSettings.load().is_demo:
            environ["HELPDESK_DEMO"] = "1"
        return environ

    def _lock_data_folder(self) -> IO[str]:
        """Return the open lock file; nobody else serves from this folder while it is open."""
        folder = Path(settings.DATA_DIR)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (folder / "serve.lock").open("a+")
        except OSError as error:
            raise CommandError(f"The data folder {folder} cannot be written ({error.strerror}).") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise CommandError(f"The help desk in {folder} is already running ({lock.read().strip()}).") from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, {settings.PUBLIC_URL}\n")
        lock.flush()
        return lock

    def _require_port(self, port: int) -> None:
        try:
            supervisor.require_free_port(port)
        except OSError as error:
            if error.errno == errno.EACCES:
                raise CommandError(f"Port {port} is not yours to use; choose one above 1023 with --port.") from error
            raise CommandError(f"Port {port} is in use; choose another one with --port.") from error


def _children(port: int) -> list[supervisor.Child]:
    """Return the web server and the worker, in the order in which they are stopped."""
    web = (
        f"granian --interface wsgi --host 127.0.0.1 --port {port} --http 1 --no-ws --workers 1"
        f" --blocking-threads {WEB_THREADS} --backpressure {WEB_CONNECTIONS} --workers-kill-timeout {WEB_GRACE:.0f}"
        " --log-level error helpdesk.wsgi:application"
    )
    worker = f"celery --quiet --app helpdesk worker --pool threads --concurrency {WORKER_THREADS}" + (
        " --without-gossip --without-mingle --loglevel WARNING"
    )
    return [
        supervisor.Child("web server", web.split(), grace=WEB_GRACE + 2),
        # A mail that is being handed over ends by then, one way or the other.
        supervisor.Child("worker", worker.split(), grace=settings.SOCKET_TIMEOUT + 5),
    ]
