"""Settings come from the environment: a wrong one stops the start with its name, and README lists all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://helpdesk@localhost/helpdesk"),
        ("DATABASE_URL", "helpdesk"),
        ("REDIS_URL", "localhost:6379"),
        ("PUBLIC_URL", "support.example.com"),
        ("PUBLIC_URL", "https://example.com/support"),
        ("PUBLIC_URL", "https://example.com:99999"),
        ("TRUSTED_PROXIES", "10.0.0.0/24,proxy"),
        ("MAIL_URL", "mail.example.com"),
        ("METRICS_TOKEN", "short"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("LOG_LEVEL", "loud"),
        ("DEBUG", "perhaps"),
        ("HELPDESK_CLAIM_SECONDS", "soon"),
        ("HELPDESK_DATA", "/dev/null/data"),
        ("HELPDESK_COLOUR", "petrol"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(name, value, tmp_path):
    environ = {"PATH": os.environ["PATH"], "HELPDESK_DATA": str(tmp_path), name: value}

    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert name in done.stderr


def test_readme_has_every_setting_and_no_other():
    program = "".join((ROOT / "helpdesk" / name).read_text() for name in ("settings.py", "environment.py"))
    read = set(re.findall(r'\b(?:env\.\w+|flag|seconds)\(\s*"([A-Z_]+)"', program))
    section = (ROOT / "README.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE))

    assert "DATABASE_URL" in read
    assert told == read


def test_the_data_folder_is_made_also_when_the_secret_key_is_given(tmp_path):
    folder = tmp_path / "not" / "there"
    environ = {"PATH": os.environ["PATH"], "SECRET_KEY": "given", "HELPDESK_DATA": str(folder)}

    done = subprocess.run(
        [sys.executable, "manage.py", "prepare", "--only", "database"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (folder / "helpdesk.sqlite3").exists()


@pytest.mark.parametrize(
    ("more", "options"),
    [("", "-c jit=off"), ("?sslmode=require", "-c jit=off"), ("?options=-c%20work_mem%3D8MB", "-c work_mem=8MB")],
)
def test_postgresql_does_not_compile_queries_unless_told_otherwise(more, options, tmp_path):
    environ = {
        "PATH": os.environ["PATH"],
        "HELPDESK_DATA": str(tmp_path),
        "DATABASE_URL": f"postgresql://helpdesk@localhost/helpdesk{more}",
    }
    program = "from helpdesk.settings import DATABASES; print(DATABASES['default']['OPTIONS']['options'])"

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == options
