"""What belongs to no department is allowed by any role of an agent."""

import pytest

from accounts.models import Permission, Role
from accounts.principal import Principal
from tests import cast
from tests.cast import LIMITED, VIEW_ONLY
from tickets import policy


def test_any_role_of_an_agent_allows_it(billing, support):
    nina = cast.make_agent("Nina", billing, role=VIEW_ONLY)

    assert not policy.allows(cast.principal(nina), Permission.PERSON_EDIT)

    cast.give_access(nina, support)

    assert policy.allows(cast.principal(nina), Permission.PERSON_EDIT)


def test_an_agent_without_a_role_may_nothing(db):
    assert not policy.allows(cast.principal(cast.make_agent("Nina")), Permission.PERSON_VIEW)


def test_it_is_for_the_desk_alone(grace):
    assert not policy.allows(Principal.requester(grace), Permission.PERSON_VIEW)
    assert not policy.allows(Principal.administrator(grace), Permission.PERSON_VIEW)


@pytest.mark.parametrize(("role", "may"), [(VIEW_ONLY, False), (LIMITED, True)])
def test_the_stock_roles_say_who_opens_tickets_for_others(db, role, may):
    assert Role.objects.get(name=role).allows(Permission.CREATE) is may
