"""script/lock: turn requirements/*.in into requirements/*.txt, with versions and hashes."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from environment import REQUIREMENTS, VENV

# In this order: the test environment takes its versions from what is served.
FILES = ("uv", "base", "dev")
COMPILE = [
    *["pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"],
    *["--no-emit-index-url", "--no-annotate", "--custom-compile-command", "script/lock"],
]


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/lock", description="Lock requirements/*.in into *.txt.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a file is out of date")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _uv() as uv:
        work = Path(shutil.copytree(REQUIREMENTS, Path(folder) / "requirements"))
        for name in FILES:
            _compile(uv, name, work, upgrade=options.upgrade)
        stale = [name for name in FILES if _differs(name, work)]
        if options.check and stale:
            sys.exit(f"script/lock: out of date: {', '.join(f'{name}.txt' for name in stale)}. Run script/lock.")
        if not options.check:
            for name in stale:
                shutil.copyfile(work / f"{name}.txt", REQUIREMENTS / f"{name}.txt")
            print(f"Written: {', '.join(f'{name}.txt' for name in stale)}." if stale else "Nothing changed.")


def _compile(uv: str, name: str, work: Path, *, upgrade: bool) -> None:
    command = [uv, *COMPILE, f"{name}.in", "--output-file", f"{name}.txt"]
    if name == "dev":
        command += ["--constraint", "base.txt"]
    if upgrade:
        command.append("--upgrade")
    environ = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    if subprocess.run(command, cwd=work, env=environ).returncode != 0:
        sys.exit(f"script/lock: uv could not lock {name}.in; it says why above.")


def _differs(name: str, work: Path) -> bool:
    locked = REQUIREMENTS / f"{name}.txt"
    return not locked.exists() or locked.read_bytes() != (work / f"{name}.txt").read_bytes()


@contextmanager
def _uv() -> Iterator[str]:
    """Give the path of a uv: the environment's, this machine's, or one fetched for the occasion."""
    found = shutil.which("uv", path=str(VENV / "bin")) or shutil.which("uv")
    if found:
        yield found
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([Path(folder) / "bin" / "pip", "install", "--quiet", "uv"], check=True)
        yield str(Path(folder) / "bin" / "uv")


if __name__ == "__main__":
    main()
