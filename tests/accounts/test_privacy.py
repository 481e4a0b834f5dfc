"""docs/privacy.md names every table."""

import re
from pathlib import Path

import pytest
from django.apps import apps

pytestmark = pytest.mark.once

PAGE = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"
NAMED = set(re.findall(r"`(\w+\.\w+)`", PAGE.read_text()))
MODELS = {model._meta.label for model in apps.get_models(include_auto_created=True)}


@pytest.mark.parametrize("label", sorted(MODELS))
def test_every_table_is_listed(label):
    assert label in NAMED, f"docs/privacy.md does not say what {label} holds about people"


@pytest.mark.parametrize("label", sorted(NAMED))
def test_every_table_listed_exists(label):
    assert label in MODELS
