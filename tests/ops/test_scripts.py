"""The scripts: what a machine lacks is told in one sentence."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pip
import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
OLD = 'case "$2" in *version_info*11*) exit 1;; *print*) echo 3.9;; esac'
WITHOUT_VENV = 'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.12;; esac'


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH with the shell's tools and no Python at all."""
    for tool in ("sh", "dirname"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    return tmp_path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder without an environment."""
    folder = tmp_path / "project"
    for part in ("script", "requirements"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(
    *command: str | Path, folder: Path = ROOT, user: str | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environ},
        user=user,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a script that failed said, which is one line."""
    assert done.returncode not in {0, -1}
    said = [line for line in done.stderr.splitlines() if not line.startswith("Setting up")]
    assert len(said) == 1, done.stderr
    return said[0]


@pytest.mark.parametrize(
    ("pythons", "sentence"),
    [
        ({}, "the help desk needs Python 3.11 or newer, and found none."),
        ({"python3": OLD}, "the help desk needs Python 3.11 or newer, and found only 3.9."),
        ({"python3": WITHOUT_VENV}, "apt install python3-venv"),
        ({"python3": OLD, "python3.12": WITHOUT_VENV}, "apt install python3-venv"),
    ],
)
@pytest.mark.parametrize("script", ["serve", "test", "lock"])
def test_a_machine_without_a_fitting_python_is_told_what_it_lacks(machine, pythons, sentence, script):
    for name, behaviour in pythons.items():
        (machine / name).write_text(f"#!/bin/sh\n{behaviour}\n")
        (machine / name).chmod(0o755)

    said = one_sentence(run(ROOT / "script" / script, PATH=str(machine)))

    assert said.startswith(f"script/{script}: ")
    assert sentence in said


def test_an_old_python_does_not_hide_a_newer_one_behind_another_name(machine):
    (machine / "python3").write_text(f"#!/bin/sh\n{OLD}\n")
    (machine / "python3").chmod(0o755)
    (machine / "python3.12").write_text('#!/bin/sh\nexec "$REAL" "$@"\n')
    (machine / "python3.12").chmod(0o755)

    done = run(ROOT / "script" / "serve", "--help", PATH=str(machine), REAL=sys.executable)

    assert done.returncode == 0
    assert "--port N" in done.stdout


@pytest.mark.parametrize("port", ["0", "70000", "http", "８０００"])
def test_a_port_that_is_none_is_refused(port):
    done = run(ROOT / "script" / "serve", "--port", port)

    assert done.returncode == 2
    assert f"{port} is not a port" in done.stderr


def test_a_data_folder_that_cannot_be_made_is_told():
    said = one_sentence(run(ROOT / "script" / "serve", "--data", "/dev/null/data"))

    assert said == (
        "script/serve: the data folder /dev/null/data cannot be written (Not a directory); "
        "choose another with --data DIR."
    )


def test_packages_that_cannot_be_had_are_told(project):
    # An environment that has pip and nothing more, as Python makes it, in a tenth of the time.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True)
    theirs = next((project / ".venv/lib").glob("python*/site-packages"))
    shutil.copytree(Path(pip.__file__).parent, theirs / "pip")
    # Neither pip nor uv gets anything: their own settings say so.
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "UV_NO_INDEX": "1", "UV_OFFLINE": "1"}

    said = one_sentence(run(project / "script" / "serve", folder=project, **offline))

    assert "could not be downloaded" in said
    assert "No matching distribution" in (project / ".venv/install.log").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_project_folder_that_cannot_be_written_is_told(tmp_path):
    if run("python3", "-c", "import ensurepip", user="nobody", folder="/", PATH="/usr/bin:/bin").returncode:
        pytest.skip("this machine's /usr/bin/python3 has no venv module")
    project = Path("/tmp") / f"helpdesk-read-only-{os.getpid()}"  # where others may look into
    try:
        for part in ("script", "requirements"):
            shutil.copytree(ROOT / part, project / part)

        done = run(
            project / "script" / "serve",
            *["--data", str(project / "var")],
            folder=project,
            user="nobody",
            PATH="/usr/bin:/bin",
        )
        assert "cannot be written (Permission denied)" in one_sentence(done)
        done = run(project / "script" / "test", folder=project, user="nobody", PATH="/usr/bin:/bin")
        assert f"the folder {project} cannot be written (Permission denied)" in one_sentence(done)
    finally:
        shutil.rmtree(project)


@pytest.mark.long
def test_two_scripts_started_at_once_make_one_environment(project):
    command = "import sys; sys.path.insert(0, 'script/lib'); from environment import ensure; ensure('base')"

    with ThreadPoolExecutor() as pool:
        both = list(pool.map(lambda _: run(sys.executable, "-c", command, folder=project, **os.environ), range(2)))

    assert [done.returncode for done in both] == [0, 0], both
    assert sum("Setting up" in done.stderr for done in both) == 1
    assert run(project / ".venv/bin/python", "-c", "import django, celery, granian").returncode == 0


def test_the_lock_files_name_no_address():
    for file in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in file.read_text(), file
        assert "--hash=sha256:" in file.read_text(), file
