"""Assigning to agents and teams, claiming, giving back."""

import pytest

from accounts.principal import Principal
from tests import cast
from tests.cast import LIMITED, MONDAY, TUESDAY
from tickets import actions, events
from tickets.errors import ChangedMeanwhile, NotAllowed
from tickets.models import EntryKind, Kind, Status, Ticket


@pytest.fixture
def boss(grace):
    return Principal.agent(grace)


@pytest.fixture
def asta(billing):
    return cast.make_agent("Asta", billing, role=LIMITED)


def reread(ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_an_agent_gets_the_ticket(ticket, boss, asta):
    actions.assign(ticket=ticket, to=asta, by=boss, at=TUESDAY)

    event = ticket.events.get(kind=Kind.ASSIGNED)
    assert (reread(ticket).status, reread(ticket).assignee) == (Status.ASSIGNED, asta)
    assert event.data == {"to": f"user:{asta.pk}"}


def test_a_team_gets_the_ticket_and_nobody_in_it(ticket, boss, grace, accountants):
    actions.assign(ticket=ticket, to=grace, by=boss, at=MONDAY)

    actions.assign(ticket=ticket, to=accountants, by=boss, at=TUESDAY)

    ticket = reread(ticket)
    assert (ticket.status, ticket.team, ticket.assignee) == (Status.ASSIGNED, accountants, None)
    assert ticket.events.latest("number").data == {"to": f"team:{accountants.pk}", "from": f"user:{grace.pk}"}


def test_an_agent_takes_it_for_the_team(ticket, boss, grace, accountants):
    actions.assign(ticket=ticket, to=accountants, by=boss, at=MONDAY)

    actions.claim(ticket=ticket, by=boss, at=TUESDAY)

    ticket = reread(ticket)
    assert (ticket.team, ticket.assignee) == (accountants, grace)
    assert ticket.events.latest("number").data == {"to": f"user:{grace.pk}", "from": f"team:{accountants.pk}"}


def test_a_note_with_it_belongs_to_the_same_deed(ticket, boss, asta):
    actions.assign(ticket=ticket, to=asta, by=boss, at=TUESDAY, note="You know this customer.")

    note, assigned = ticket.events.filter(number__gt=1).order_by("number")
    assert (note.kind, assigned.kind) == (Kind.NOTE_ADDED, Kind.ASSIGNED)
    assert note.deed == assigned.deed
    assert ticket.entries.get(kind=EntryKind.NOTE).text == "You know this customer."


def test_a_refused_assignment_leaves_no_note(ticket, boss, ken):
    with pytest.raises(NotAllowed):
        actions.assign(ticket=ticket, to=ken, by=boss, at=TUESDAY, note="Yours.")

    assert not ticket.entries.filter(kind=EntryKind.NOTE).exists()


def test_who_has_it_does_not_get_it_again(ticket, boss, asta, accountants):
    actions.assign(ticket=ticket, to=asta, by=boss, at=MONDAY)
    with pytest.raises(NotAllowed, match="Asta already has this ticket"):
        actions.assign(ticket=ticket, to=asta, by=boss, at=TUESDAY)

    actions.assign(ticket=ticket, to=accountants, by=boss, at=TUESDAY)
    with pytest.raises(NotAllowed, match="Accountants already has this ticket"):
        actions.assign(ticket=ticket, to=accountants, by=boss, at=TUESDAY)


def test_a_reopened_ticket_is_assigned_and_no_longer_reopened(ticket, boss, asta):
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)
    actions.reopen(ticket=ticket, by=boss, at=TUESDAY)

    actions.assign(ticket=ticket, to=asta, by=boss, at=TUESDAY)

    assert reread(ticket).status == Status.ASSIGNED


# --- Claiming ------------------------------------------------------------------------------------


def test_who_claims_has_it(ticket, asta):
    actions.claim(ticket=ticket, by=Principal.agent(asta), at=TUESDAY)

    event = ticket.events.get(kind=Kind.CLAIMED)
    assert (reread(ticket).status, reread(ticket).assignee) == (Status.ASSIGNED, asta)
    assert (event.by, event.data) == (asta, {"to": f"user:{asta.pk}"})


def test_who_is_slower_is_told_by_whom(ticket, boss, asta):
    actions.claim(ticket=ticket, by=Principal.agent(asta), at=TUESDAY)

    with pytest.raises(NotAllowed, match="Asta has this ticket"):
        actions.claim(ticket=ticket, by=boss, at=TUESDAY)


def test_who_has_it_already_is_told_so(ticket, boss):
    actions.claim(ticket=ticket, by=boss, at=TUESDAY)

    with pytest.raises(NotAllowed, match="You already have this ticket"):
        actions.claim(ticket=ticket, by=boss, at=TUESDAY)


def test_a_reopened_ticket_that_nobody_has_can_be_claimed(ticket, boss, asta):
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)
    actions.reopen(ticket=ticket, by=boss, at=TUESDAY)

    actions.claim(ticket=ticket, by=Principal.agent(asta), at=TUESDAY)

    assert (reread(ticket).status, reread(ticket).assignee) == (Status.ASSIGNED, asta)


# --- Giving back ----------------------------------------------------------------------------------


def test_given_back_nobody_has_it_team_included(ticket, boss, grace, accountants):
    actions.assign(ticket=ticket, to=accountants, by=boss, at=MONDAY)
    actions.claim(ticket=ticket, by=boss, at=MONDAY)

    actions.release(ticket=ticket, by=boss, at=TUESDAY)

    ticket = reread(ticket)
    assert (ticket.status, ticket.assignee, ticket.team) == (Status.OPEN, None, None)
    assert ticket.events.get(kind=Kind.RELEASED).data == {"from": f"user:{grace.pk}"}


def test_a_reopened_ticket_stays_reopened_when_given_back(ticket, boss):
    actions.claim(ticket=ticket, by=boss, at=MONDAY)
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)
    actions.reopen(ticket=ticket, by=boss, at=TUESDAY)

    actions.release(ticket=ticket, by=boss, at=TUESDAY)

    assert (reread(ticket).status, reread(ticket).held_by) == (Status.REOPENED, None)
    with pytest.raises(NotAllowed, match="Nobody has this ticket"):
        actions.release(ticket=ticket, by=boss, at=TUESDAY)


# --- What a stale page gets -------------------------------------------------------------------------


@pytest.mark.parametrize("deed", ["assign", "claim", "release"])
def test_what_happened_meanwhile_is_told_first(deed, ticket, boss, asta, accountants):
    if deed == "release":
        actions.claim(ticket=ticket, by=boss, at=MONDAY)
    elif deed == "claim":
        actions.assign(ticket=ticket, to=accountants, by=boss, at=MONDAY)
    seen = reread(ticket).last_event_number
    actions.change_priority(ticket=ticket, to=cast.priority("Emergency"), by=Principal.system("rule:1"), at=MONDAY)

    more = {"to": asta} if deed == "assign" else {}
    with pytest.raises(ChangedMeanwhile) as changed:
        getattr(actions, deed)(ticket=ticket, by=boss, at=TUESDAY, seen=seen, **more)

    assert [event.kind for event in changed.value.events] == [Kind.PRIORITY_CHANGED]


# --- The queue "Mine" -------------------------------------------------------------------------------


def test_mine_are_the_agents_own_and_the_teams_that_nobody_took(ada, topic, billing, grace, boss, accountants):
    asta = cast.make_agent("Asta", billing)
    accountants.members.add(asta, cast.make_agent("Bo", billing), cast.make_agent("Cleo", billing))
    own, teams, taken, nobodys = (cast.make_ticket(ada, topic) for _ in range(4))
    actions.assign(ticket=own, to=accountants, by=boss, at=MONDAY)
    actions.claim(ticket=own, by=boss, at=MONDAY)
    actions.assign(ticket=teams, to=accountants, by=boss, at=MONDAY)
    actions.assign(ticket=taken, to=accountants, by=boss, at=MONDAY)
    actions.claim(ticket=taken, by=Principal.agent(asta), at=MONDAY)

    assert list(Ticket.objects.assigned_to(grace).order_by("id")) == [own, teams]
    assert list(Ticket.objects.unassigned()) == [nobodys]


def test_events_name_holders_alike_everywhere(grace, accountants):
    assert events.ref(grace) == f"user:{grace.pk}"
    assert events.ref(accountants) == f"team:{accountants.pk}"
