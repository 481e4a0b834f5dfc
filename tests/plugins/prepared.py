"""A help desk's data, prepared once for all processes of a run.

Letting all steps of the migrations run takes seconds of a core. Without this every process of the tests, and every help
desk that a test starts on SQLite, would do so. That the steps run is what tests/ops has tests for.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
NAME = "helpdesk.sqlite3"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder on SQLite as `manage.py prepare` leaves it, to be copied and not to be used."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # each process has a folder of its own below that of the run
    folder = shared / "prepared"
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = shared / "preparing"
            shutil.rmtree(making, ignore_errors=True)
            environ = {"PATH": os.environ["PATH"], "HELPDESK_DATA": str(making)}
            command = [sys.executable, "manage.py", "prepare"]
            subprocess.run(command, cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL)
            making.rename(folder)
    return folder


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None, request: pytest.FixtureRequest) -> bool:
    """Whether pytest-django finds the test database there already: on SQLite, as a copy of the prepared one."""
    if connection.vendor != "sqlite":
        return False
    shutil.copy(request.getfixturevalue("prepared") / NAME, connection.settings_dict["TEST"]["NAME"])
    return True
