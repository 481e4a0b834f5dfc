"""The ways to see a ticket that depend on more than a row: what an organisation shares, what a manager sees."""

import pytest

from accounts.models import Members, Organization
from accounts.principal import Principal
from tests import cast
from tests.cast import MONDAY, VIEW_ONLY
from tickets import actions, policy
from tickets.models import Department, Referral, Ticket
from tickets.models.grants import WORK_GRANTS
from tickets.policy import Deed


@pytest.fixture
def acme(db):
    return Organization.objects.create(name="Acme")


@pytest.fixture
def shared(ticket, acme):
    """Ada's ticket, opened when she belonged to Acme."""
    Ticket.objects.filter(pk=ticket.pk).update(organization=acme)
    return Ticket.objects.get(pk=ticket.pk)


@pytest.mark.parametrize(
    ("sharing", "primary", "sees"),
    [
        (Members.NOBODY, True, False),
        (Members.PRIMARY, False, False),
        (Members.PRIMARY, True, True),
        (Members.ALL, False, True),
    ],
)
def test_what_an_organisation_shares_its_people_read(sharing, primary, sees, shared, acme):
    Organization.objects.update(sharing=sharing)
    carl = cast.make_person("carl@example.org", "Carl", organization=acme, is_primary_contact=primary)

    by = Principal.requester(carl)

    assert Ticket.objects.visible_to(by).exists() is sees
    assert policy.standing(by, shared).grants == (("organisation",) if sees else ())


def test_a_primary_contact_of_another_organisation_opens_nothing(shared, acme):
    """The condition is about one member: not "one of them is a primary contact"."""
    Organization.objects.update(sharing=Members.PRIMARY)
    cast.make_person("pia@example.org", "Pia", organization=acme, is_primary_contact=True)
    carl = cast.make_person("carl@example.org", "Carl", organization=acme)

    assert not Ticket.objects.visible_to(Principal.requester(carl)).exists()


def test_an_archived_organisation_shares_nothing(shared, acme):
    Organization.objects.update(sharing=Members.ALL, archived_at=MONDAY)
    carl = cast.make_person("carl@example.org", "Carl", organization=acme)

    assert not Ticket.objects.visible_to(Principal.requester(carl)).exists()


def test_sharing_is_by_the_ticket_not_by_who_asked(ticket, ada, acme):
    """Ada joined Acme after she had asked: that ticket is hers alone."""
    Organization.objects.update(sharing=Members.ALL)
    ada.organization = acme
    ada.save()
    carl = cast.make_person("carl@example.org", "Carl", organization=acme)

    assert not Ticket.objects.visible_to(Principal.requester(carl)).exists()


def test_colleagues_read_and_do_nothing(shared, acme):
    Organization.objects.update(sharing=Members.ALL)
    carl = Principal.requester(cast.make_person("carl@example.org", "Carl", organization=acme))

    assert policy.may(carl, Deed.VIEW, shared)
    assert policy.may(carl, Deed.MESSAGE, shared).reason == "Only people who take part in this ticket can write to it."


def test_who_asked_and_is_of_the_organisation_too_may_what_who_asked_may(shared, acme, ada):
    Organization.objects.update(sharing=Members.ALL)
    ada.organization = acme
    ada.save()

    standing = policy.standing(Principal.requester(ada), shared)

    assert standing.grants == ("requester", "organisation")
    assert standing.may(Deed.MESSAGE, shared)


def test_at_the_desk_belonging_to_an_organisation_says_nothing(shared, acme, linus):
    Organization.objects.update(sharing=Members.ALL)
    linus.organization = acme
    linus.save()

    assert not Ticket.objects.visible_to(Principal.agent(linus)).exists()
    assert not Ticket.objects.visible_to(Principal.link(linus, shared.pk)).exists()


# --- Managers, and who sees only what is assigned ----------------------------------------------------


def test_a_manager_does_what_the_role_all_access_allows(ticket, billing, elsewhere, grace):
    mona = cast.make_agent("Mona", elsewhere, role=VIEW_ONLY)
    Department.objects.filter(pk=billing.pk).update(manager=mona)

    hers = policy.standing(Principal.agent(mona), ticket)
    of_a_role = policy.standing(Principal.agent(grace), ticket)

    assert hers.grants == ("manager",)
    assert hers.permissions == {one for one in of_a_role.permissions if one.startswith("ticket.")}


def test_managing_is_more_than_a_lesser_role_there(ticket, billing):
    vera = cast.make_agent("Vera", billing, role=VIEW_ONLY)
    Department.objects.filter(pk=billing.pk).update(manager=vera)

    assert policy.may(Principal.agent(vera), Deed.TRANSFER, ticket)


def test_what_a_manager_manages_is_work_in_the_queues(ticket, billing, linus):
    Department.objects.filter(pk=billing.pk).update(manager=linus)

    assert Ticket.objects.visible_to(Principal.agent(linus), by=WORK_GRANTS).get() == ticket


def test_a_manager_who_was_switched_off_sees_nothing(ticket, billing):
    mona = cast.make_agent("Mona", is_active=False)
    Department.objects.filter(pk=billing.pk).update(manager=mona)

    assert not Ticket.objects.visible_to(Principal.agent(mona)).exists()


def test_only_assigned_means_assigned_by_team_or_referred(ticket, billing, grace, topic, ada):
    boss = Principal.agent(grace)
    olaf = cast.make_agent("Olaf", billing, sees_only_assigned=True)
    his, teams, referred, referred_to_department = (cast.make_ticket(ada, topic) for _number in range(4))
    actions.assign(ticket=his, to=olaf, by=boss, at=MONDAY)
    actions.assign(ticket=teams, to=cast.make_team("Night shift", olaf), by=boss, at=MONDAY)
    actions.refer(ticket=referred, to=olaf, by=boss, at=MONDAY)
    other = Department.objects.create(name="Other")
    cast.give_access(olaf, other)
    Referral.objects.create(ticket=referred_to_department, department=other, created_at=MONDAY)

    assert set(Ticket.objects.visible_to(Principal.agent(olaf))) == {his, teams, referred}
    assert set(Ticket.objects.visible_to(Principal.agent(olaf), by=WORK_GRANTS)) == {his, teams}


def test_in_the_own_department_the_role_decides_for_them_too(ticket, billing, grace):
    vera = cast.make_agent("Vera", billing, role=VIEW_ONLY, sees_only_assigned=True)
    actions.assign(ticket=ticket, to=vera, by=Principal.agent(grace), at=MONDAY)
    ticket.refresh_from_db()

    assert not policy.may(Principal.agent(vera), Deed.REPLY, ticket)


# --- Looking with somebody else's rights -----------------------------------------------------------------


def test_looking_as_an_agent_shows_what_the_agent_sees_and_lets_nothing_be_done(ticket, admin_user, grace, linus):
    as_grace, as_linus = Principal.seen_by(admin_user, grace), Principal.seen_by(admin_user, linus)

    assert Ticket.objects.visible_to(as_grace).get() == ticket
    assert not Ticket.objects.visible_to(as_linus).exists()
    assert policy.may(as_grace, Deed.VIEW, ticket)
    reasons = {policy.may(as_grace, deed, ticket).reason for deed in Deed if deed != Deed.VIEW}
    assert reasons == {"You are looking at the desk with somebody else's rights, so nothing can be done here."}
