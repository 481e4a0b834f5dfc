"""Transferring to another department, and the access that stays behind."""

import pytest

from accounts.principal import Principal
from tests import cast
from tests.cast import EXPANDED, HOUR, MONDAY, TUESDAY
from tickets import actions, policy
from tickets.errors import ChangedMeanwhile, NotAllowed
from tickets.models import Awaiting, EntryKind, Kind, Referral, Status, Ticket
from tickets.policy import Deed


@pytest.fixture
def boss(grace):
    return Principal.agent(grace)


def reread(ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_it_is_the_other_departments_and_nobodys(ticket, boss, support):
    actions.claim(ticket=ticket, by=boss, at=MONDAY)

    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY)

    ticket = reread(ticket)
    assert (ticket.department, ticket.status, ticket.held_by) == (support, Status.OPEN, None)


def test_it_is_our_turn_then(ticket, boss, support):
    actions.reply(ticket=ticket, text="Which one?", by=boss, at=MONDAY)

    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY)

    assert reread(ticket).awaiting == Awaiting.AGENT


def test_the_event_says_from_where_to_where_and_who_had_it(ticket, boss, grace, billing, support):
    actions.claim(ticket=ticket, by=boss, at=MONDAY)

    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY)

    assert ticket.events.get(kind=Kind.TRANSFERRED).data == {
        "to": support.pk,
        "from": billing.pk,
        "kept_access": True,
        "held_by": f"user:{grace.pk}",
    }


def test_the_note_belongs_to_the_same_deed(ticket, boss, support):
    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY, note="Beyond us.")

    note, transferred = ticket.events.filter(number__gt=1).order_by("number")
    assert (note.kind, transferred.kind, note.deed) == (Kind.NOTE_ADDED, Kind.TRANSFERRED, transferred.deed)
    assert ticket.entries.get(kind=EntryKind.NOTE).text == "Beyond us."


def test_the_clocks_go_on(ticket, boss, support):
    actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY + HOUR)

    assert ticket.clocks.running().count() == 2
    assert reread(ticket).sla_plan == ticket.sla_plan


def test_a_reopened_ticket_stays_reopened(ticket, boss, support):
    actions.claim(ticket=ticket, by=boss, at=MONDAY)
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)
    actions.reopen(ticket=ticket, by=boss, at=TUESDAY)

    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY)

    assert (reread(ticket).status, reread(ticket).held_by) == (Status.REOPENED, None)


def test_with_an_assignee_named_they_have_it(ticket, boss, support, ken):
    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY, assignee=ken)

    transferred, assigned = ticket.events.filter(number__gt=1).order_by("number")
    assert (reread(ticket).status, reread(ticket).assignee) == (Status.ASSIGNED, ken)
    assert (transferred.kind, assigned.kind, transferred.deed) == (Kind.TRANSFERRED, Kind.ASSIGNED, assigned.deed)


def test_the_assignee_must_work_there(ticket, boss, support, linus):
    with pytest.raises(NotAllowed, match="Linus does not work in Support"):
        actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY, assignee=linus, note="Yours.")

    assert reread(ticket).department == ticket.department
    assert ticket.events.count() == ticket.entries.count() == 1
    assert not ticket.referrals.exists()


def test_an_archived_department_gets_nothing(ticket, boss, support):
    support.archived_at = MONDAY
    support.save()

    with pytest.raises(NotAllowed, match="is archived"):
        actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY)


def test_what_happened_meanwhile_is_told_first(ticket, boss, support, billing):
    asta = Principal.agent(cast.make_agent("Asta", billing))
    actions.claim(ticket=ticket, by=asta, at=MONDAY)

    with pytest.raises(ChangedMeanwhile):
        actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY, seen=1)


# --- Who keeps what ----------------------------------------------------------------------------------


def test_the_giving_department_and_agent_go_on_reading_and_noting(ticket, boss, billing, support):
    colleague = Principal.agent(cast.make_agent("Asta", billing, role=EXPANDED))

    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY)

    ticket = reread(ticket)
    for giver in (boss, colleague):
        assert policy.may(giver, Deed.VIEW, ticket).grants == ("referral",)
        assert policy.may(giver, Deed.NOTE, ticket)
        assert not policy.may(giver, Deed.REPLY, ticket)
        assert not policy.may(giver, Deed.TRANSFER, ticket)


def test_who_keeps_no_access_sees_nothing_more(ticket, boss, support):
    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY, keep_access=False)

    assert not Ticket.objects.visible_to(boss).exists()


def test_the_giver_finds_it_handed_over(ticket, boss, grace, support):
    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY)

    assert list(Ticket.objects.visible_to(boss).handed_over_by(grace)) == [ticket]


def test_a_ticket_that_came_back_is_no_longer_handed_over(ticket, boss, grace, ken, billing, support):
    actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY)

    actions.transfer(ticket=ticket, to=billing, by=Principal.agent(ken), at=TUESDAY)

    assert not Ticket.objects.visible_to(boss).handed_over_by(grace).exists()
    assert list(Ticket.objects.visible_to(Principal.agent(ken)).handed_over_by(ken)) == [ticket]
    assert not ticket.referrals.filter(department=billing).exists()


def test_a_ticket_that_the_giver_got_again_is_theirs_not_handed_over(ticket, boss, grace, ken, support):
    actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY)
    cast.give_access(grace, support)

    actions.assign(ticket=ticket, to=grace, by=Principal.agent(ken), at=TUESDAY)

    assert not Ticket.objects.handed_over_by(grace).exists()


def test_who_works_in_both_hands_nothing_over(ticket, boss, grace, support):
    cast.give_access(grace, support)

    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY)

    assert not ticket.referrals.filter(agent=grace).exists()
    assert policy.may(boss, Deed.REPLY, ticket)


def test_handed_over_twice_it_is_one_referral(ticket, boss, grace, ken, billing, support):
    actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY)
    actions.transfer(ticket=ticket, to=billing, by=Principal.agent(ken), at=MONDAY)
    actions.transfer(ticket=ticket, to=support, by=boss, at=TUESDAY)

    assert ticket.referrals.filter(agent=grace).count() == ticket.referrals.filter(department=billing).count() == 1


# --- Taking access away -------------------------------------------------------------------------------


def test_kept_access_can_be_taken_away(ticket, boss, grace, ken, support):
    actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY)

    for referral in list(ticket.referrals.all()):
        actions.remove_referral(ticket=ticket, referral=referral, by=Principal.agent(ken), at=TUESDAY)

    assert not Ticket.objects.visible_to(boss).exists()
    holders = {event.data["holder"] for event in ticket.events.filter(kind=Kind.REFERRAL_REMOVED)}
    assert holders == {f"user:{grace.pk}", f"department:{ticket.department_id}"}


def test_taken_away_twice_is_one_event(ticket, boss, ken, support):
    actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY)
    referral = ticket.referrals.first()

    for _ in range(2):
        actions.remove_referral(ticket=ticket, referral=referral, by=Principal.agent(ken), at=TUESDAY)

    assert ticket.events.filter(kind=Kind.REFERRAL_REMOVED).count() == 1


def test_another_tickets_referral_is_not_touched(ticket, boss, ken, ada, topic, support):
    other = cast.make_ticket(ada, topic)
    actions.transfer(ticket=other, to=support, by=boss, at=MONDAY)
    referral = other.referrals.first()

    actions.remove_referral(ticket=ticket, referral=referral, by=boss, at=TUESDAY)

    assert Referral.objects.filter(pk=referral.pk).exists()
