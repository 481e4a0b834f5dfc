"""The policy: grants, permissions, and what asking costs. Who may do what stands in test_transitions_table.py."""

import pytest
from django.utils import timezone

from accounts.models import Permission, Role
from accounts.principal import Face, Principal
from tests import cast
from tests.cast import DAY, HOUR, LIMITED, MINUTE, MONDAY, NEXT_MONDAY, TUESDAY, VIEW_ONLY
from tickets import actions, policy
from tickets.errors import NotAllowed
from tickets.models import Department, Participant, Referral, Ticket
from tickets.models.people import Part
from tickets.policy import Deed


def grants(principal, ticket):
    return policy.may(principal, Deed.VIEW, ticket).grants


def test_the_verdict_says_by_which_grants_a_ticket_is_seen(ticket, ada, grace, linus, accountants):
    boss = Principal.agent(grace)
    actions.assign(ticket=ticket, to=accountants, by=boss, at=MONDAY)
    actions.claim(ticket=ticket, by=boss, at=MONDAY)
    Referral.objects.create(ticket=ticket, agent=linus, created_at=MONDAY)

    assert grants(boss, ticket) == ("department", "assigned", "team")
    assert grants(Principal.agent(linus), ticket) == ("referral",)
    assert grants(Principal.requester(ada), ticket) == ("requester",)
    assert grants(Principal.link(ada, ticket.pk), ticket) == ("link",)


@pytest.mark.parametrize("fact", [{"trashed_at": MONDAY}, {"merged_into": "other"}])
def test_what_is_in_the_trash_or_merged_nobody_sees(fact, ticket, ada, topic, grace, admin_user):
    other = cast.make_ticket(ada, topic)
    Ticket.objects.filter(pk=ticket.pk).update(**{k: other if v == "other" else v for k, v in fact.items()})

    for principal in (Principal.agent(grace), Principal.requester(ada), Principal.administrator(admin_user)):
        assert list(Ticket.objects.visible_to(principal)) == [other]
        assert not policy.may(principal, Deed.VIEW, ticket)


def test_who_is_agent_and_requester_counts_as_what_the_face_is_for(ticket, linus, ada):
    Participant.objects.create(
        ticket=ticket, user=linus, address=cast.address_for(linus), role=Part.COLLABORATOR, added_at=MONDAY
    )

    assert policy.may(Principal.requester(linus), Deed.MESSAGE, ticket)
    assert not policy.may(Principal.agent(linus), Deed.VIEW, ticket)
    assert not policy.may(Principal.agent(linus), Deed.MESSAGE, ticket)


def test_an_agent_who_asked_reads_no_notes_by_asking(billing, grace):
    """Grace asks her own department: in the portal she is a requester like any other."""
    hers = cast.make_ticket(grace, cast.make_topic("Own", department=billing))

    assert policy.may(Principal.requester(grace), Deed.NOTE, hers).reason == "Only agents can do this."
    assert policy.may(Principal.agent(grace), Deed.NOTE, hers)


def test_a_link_opens_one_ticket_only(ticket, ada, topic):
    other = cast.make_ticket(ada, topic)
    link = Principal.link(ada, ticket.pk)

    assert list(Ticket.objects.visible_to(link)) == [ticket]
    assert not policy.may(link, Deed.VIEW, other)


def test_so_does_a_collaborators(ticket, ada, ken, topic):
    other = cast.make_ticket(ada, topic)
    for one in (ticket, other):
        Participant.objects.create(
            ticket=one, user=ken, address=cast.address_for(ken), role=Part.COLLABORATOR, added_at=MONDAY
        )

    assert list(Ticket.objects.visible_to(Principal.link(ken, ticket.pk))) == [ticket]


def test_a_link_whose_holder_no_longer_takes_part_opens_nothing(ticket, ada, linus):
    assert not policy.may(Principal.link(linus, ticket.pk), Deed.VIEW, ticket)


@pytest.mark.parametrize("face", [Face.API, Face.SYSTEM])
def test_faces_without_grants_see_nothing(face, ticket, grace):
    seen = Ticket.objects.visible_to(Principal(user=grace, face=face)).exists()

    assert seen is (face == Face.SYSTEM)


# --- Roles decide where an agent works; holding decides elsewhere ------------------------------


def test_who_only_views_in_a_department_does_no_more_for_having_the_ticket(ticket, grace, billing):
    viewer = cast.make_agent("Vera", billing, role=VIEW_ONLY)
    actions.assign(ticket=ticket, to=viewer, by=Principal.agent(grace), at=MONDAY)

    standing = policy.standing(Principal.agent(viewer), ticket)

    assert standing.grants == ("department", "assigned")
    assert not [permission for permission in standing.permissions if permission.startswith("ticket.")]


def test_a_role_that_lets_one_only_note_lets_one_only_note(ticket, billing):
    clerk = cast.make_agent("Clerk", billing)
    clerk.department_access.update(role=Role.objects.create(name="Clerk", permissions=[Permission.NOTE]))

    allowed = {deed for deed in Deed if policy.may(Principal.agent(clerk), deed, ticket)}

    assert allowed == {Deed.VIEW, Deed.NOTE}


def test_a_referral_to_a_department_gives_no_more_than_the_role_in_it(ticket, support, ken):
    viewer = cast.make_agent("Vera", support, role=VIEW_ONLY)
    Referral.objects.create(ticket=ticket, department=support, created_at=MONDAY)

    assert policy.may(Principal.agent(ken), Deed.NOTE, ticket)
    assert policy.may(Principal.agent(viewer), Deed.VIEW, ticket)
    assert not policy.may(Principal.agent(viewer), Deed.NOTE, ticket)


def test_a_referral_to_a_person_or_a_team_lets_them_note(ticket, support, elsewhere):
    person, member = cast.make_agent("Piet", support, role=VIEW_ONLY), cast.make_agent("Mara", elsewhere)
    Referral.objects.create(ticket=ticket, agent=person, created_at=MONDAY)
    Referral.objects.create(ticket=ticket, team=cast.make_team("Night shift", member), created_at=MONDAY)

    for agent in (person, member):
        assert policy.may(Principal.agent(agent), Deed.NOTE, ticket)
        assert not policy.may(Principal.agent(agent), Deed.REPLY, ticket)


def test_rights_in_one_department_are_none_in_another(ticket, billing, support):
    both = cast.make_agent("Bo", support)
    cast.give_access(both, billing, LIMITED)

    assert not policy.may(Principal.agent(both), Deed.TRANSFER, ticket)


# --- What a deed leads to ------------------------------------------------------------------------


def test_tickets_are_assigned_only_to_agents_of_the_department(ticket, grace, ken, ada, billing):
    gone = cast.make_agent("Gone", billing, is_active=False)
    boss = Principal.agent(grace)

    def why(to):
        return policy.may(boss, Deed.ASSIGN, ticket, to=to).reason

    assert why(ken) == "Ken does not work in Billing. Transfer the ticket first."
    assert why(gone) == "Gone is not an active agent."
    assert why(ada) == "Ada is not an active agent."
    assert why(grace) == ""


def test_what_is_archived_is_not_led_to(ticket, grace, accountants, support):
    boss = Principal.agent(grace)
    low, plan, topic = cast.priority("Low"), cast.make_plan("Old", resolution=HOUR), cast.make_topic("Old")
    for row in (accountants, support, low, plan, topic):
        row.archived_at = MONDAY

    for deed, to in [
        (Deed.ASSIGN, accountants),
        (Deed.TRANSFER, support),
        (Deed.CHANGE_PRIORITY, low),
        (Deed.CHANGE_PLAN, plan),
        (Deed.CHANGE_TOPIC, topic),
    ]:
        assert "is archived" in policy.may(boss, deed, ticket, to=to).reason


def test_a_transfer_leads_elsewhere(ticket, grace, billing):
    verdict = policy.may(Principal.agent(grace), Deed.TRANSFER, ticket, to=billing)

    assert verdict.reason == "This ticket is already in Billing."


# --- Until when a requester may reopen --------------------------------------------------------------


def closed(ticket, grace):
    boss = Principal.agent(grace)
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)
    return actions.close(ticket=ticket, by=boss, at=TUESDAY)


@pytest.mark.parametrize(("late", "ok"), [(0 * MINUTE, True), (MINUTE, False)])
def test_a_requester_reopens_until_the_last_minute(late, ok, ticket, ada, grace):
    ticket = closed(ticket, grace)
    until = TUESDAY + 14 * DAY

    assert policy.reopens_until(ticket) == until
    assert policy.may(Principal.requester(ada), Deed.REOPEN, ticket, at=until + late).ok is ok
    assert policy.may(Principal.agent(grace), Deed.REOPEN, ticket, at=until + late)


def test_the_department_may_set_its_own_time(ticket, ada, grace, billing):
    Department.objects.filter(pk=billing.pk).update(reopen_within=DAY)
    ticket = Ticket.objects.get(pk=closed(ticket, grace).pk)

    with pytest.raises(NotAllowed, match="too long ago"):
        policy.require(Principal.link(ada, ticket.pk), Deed.REOPEN, ticket, at=NEXT_MONDAY)


def test_without_a_time_a_closed_ticket_is_not_promised_to_come_back(ticket, ada, grace):
    assert not policy.may(Principal.requester(ada), Deed.REOPEN, closed(ticket, grace))


# --- What asking costs -----------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "most"), [("grace", 2), ("ken", 3), ("linus", 1), ("ada", 1), ("admin_user", 1)])
def test_standing_costs_a_fixed_few_queries(who, most, ticket, request, django_assert_max_num_queries, support):
    Referral.objects.create(ticket=ticket, department=support, created_at=MONDAY)
    user = request.getfixturevalue(who)
    principal = Principal.administrator(user) if user.is_administrator else cast.principal(user)
    ticket = Ticket.objects.select_related("department").get(pk=ticket.pk)

    with django_assert_max_num_queries(most):
        standing = policy.standing(principal, ticket)
        for deed in Deed:
            standing.may(deed, ticket, at=timezone.now())


def test_standing_with_every_grant_at_once_costs_two(ticket, grace, accountants, support, django_assert_num_queries):
    boss = Principal.agent(grace)
    cast.give_access(grace, support)
    actions.assign(ticket=ticket, to=accountants, by=boss, at=MONDAY)
    actions.claim(ticket=ticket, by=boss, at=MONDAY)
    Referral.objects.create(ticket=ticket, department=support, created_at=MONDAY)
    Referral.objects.create(ticket=ticket, agent=grace, created_at=MONDAY)

    # The role allows what the referral would, so nobody asks for that.
    with django_assert_num_queries(2):
        standing = policy.standing(boss, ticket)

    assert standing.grants == ("department", "assigned", "team", "referral")


def test_who_may_not_assign_is_not_told_to(ticket, grace, billing):
    limited = cast.make_agent("Rosa", billing, role="Limited access")
    actions.claim(ticket=ticket, by=cast.principal(grace), at=cast.MONDAY)
    ticket.refresh_from_db()

    verdict = policy.may(cast.principal(limited), Deed.CLAIM, ticket)

    assert not verdict
    assert verdict.reason == "Grace has this ticket."
