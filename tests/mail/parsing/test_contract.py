"""Parsing stands by itself: what it may import is a short list. import-linter holds the same for what is there now."""

import ast
import sys
from pathlib import Path

import pytest

import mail.parsing

pytestmark = pytest.mark.once

FOLDER = Path(mail.parsing.__file__).parent
ALLOWED = ("mail.parsing", "core.cleaning", "lxml")


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.py")))
def test_it_imports_nothing_of_django_nor_of_the_rest_of_mail(name: str):
    found = {imported for node in ast.walk(ast.parse((FOLDER / name).read_text())) for imported in imports(node)}

    assert [one for one in sorted(found) if not is_allowed(one)] == []


def is_allowed(module: str) -> bool:
    """Return whether it is Python's own, or one of the few."""
    return module.partition(".")[0] in sys.stdlib_module_names or any(
        module == one or module.startswith(f"{one}.") for one in ALLOWED
    )


@pytest.mark.parametrize(
    "module", ["django", "django.db", "mail.models", "mail", "core", "core.files", "mail.parsing_x", ""]
)
def test_the_list_is_short(module: str):
    assert not is_allowed(module)


def imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    # "from core import cleaning" names a module, "from lxml.etree import …" may not.
    whole = node.module in {"core", "mail"}
    return [f"{node.module}.{alias.name}" for alias in node.names] if whole else [node.module or ""]
