"""The cast as fixtures, and what every test relies on: stock rows, empty caches, a folder for files."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django.plugin import blocking_manager_key

from accounts.models import Address, Preferences, Team, User
from accounts.principal import Principal
from core import throttle
from sla.models import SLAPlan
from tests import cast
from tests.cast import ALL_ACCESS, HOUR, MONDAY
from tickets.models import Department, HelpTopic, Ticket

# --- What every test relies on --------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests with real transactions find the rows of the data migrations, which the one before them flushed."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and _is_transactional(item) and "django_db_serialized_rollback" not in names:
            names.append("django_db_serialized_rollback")
            if marker := item.get_closest_marker("django_db"):
                # pytest-django keeps the rows only for who says so in the marker itself.
                kept = pytest.mark.django_db(*marker.args, **marker.kwargs | {"serialized_rollback": True})
                item.add_marker(kept, append=False)


def _is_transactional(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    return bool(
        (marker and marker.kwargs.get("transaction"))
        or {"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Bring the rows of the data migrations back after a test with real transactions flushed them.

    Such tests come last in one process; side by side, files come in any order.
    """
    yield
    # Where the very first was skipped there is no database yet.
    if nextitem is not None and _is_transactional(item) and hasattr(connection, "_test_serialized_contents"):
        with item.config.stash[blocking_manager_key].unblock():
            connection.creation.deserialize_db_from_string(connection._test_serialized_contents)


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> None:
    """Throttles count in the shared cache, which no rollback reaches when it is Redis or was committed to."""
    if settings.REDIS_URL:
        cache.clear()
    elif _is_transactional(request.node):
        request.getfixturevalue("transactional_db")
        cache.clear()


@pytest.fixture(autouse=True)
def files_dir(tmp_path: Path, settings: object) -> Path:
    """Keep attachments of each test apart, and gone after it."""
    folder = tmp_path / "files"
    settings.FILES_DIR = folder
    return folder


@pytest.fixture(autouse=True)
def _replies_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let replies go without the time to take them back, which the tests of holding bring back."""
    monkeypatch.setattr(Preferences._meta.get_field("undo_seconds"), "_get_default", lambda: 0)


@pytest.fixture
def throttle_clock(monkeypatch: pytest.MonkeyPatch) -> object:
    """The time that throttles name their slots by, which stands; move it with `throttle_clock.now += seconds`."""

    class Clock:
        now = 1_000_000_200.0

        def time(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(throttle, "time", clock)
    return clock


@pytest.fixture
def commit(
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager],
) -> Callable[[], AbstractContextManager]:
    """`with commit(): …` runs what the block left for after the commit, as a real commit would."""
    return partial(django_capture_on_commit_callbacks, execute=True)


# --- Departments, topics, plans ----------------------------------------------------------------


@pytest.fixture
def support(db: None) -> Department:
    """The default department, from the data migration. Ken works here."""
    return Department.objects.get(name="Support")


@pytest.fixture
def billing(db: None) -> Department:
    """Grace works here."""
    return Department.objects.create(name="Billing")


@pytest.fixture
def elsewhere(db: None) -> Department:
    """Linus works here; no ticket of the cast ever comes by."""
    return Department.objects.create(name="Kernel")


@pytest.fixture
def plan(db: None) -> SLAPlan:
    """First response within one hour, resolution within four."""
    return cast.make_plan("Sev-B (1h/4h, 24/7)", first_response=HOUR, resolution=4 * HOUR)


@pytest.fixture
def topic(billing: Department, plan: SLAPlan) -> HelpTopic:
    """Invoices: to Billing, with high priority, under `plan`."""
    return cast.make_topic("Invoices", department=billing, priority=cast.priority("High"), sla_plan=plan)


# --- People ------------------------------------------------------------------------------------


@pytest.fixture
def ada(db: None) -> User:
    """Asks. A guest: her address is not confirmed."""
    return cast.make_person("ada@example.org", "Ada", confirmed=False)


@pytest.fixture
def ada_address(ada: User) -> Address:
    return cast.address_for(ada)


@pytest.fixture
def ada_confirmed(ada: User) -> User:
    """Ada, once her address is confirmed; she can sign in with cast.PASSWORD."""
    return cast.make_person("ada@example.org", "Ada")


@pytest.fixture
def grace(billing: Department) -> User:
    """Agent in Billing, All access."""
    return cast.make_agent("Grace", billing, role=ALL_ACCESS)


@pytest.fixture
def ken(support: Department) -> User:
    """Agent in Support, All access."""
    return cast.make_agent("Ken", support, role=ALL_ACCESS)


@pytest.fixture
def linus(elsewhere: Department) -> User:
    """Agent in another department, All access there. Must see nothing."""
    return cast.make_agent("Linus", elsewhere, role=ALL_ACCESS)


@pytest.fixture
def admin_user(db: None) -> User:
    """Administrator and no agent: configures, and sees no ticket at the desk."""
    return cast.make_person("root@example.com", "Rosa Root", is_administrator=True)


@pytest.fixture
def accountants(grace: User) -> Team:
    """A team of which Grace is the only member."""
    return cast.make_team("Accountants", grace)


@pytest.fixture
def principal() -> Callable[[User], Principal]:
    """`principal(grace)`: how this person usually comes, agents by the desk, others by the portal."""
    return cast.principal


# --- The ticket --------------------------------------------------------------------------------


@pytest.fixture
def ticket(ada: User, topic: HelpTopic) -> Ticket:
    """Ada's ticket about an invoice, opened on MONDAY by the web form; open, in Billing, nobody's."""
    return cast.make_ticket(ada, topic, at=MONDAY)


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """`sign_in(grace)` returns a test client in which she is signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
        return client

    return signed_in
