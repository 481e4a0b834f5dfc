"""What axe, the judge of accessibility, finds on a page once nothing on it moves any more."""

from collections.abc import Sequence
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# The theme just chosen is drawn, and no colour is on its way from the old one: half-way colours have no contrast.
SETTLED = """async () => {
    await document.fonts.ready;
    for (let n = 0; n < 2; n += 1) await new Promise(requestAnimationFrame);
    await Promise.allSettled(document.getAnimations().map((one) => one.finished));
}"""


def settle(page: Page) -> None:
    """Wait for what is on its way: styles and fonts, two drawn frames, and the end of every transition."""
    page.wait_for_load_state("load")
    page.evaluate(SETTLED)


def violations(page: Page, rules: Sequence[str] = ()) -> list[dict[str, Any]]:
    """What axe finds on the settled page (axe looks for style sheets beside the page: the console tells of 404s).

    By all of axe's rules, or by those with one of the tags in `rules` ("wcag2aa").
    """
    settle(page)
    # What is in order is not described: that takes longer than judging it.
    options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found: list[dict[str, Any]] = Axe().run(page, options=options).response["violations"]
    return found


def told(violations: list[dict[str, Any]]) -> list[str]:
    """Each violation in a line: its rule, how many elements break it, and the first of them."""
    return [
        f"{one['id']} ({len(one['nodes'])}): {' … '.join(node['html'][:120] for node in one['nodes'][:3])}"
        for one in violations
    ]
