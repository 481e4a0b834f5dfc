"""Whom a department's tickets may be assigned to: the list that is offered and the policy say the same."""

import pytest

from accounts.models import User
from accounts.principal import Principal
from tests import cast
from tests.cast import LIMITED, MONDAY
from tickets import actions, policy
from tickets.models import AssignableTo, Department, DepartmentAccess
from tickets.policy import Deed


@pytest.fixture
def people(billing, support):
    """Everybody of whom the question could be asked."""
    first = cast.make_agent("First", billing)
    DepartmentAccess.objects.filter(agent=first).update(is_primary=True)
    cast.make_agent("Also", billing)
    cast.make_agent("Away", billing, on_vacation=True)
    cast.make_agent("Off", billing, is_active=False)
    cast.make_agent("Elsewhere", support)
    cast.make_agent("Nowhere")
    cast.make_person("asks@example.org", "Asks")
    Department.objects.filter(pk=billing.pk).update(manager=cast.make_agent("Manages", support))


@pytest.mark.parametrize(
    ("assignable_to", "names"),
    [
        (AssignableTo.PRIMARY, {"First", "Manages"}),
        (AssignableTo.MEMBERS, {"First", "Also", "Manages"}),
        (AssignableTo.EVERYONE, {"First", "Also", "Manages", "Elsewhere", "Nowhere"}),
    ],
)
def test_the_list_and_the_policy_agree(assignable_to, names, people, billing):
    Department.objects.filter(pk=billing.pk).update(assignable_to=assignable_to)
    department = Department.objects.get(pk=billing.pk)

    offered = {user.name for user in policy.assignable(department)}
    allowed = {user.name for user in User.objects.all() if policy.why_not_assigned(department, user) is None}

    assert offered == allowed == names


def test_the_sentences(people, billing):
    department = Department.objects.get(pk=billing.pk)

    def why(name):
        return policy.why_not_assigned(department, User.objects.get(name=name))

    assert why("Away") == "Away is on vacation."
    assert why("Off") == "Off is not an active agent."
    assert why("Elsewhere") == "Elsewhere does not work in Billing. Transfer the ticket first."
    department.assignable_to = AssignableTo.PRIMARY
    assert why("Also") == ("Tickets of Billing are given only to agents who belong to it first of all, unlike Also.")


def test_who_is_assigned_without_working_there_may_finish_it(ticket, billing, linus, grace):
    Department.objects.filter(pk=billing.pk).update(assignable_to=AssignableTo.EVERYONE)

    actions.assign(ticket=ticket, to=linus, by=Principal.agent(grace), at=MONDAY)
    ticket.refresh_from_db()

    assert policy.may(Principal.agent(linus), Deed.REPLY, ticket)
    assert not policy.may(Principal.agent(linus), Deed.TRANSFER, ticket)


# --- Claiming is assigning to oneself ------------------------------------------------------------------


def test_who_belongs_elsewhere_first_of_all_does_not_claim_where_only_the_own_may(ticket, billing, grace):
    Department.objects.filter(pk=billing.pk).update(assignable_to=AssignableTo.PRIMARY)

    ticket.refresh_from_db()

    assert "first of all" in policy.may(Principal.agent(grace), Deed.CLAIM, ticket).reason

    DepartmentAccess.objects.filter(agent=grace).update(is_primary=True)
    assert policy.may(Principal.agent(grace), Deed.CLAIM, ticket)


def test_but_what_their_team_has_they_claim(ticket, billing, grace, accountants):
    Department.objects.filter(pk=billing.pk).update(assignable_to=AssignableTo.PRIMARY)
    actions.assign(ticket=ticket, to=accountants, by=Principal.agent(grace), at=MONDAY)
    ticket.refresh_from_db()

    assert policy.may(Principal.agent(grace), Deed.CLAIM, ticket)


def test_who_is_on_vacation_and_claims_all_the_same_has_it(ticket, billing):
    asta = cast.make_agent("Asta", billing, role=LIMITED, on_vacation=True)

    assert policy.may(Principal.agent(asta), Deed.CLAIM, ticket)
