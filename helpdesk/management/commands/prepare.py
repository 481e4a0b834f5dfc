"""manage.py prepare: bring the database and the static files to what this version needs."""

import hashlib
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

PARTS = ("database", "static")


class Command(BaseCommand):
    help = "Bring the database and the static files to what this version needs. Does nothing the second time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", choices=PARTS, help="one of the two; the image builds its static files itself")

    def handle(self, *args: Any, only: str | None = None, **options: Any) -> None:
        if only in {None, "database"}:
            self._database()
        if only in {None, "static"}:
            self._static_files()

    def _database(self) -> None:
        # With SECRET_KEY given nobody has made it yet, and SQLite makes files only.
        Path(settings.DATA_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database.")
            call_command("migrate", interactive=False, verbosity=0)
        if isinstance(caches["default"], DatabaseCache):
            call_command("createcachetable", verbosity=0)

    def _static_files(self) -> None:
        stamp = Path(settings.STATIC_ROOT) / "collected.sha256"
        wanted = _digest_of_sources()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        self.stdout.write("Collecting the static files.")
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(wanted)


def _digest_of_sources() -> str:
    """Return a digest that changes when any static file was added, removed or written."""
    found = []
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            found.append((path, stat.st_size, stat.st_mtime_ns))
    text = json.dumps([str(settings.STORAGES["staticfiles"]), sorted(found)])
    return hashlib.sha256(text.encode()).hexdigest()
