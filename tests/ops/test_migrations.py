"""A new help desk is made in one step per app; whoever has some of the steps goes on by them. Both end alike."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = [pytest.mark.once, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
APPS = ("core", "accounts", "sla", "tickets", "mail")
# What somebody has who stopped at some earlier time.
EARLIER = (("accounts", "0009"), ("tickets", "0012"), ("mail", "0010"))


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from where the settings know the steps alone."""
    folder = tmp_path_factory.mktemp("steps")
    for app in APPS:
        ignored = shutil.ignore_patterns("*squashed*", "__pycache__")
        shutil.copytree(ROOT / app / "migrations", folder / f"steps_of_{app}", ignore=ignored)
    modules = {app: f"steps_of_{app}" for app in APPS}
    (folder / "steps_alone.py").write_text(f"from helpdesk.settings import *\nMIGRATION_MODULES = {modules}\n")
    return folder


def migrate(data: Path, *arguments: str, steps: Path | None = None) -> None:
    environ = {"PATH": os.environ["PATH"], "HELPDESK_DATA": str(data)}
    if steps is not None:
        environ |= {"PYTHONPATH": str(steps), "DJANGO_SETTINGS_MODULE": "steps_alone"}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", *arguments]
    subprocess.run(command, cwd=ROOT, env=environ, check=True, timeout=280)


def described(data: Path) -> set[tuple[object, ...]]:
    """Return columns, keys, indexes, checks, triggers, and the rows that there are from the beginning."""
    found: set[tuple[object, ...]] = set()
    with closing(sqlite3.connect(data / "helpdesk.sqlite3")) as database:
        for kind, name, text in database.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"):
            if kind != "table":
                found.add((kind, name, " ".join(text.split())))
                continue
            found |= {("column", name, *row[1:]) for row in database.execute(f'PRAGMA table_info("{name}")')}
            found |= {("key", name, *row[2:]) for row in database.execute(f'PRAGMA foreign_key_list("{name}")')}
            for _number, index, *rest in database.execute(f'PRAGMA index_list("{name}")'):
                columns = tuple(row[2] for row in database.execute(f'PRAGMA index_info("{index}")'))
                found.add(("index", name, *rest, columns))
            found |= {("check", name, part) for part in re.findall(r'CONSTRAINT "(\w+)" CHECK', text)}
        for table in ("accounts_role", "core_sitesettings", "sla_priority", "sla_slaplan", "tickets_department"):
            columns = sorted(row[1] for row in database.execute(f'PRAGMA table_info("{table}")'))
            found |= {(table, *row) for row in database.execute(f"SELECT {', '.join(columns)} FROM {table}")}
    return found


def test_one_step_makes_what_all_the_steps_make(steps: Path, tmp_path: Path) -> None:
    migrate(tmp_path / "new")
    migrate(tmp_path / "old", steps=steps)

    assert described(tmp_path / "new") == described(tmp_path / "old")


def test_who_has_some_of_the_steps_goes_on_by_them(steps: Path, tmp_path: Path) -> None:
    migrate(tmp_path / "new")
    for app, step in EARLIER:
        migrate(tmp_path / "old", app, step, steps=steps)

    migrate(tmp_path / "old")

    assert described(tmp_path / "old") == described(tmp_path / "new")
