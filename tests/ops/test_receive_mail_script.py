"""script/receive_mail: what a mail server's pipe calls. It must never make the mail server give a mail up."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRY_AGAIN = 75


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the script, and a Python that prints some settings and ends with the code it is told."""
    (tmp_path / "script").mkdir()
    shutil.copy(ROOT / "script" / "receive_mail", tmp_path / "script")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s|" "$MAIL_FROM" "$PUBLIC_URL" "$@"; cat; exit "${ENDS:-0}"\n')
    python.chmod(0o755)
    return tmp_path


def call(desk: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # our own script
        [str(desk / "script" / "receive_mail"), *arguments],
        input="Subject: Hello",
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], **environ},
        check=False,
    )


@pytest.mark.parametrize(
    ("ends", "code"), [("0", 0), ("65", 65), ("66", 66), ("75", TRY_AGAIN), ("1", TRY_AGAIN), ("127", TRY_AGAIN)]
)
def test_only_what_the_command_says_itself_is_final(desk: Path, ends: str, code: int) -> None:
    assert call(desk, ENDS=ends).returncode == code


def test_the_mail_and_the_mailbox_are_handed_on(desk: Path) -> None:
    answer = call(desk, "--mailbox", "Two words")

    assert answer.stdout.endswith("manage.py|receive_mail|--mailbox|Two words|Subject: Hello")


def test_without_its_python_the_mail_server_keeps_the_mail(desk: Path) -> None:
    (desk / ".venv" / "bin" / "python").unlink()

    answer = call(desk)

    assert answer.returncode == TRY_AGAIN
    assert "there is no Python" in answer.stderr


@pytest.mark.parametrize("arguments", [(), ("--env",), ("--env", "/nowhere")])
def test_without_its_settings_the_mail_server_keeps_the_mail(desk: Path, arguments: tuple[str, ...]) -> None:
    (desk / ".env").mkdir()  # a folder: even root cannot read it as a file

    answer = call(desk, *arguments)

    assert answer.returncode == TRY_AGAIN
    assert "cannot be read" in answer.stderr


def test_settings_are_read_and_never_run(desk: Path) -> None:
    lines = [
        "# a comment",
        "MAIL_FROM=Desk $(touch ran) `touch ran` <desk@a.example>; touch ran",
        'PUBLIC_URL="http://a.example"',
        "touch ran",
        "a;touch ran=1",
    ]
    (desk / ".env").write_text("\n".join(lines))

    answer = call(desk)

    assert answer.stdout.startswith("Desk $(touch ran) `touch ran` <desk@a.example>; touch ran|http://a.example|")
    assert not (desk / "ran").exists()


def test_what_is_set_already_wins_and_a_file_can_be_named(desk: Path) -> None:
    (desk / "other").write_text("MAIL_FROM=from the file\nPUBLIC_URL=http://file.example")

    answer = call(desk, "--env", str(desk / "other"), MAIL_FROM="set already")

    assert answer.stdout.startswith("set already|http://file.example|")


def test_wrong_settings_make_the_mail_server_keep_the_mail() -> None:
    environ = {"PATH": os.environ["PATH"], "HELPDESK_DATA": os.environ["HELPDESK_DATA"], "PUBLIC_URL": "nonsense"}

    answer = subprocess.run(  # our own script
        [sys.executable, str(ROOT / "manage.py"), "receive_mail"],
        input=b"Subject: Hello",
        capture_output=True,
        env=environ,
        check=False,
    )

    assert answer.returncode == TRY_AGAIN
    assert b"Wrong setting" in answer.stderr
