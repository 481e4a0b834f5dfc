"""Which tests run: `--long` for the long runs, and the second pass on PostgreSQL."""

import pytest
from django.conf import settings

# A few tests each, and minutes together: real processes, browsers, walks past every address.
LONGEST = ("tests/kill/", "tests/e2e/", "tests/security/", "tests/ops/", "tests/tickets/test_transitions_table")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also the long runs: more kills, more rounds")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "once: says nothing about the database; runs in the pass on SQLite and is left out on PostgreSQL",
    )
    config.addinivalue_line("markers", "long: runs with --long only")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = []
    for item in items:
        if item.get_closest_marker("long") and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="a long run: script/test --long"))
        if item.get_closest_marker("once") and _on_postgresql():
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]
    if hasattr(config, "workerinput"):
        # Side by side: what takes longest begins first, so that the processes end together.
        items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.fixture(scope="session")
def long_run(pytestconfig: pytest.Config) -> bool:
    """Whether this is a long run, asked for by --long."""
    return bool(pytestconfig.getoption("--long"))


def _on_postgresql() -> bool:
    return bool(settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql")
