"""A PostgreSQL cluster of a test's own, in a temporary folder, to be killed and started again."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.plugins.dovecot import as_user, free_ports, hand_over, unprivileged

MISSING = "no PostgreSQL server here: initdb is neither in PATH nor in /usr/lib/postgresql"


@dataclass
class Cluster:
    folder: Path
    programs: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, after a kill as often as it takes: its former processes have to be gone."""
        deadline = time.monotonic() + 60
        while True:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port)],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self.folder,
                **as_user(unprivileged()),
            )
            while self.process.poll() is None:
                with suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=5):
                    return
                assert time.monotonic() < deadline, "PostgreSQL does not start"
                time.sleep(0.05)
            assert time.monotonic() < deadline, "PostgreSQL does not start"
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL all its processes at once, as if the power had gone."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def cluster() -> Iterator[Cluster]:
    programs = _programs()
    if programs is None:
        pytest.skip(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    hand_over(folder, unprivileged())
    command = [programs / "initdb", "-D", folder / "data", "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_user(unprivileged()))
    with (folder / "data" / "postgresql.conf").open("a") as settings:
        # A killed process loses nothing that the kernel has: syncing would only take time.
        settings.write(f"\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{folder}'\nfsync = off\n")
    [port] = free_ports(1)
    made = Cluster(folder, programs, port)
    try:
        made.start()
        yield made
    finally:
        if made.process is not None:
            made.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)
