"""docs/lifecycle.md is what the code says."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from tickets.models import Status

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"

pytestmark = pytest.mark.once


def test_the_page_is_not_stale():
    out = StringIO()
    call_command("lifecycle_diagram", stdout=out)

    assert PAGE.read_text() == out.getvalue(), "run: manage.py lifecycle_diagram --write"


def test_every_state_is_entered_and_left():
    arrows = re.findall(r"^    (\S+) --> (\w+):", PAGE.read_text(), re.MULTILINE)
    sources, targets = ({arrow[side] for arrow in arrows} for side in (0, 1))

    assert sources == {"[*]", *Status.values}
    assert targets == set(Status.values)
