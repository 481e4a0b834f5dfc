"""The queue page's first load is light: what a browser with an empty cache fetches.

Counted as the image sends it: its build compresses the files (`whitenoise.compress`), and pages go as they are. A proxy
that compresses makes it lighter still; `manage.py serve` compresses nothing, its readers sit at the machine.
"""

import gzip
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Response

from tests.e2e.visitors import Visitors

pytestmark = pytest.mark.once

MOST = 150 * 1024


def test_the_first_load_of_the_queue_is_light(visitors: Visitors):
    signed_in = visitors.agent("alex")
    page = visitors(storage_state=signed_in.context.storage_state())
    weights: dict[str, int] = {}

    def weigh(answer: Response) -> None:
        path = urlsplit(answer.url).path
        body = answer.body()
        weights[path] = len(gzip.compress(body) if path.startswith("/static/") else body)

    page.on("response", weigh)
    page.goto("/desk/queues/open/", wait_until="networkidle")

    assert page.locator("tr[data-row]").count() >= 20
    assert len([path for path in weights if path.startswith("/static/")]) >= 4
    assert sum(weights.values()) <= MOST, weights
