"""The project's own virtual environment in .venv, made from the hash-locked requirement files.

Runs on the machine's Python with nothing but its standard library.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
STAMP = VENV / "installed.json"
LOG = VENV / "install.log"

# What a lock file brings along: the test environment holds everything that serving needs.
INCLUDES = {"base": ("base",), "dev": ("base", "dev")}


class Trouble(Exception):
    """What stops a script, as one sentence for the person who started it."""


def ensure(name: str) -> Path:
    """Return the environment's Python once it holds what requirements/`name`.txt locks.

    Instant when it already does. Two scripts may call this at once: the second waits for the first.
    Raises Trouble.
    """
    if _is_ready(name):
        return PYTHON
    with _alone():
        if not _is_ready(name):
            _make(name)
    return PYTHON


def _make(name: str) -> None:
    print("Setting up the Python environment in .venv; this happens once.", file=sys.stderr, flush=True)
    try:
        if not _runs(PYTHON):
            if VENV.exists():
                shutil.rmtree(VENV)
            _create()
        LOG.write_text("")
    except OSError as error:
        raise _cannot_write(error) from error
    if not (_install_with_uv(name) or _install_with_pip(name)):
        raise Trouble(
            "the Python packages could not be downloaded and installed; check the network or the proxy "
            f"and start again (what pip said stands in {LOG})."
        )
    installed = _installed()
    installed.update({part: _digest(part) for part in INCLUDES[name]})
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps(installed))
    fresh.replace(STAMP)


def _create() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "venv", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode == 0:
        return
    if not os.access(ROOT, os.W_OK):
        raise _cannot_write(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    last = next((line for line in reversed(done.stdout.splitlines()) if line.strip()), "no reason given")
    raise Trouble(f"Python could not make the environment {VENV}: {last}")


def _install_with_uv(name: str) -> bool:
    """Return whether uv, fetched by pip, installed the packages; it takes a third of pip's time."""
    if not _log([PYTHON, *PIP_INSTALL, "-r", REQUIREMENTS / "uv.txt"]):
        return False
    uv = [VENV / "bin" / "uv", "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes"]
    return _log([*uv, "-r", REQUIREMENTS / f"{name}.txt"])


def _install_with_pip(name: str) -> bool:
    return _log([PYTHON, *PIP_INSTALL, "-r", REQUIREMENTS / f"{name}.txt"])


PIP_INSTALL = ("-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--require-hashes")


def _log(command: Sequence[str | Path]) -> bool:
    environ = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    try:
        with LOG.open("a") as log:
            return (
                subprocess.run(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environ
                ).returncode
                == 0
            )
    except OSError as error:
        if error.errno in {errno.EROFS, errno.EACCES, errno.ENOSPC}:
            raise _cannot_write(error) from error
        return False


def _is_ready(name: str) -> bool:
    if not os.access(PYTHON, os.X_OK):
        return False
    installed = _installed()
    return all(installed.get(part) == _digest(part) for part in INCLUDES[name])


def _installed() -> dict[str, str]:
    """Return the digest of each lock file as it was when it was last installed."""
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(name: str) -> str:
    return hashlib.sha256((REQUIREMENTS / f"{name}.txt").read_bytes()).hexdigest()


def _runs(python: Path) -> bool:
    """Return whether this Python starts, is new enough and has pip; a moved or upgraded one does not."""
    if not os.access(python, os.X_OK):
        return False
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", check], capture_output=True).returncode == 0


@contextmanager
def _alone() -> Iterator[None]:
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _cannot_write(error: OSError) -> Trouble:
    return Trouble(
        f"the folder {ROOT} cannot be written ({error.strerror}); clone the project to a folder of your own."
    )
