"""Referring a ticket: somebody else reads along."""

import pytest

from accounts.principal import Principal
from tests import cast
from tests.cast import EXPANDED, LIMITED, MONDAY, TUESDAY
from tickets import actions, policy
from tickets.errors import ChangedMeanwhile, NotAllowed
from tickets.models import Department, EntryKind, Kind, Referral, Ticket
from tickets.policy import Deed


@pytest.fixture
def boss(grace):
    return Principal.agent(grace)


@pytest.fixture(params=["agent", "team", "department"])
def holder(request, linus, elsewhere):
    """Each time something by which Linus gets to read."""
    team = cast.make_team("Night shift", linus)
    return {"agent": linus, "team": team, "department": elsewhere}[request.param]


def test_who_it_is_referred_to_reads_and_notes_and_no_more(ticket, boss, linus, holder):
    referral = actions.refer(ticket=ticket, to=holder, by=boss, at=MONDAY)

    by = Principal.agent(linus)
    assert Ticket.objects.visible_to(by).get() == ticket
    assert policy.may(by, Deed.NOTE, ticket)
    assert not policy.may(by, Deed.REPLY, ticket)
    assert not policy.may(by, Deed.CLAIM, ticket)
    assert (referral.holder, referral.referred_by, referral.created_at) == (holder, boss.user, MONDAY)


def test_the_event_names_who_reads_along(ticket, boss, support):
    actions.refer(ticket=ticket, to=support, by=boss, at=MONDAY)

    event = ticket.events.get(kind=Kind.REFERRED)
    assert (event.by, event.data) == (boss.user, {"to": f"department:{support.pk}"})


def test_the_note_belongs_to_the_same_deed(ticket, boss, linus):
    actions.refer(ticket=ticket, to=linus, by=boss, at=MONDAY, note="Do you know this one?")

    assert ticket.entries.get(kind=EntryKind.NOTE).text == "Do you know this one?"
    assert len(set(ticket.events.filter(number__gt=1).values_list("deed", flat=True))) == 1


def test_a_resolved_ticket_can_be_shown_to_others_too(ticket, boss, linus):
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)

    actions.refer(ticket=ticket, to=linus, by=boss, at=TUESDAY)

    assert ticket.referrals.get().agent == linus


def test_who_sees_it_anyway_needs_none(ticket, boss, billing, elsewhere, ada):
    asta = cast.make_agent("Asta", billing)
    gone = cast.make_agent("Gone", elsewhere, is_active=False)

    def why(to):
        with pytest.raises(NotAllowed) as refusal:
            actions.refer(ticket=ticket, to=to, by=boss, at=MONDAY)
        return str(refusal.value)

    assert why(asta) == "Asta sees this ticket already."
    assert why(billing) == "This ticket is already in Billing."
    assert why(gone) == "Gone is not an active agent."
    assert why(ada) == "Ada is not an active agent."
    assert not Referral.objects.exists()


def test_who_sees_only_what_is_assigned_can_be_shown_a_ticket_of_their_department(ticket, boss, billing):
    olaf = cast.make_agent("Olaf", billing, sees_only_assigned=True)

    actions.refer(ticket=ticket, to=olaf, by=boss, at=MONDAY)

    assert policy.may(Principal.agent(olaf), Deed.NOTE, ticket)


def test_twice_it_says_that_they_have_access(ticket, boss, linus, accountants, support):
    for to in (linus, accountants, support):
        actions.refer(ticket=ticket, to=to, by=boss, at=MONDAY)
        with pytest.raises(NotAllowed, match="has access already"):
            actions.refer(ticket=ticket, to=to, by=boss, at=MONDAY)

    assert ticket.referrals.count() == 3


@pytest.mark.parametrize(("role", "may"), [(EXPANDED, True), (LIMITED, False)])
def test_the_role_says_who_may(role, may, ticket, billing, linus):
    asta = Principal.agent(cast.make_agent("Asta", billing, role=role))

    assert policy.may(asta, Deed.REFER, ticket, to=linus).ok is may
    assert policy.may(asta, Deed.REMOVE_REFERRAL, ticket).ok is may


def test_what_happened_meanwhile_is_told_first(ticket, boss, billing, linus):
    asta = Principal.agent(cast.make_agent("Asta", billing))
    actions.add_note(ticket=ticket, text="Not for Linus.", by=asta, at=MONDAY)

    with pytest.raises(ChangedMeanwhile):
        actions.refer(ticket=ticket, to=linus, by=boss, at=MONDAY, seen=1)

    assert not ticket.referrals.exists()


def test_an_archived_department_gets_nothing(ticket, boss, support):
    Department.objects.filter(pk=support.pk).update(archived_at=MONDAY)
    support.refresh_from_db()

    with pytest.raises(NotAllowed, match="is archived"):
        actions.refer(ticket=ticket, to=support, by=boss, at=MONDAY)


# --- Handing a ticket over to oneself ----------------------------------------------------------------


def test_who_sees_only_what_is_assigned_keeps_access_to_what_they_handed_to_their_department(ticket, boss, support):
    """The department says nothing to Olaf, so the access that he kept stays his."""
    olaf = cast.make_agent("Olaf", support, sees_only_assigned=True)
    actions.refer(ticket=ticket, to=olaf, by=boss, at=MONDAY)

    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY)

    assert Ticket.objects.visible_to(Principal.agent(olaf)).get() == ticket


def test_a_manager_has_no_use_for_access_to_what_comes_to_their_department(ticket, boss, support, linus):
    Department.objects.filter(pk=support.pk).update(manager=linus)
    actions.refer(ticket=ticket, to=linus, by=boss, at=MONDAY)

    actions.transfer(ticket=ticket, to=Department.objects.get(pk=support.pk), by=boss, at=TUESDAY, keep_access=False)

    assert not ticket.referrals.exists()
    assert policy.standing(Principal.agent(linus), Ticket.objects.get()).grants == ("manager",)
