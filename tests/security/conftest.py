import pytest

from tests.security.world import World, make_world


@pytest.fixture
def world(ticket, ada_confirmed, grace, linus, admin_user, billing) -> World:
    return make_world(ticket, ada_confirmed, grace, linus, admin_user, billing)
