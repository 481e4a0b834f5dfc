"""Which tests run: `--long` for the long runs; on PostgreSQL, in the second pass, those that can touch a database."""

import gc

import pytest
from django.conf import settings

# A few tests each, and minutes together: real processes, browsers, walks past every address. The longest come first.
LONGEST = (
    "tests/e2e/",
    "tests/kill/",
    "tests/ops/",
    "tests/security/",
    "tests/accounts/test_browser",
    "tests/sla/test_pages_browser",
    "tests/desk/test_browser",
    "tests/admin/test_browser",
    "tests/desk/test_composer_browser",
    "tests/mail/test_hostile_intake",
    "tests/mail/parsing/test_mutated",
    "tests/tickets/test_rebuilding",
    "tests/tickets/test_transitions_table",
)
# Whole help desks run here, on the database of the pass.
PROCESSES = ("tests/kill/", "tests/e2e/", "tests/ops/")
# What opens the database to a test.
DATABASE = {"db", "transactional_db", "live_server", "django_db_setup"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also the long runs: more kills, more rounds")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "once: says nothing about the database; runs in the pass on SQLite and is left out on PostgreSQL,"
        " as is all that asks for no database",
    )
    config.addinivalue_line("markers", "long: runs with --long only")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = []
    for item in items:
        if item.get_closest_marker("long") and not config.getoption("--long"):
            item.add_marker(pytest.mark.skip(reason="a long run: script/test --long"))
        if _on_postgresql() and (item.get_closest_marker("once") or not _may_touch_the_database(item)):
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]
    if hasattr(config, "workerinput"):
        # Side by side: what takes longest begins first, so that the processes end together.
        items.sort(key=_turn)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Look for rubbish more rarely, and no more among what is loaded by now, which stays until the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 10)


@pytest.fixture(scope="session")
def long_run(pytestconfig: pytest.Config) -> bool:
    """Whether this is a long run, asked for by --long."""
    return bool(pytestconfig.getoption("--long"))


def _turn(item: pytest.Item) -> int:
    """Which of LONGEST a test is of, from the longest on; all others come after them, as they stand."""
    return next((turn for turn, beginning in enumerate(LONGEST) if item.nodeid.startswith(beginning)), len(LONGEST))


def _may_touch_the_database(item: pytest.Item) -> bool:
    """Whether a test can come to a database: pytest-django lets only those that ask for one.

    Some start processes of their own, which have one without asking, and some choose their fixtures as they run.
    """
    if item.nodeid.startswith(PROCESSES) or item.get_closest_marker("django_db"):
        return True
    if not isinstance(item, pytest.Function) or "request" in item._fixtureinfo.argnames:
        return True
    return not DATABASE.isdisjoint(item.fixturenames)


def _on_postgresql() -> bool:
    return bool(settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql")
