"""The contract in pyproject.toml that keeps parsing by itself names all of mail, also what came later."""

import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[3]


def test_the_contract_names_every_other_module_of_mail():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (forbidden,) = [one["forbidden_modules"] for one in contracts if one.get("source_modules") == ["mail.parsing"]]

    modules = {
        path.stem for path in (ROOT / "mail").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }

    assert {f"mail.{name}" for name in modules - {"__init__", "parsing", "migrations", "management"}} <= set(forbidden)
