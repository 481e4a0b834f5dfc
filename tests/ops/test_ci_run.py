"""The checks of every change: on which Python they run."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
# All that the script defines, without its last lines, which begin the run.
CHOOSES = 'source <(sed "/^trap clean_up EXIT/,$ d" "$0"); debian_python=$1; choose_python; command -v python3'


def a_python(path: Path, *, microseconds: int, fits: bool = True) -> Path:
    """Write a Python that says how long it takes; one that does not fit is too old or without venv."""
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\n[ "$1" = - ] && echo {microseconds} && exit\nexit {int(not fits)}\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("first", "other", "fits", "taken"),
    [
        (3000, 2000, True, "debian"),
        (2000, 2000, True, "first"),
        # A little quicker is noise.
        (2200, 2000, True, "first"),
        (3000, 2000, False, "first"),
    ],
)
def test_a_python_without_optimisations_gives_way_to_a_quicker_one(tmp_path, first, other, fits, taken):
    ours = a_python(tmp_path / "first/python3", microseconds=first)
    debian = a_python(tmp_path / "debian/python3", microseconds=other, fits=fits)

    done = subprocess.run(
        [shutil.which("bash"), "-c", CHOOSES, ROOT / ".ci/run", debian],
        env={"PATH": f"{ours.parent}:/usr/bin:/bin", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    *said, path = done.stdout.splitlines()
    assert path == str(tmp_path / taken / "python3")
    assert [line.split(":")[0] for line in said] == ([f"Using {debian}"] if taken == "debian" else [])
