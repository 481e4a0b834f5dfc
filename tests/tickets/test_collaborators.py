"""Collaborators: added, they see the ticket and may write; removed, they see it no more."""

import pytest

from accounts.people import address_of
from accounts.principal import Principal
from desk.names import Names
from desk.sentences import sentence
from tests import cast
from tests.cast import MONDAY, TUESDAY, WEDNESDAY, address_for
from tickets import actions, events, links, policy
from tickets.actions.collaborators import MOST_COLLABORATORS
from tickets.errors import ChangedMeanwhile, DeedRefused, NotAllowed, TakesPartAlready, TooManyCollaborators
from tickets.models import Cause, Kind, Participant, Source, Status, Ticket
from tickets.models.people import Part
from tickets.policy import Deed


@pytest.fixture
def bob(db):
    return cast.make_person("bob@example.org", "Bob", confirmed=False)


def add(ticket, person, by, **given):
    return actions.add_collaborator(ticket=ticket, address=address_for(person), by=by, at=TUESDAY, **given)


def sees(person, ticket) -> bool:
    return Ticket.objects.visible_to(Principal.requester(person)).filter(pk=ticket.pk).exists()


def told(ticket) -> str:
    event = ticket.events.select_related("by").latest("number")
    return str(sentence(event, Names([event])))


def test_who_is_added_sees_the_ticket_and_holds_a_link(ticket, bob, grace):
    participant = add(ticket, bob, Principal.agent(grace))

    assert participant.role == Part.COLLABORATOR
    assert participant.address == address_for(bob)
    assert sees(bob, ticket)
    assert links.read(links.token_for(participant)) == participant


def test_the_event_names_who_was_added_by_number_alone(ticket, bob, grace):
    add(ticket, bob, Principal.agent(grace))

    event = ticket.events.latest("number")
    assert (event.kind, event.by, event.at) == (Kind.COLLABORATOR_ADDED, grace, TUESDAY)
    assert event.data == {"users": [bob.pk], "addresses": [address_for(bob).pk]}
    assert told(ticket) == "<b><bdi>Grace</bdi></b> added <b><bdi>bob@example.org</bdi></b> as a collaborator"


def test_the_requester_adds_by_portal_and_by_link(ticket, ada, bob):
    add(ticket, bob, Principal.requester(ada))
    add(ticket, cast.make_person("carol@example.org", "Carol"), Principal.link(ada, ticket.pk))

    assert ticket.participants.filter(role=Part.COLLABORATOR).count() == 2


def test_a_collaborator_writes_and_adds_nobody(ticket, bob, ada):
    add(ticket, bob, Principal.requester(ada))

    with pytest.raises(NotAllowed) as refused:
        add(ticket, cast.make_person("carol@example.org", "Carol"), Principal.requester(bob))
    entry = actions.add_message(
        ticket=ticket,
        address=address_for(bob),
        text="Me too.",
        source=Source.WEB,
        by=Principal.requester(bob),
        at=WEDNESDAY,
    )

    assert str(refused.value) == "Only the person who opened this ticket can do this."
    assert entry.ticket == ticket


def test_the_requester_is_not_added_beside_themselves(ticket, ada, grace):
    with pytest.raises(TakesPartAlready, match="theirs already"):
        add(ticket, ada, Principal.agent(grace))

    assert ticket.participants.get().role == Part.REQUESTER


def test_nobody_is_added_twice_not_even_by_another_address(ticket, bob, grace):
    add(ticket, bob, Principal.agent(grace))
    other = bob.addresses.create(email="robert@example.org")

    with pytest.raises(TakesPartAlready, match="takes part already"):
        actions.add_collaborator(ticket=ticket, address=other, by=Principal.agent(grace), at=TUESDAY)

    assert ticket.participants.filter(user=bob).count() == 1


def test_who_is_switched_off_is_not_added(ticket, bob, grace):
    bob.is_active = False
    bob.save()

    with pytest.raises(DeedRefused, match="Nobody can be reached"):
        add(ticket, bob, Principal.agent(grace))


def test_there_is_room_for_so_many_and_no_more(ticket, bob, grace):
    crowd = [address_of(f"one{n}@example.org") for n in range(MOST_COLLABORATORS)]
    actions.add_automatically(ticket=ticket, addresses=crowd, cause=Cause.ORGANIZATION, at=MONDAY)

    with pytest.raises(TooManyCollaborators, match=f"up to {MOST_COLLABORATORS} collaborators"):
        add(ticket, bob, Principal.agent(grace))

    assert ticket.participants.count() == MOST_COLLABORATORS + 1


def test_who_did_not_see_what_happened_is_told_first(ticket, bob, grace, ken, support):
    cast.give_access(ken, ticket.department)
    seen = ticket.last_event_number
    actions.add_note(ticket=ticket, text="Not Bob.", by=Principal.agent(ken), at=MONDAY)

    with pytest.raises(ChangedMeanwhile):
        add(ticket, bob, Principal.agent(grace), seen=seen)

    assert not sees(bob, ticket)


def test_who_is_removed_sees_nothing_any_more(ticket, bob, grace):
    participant = add(ticket, bob, Principal.agent(grace))
    token = links.token_for(participant)

    actions.remove_collaborator(ticket=ticket, participant=participant, by=Principal.agent(grace), at=WEDNESDAY)

    assert not sees(bob, ticket)
    with pytest.raises(links.LinkInvalid):
        links.read(token)
    assert told(ticket) == "<b><bdi>Grace</bdi></b> removed the collaborator <b><bdi>bob@example.org</bdi></b>"


def test_removed_twice_is_removed_once(ticket, bob, grace):
    participant = add(ticket, bob, Principal.agent(grace))
    for _ in range(2):
        actions.remove_collaborator(ticket=ticket, participant=participant, by=Principal.agent(grace), at=WEDNESDAY)

    assert ticket.events.filter(kind=Kind.COLLABORATOR_REMOVED).count() == 1


def test_the_requester_cannot_be_removed(ticket, grace):
    actions.remove_collaborator(
        ticket=ticket, participant=ticket.participants.get(), by=Principal.agent(grace), at=TUESDAY
    )

    assert ticket.participants.get().role == Part.REQUESTER
    assert not ticket.events.filter(kind=Kind.COLLABORATOR_REMOVED).exists()


def test_a_participant_of_another_ticket_stays_on_it(ticket, ada, bob, grace, topic):
    other = cast.make_ticket(ada, topic)
    participant = add(other, bob, Principal.agent(grace))

    actions.remove_collaborator(ticket=ticket, participant=participant, by=Principal.agent(grace), at=TUESDAY)

    assert sees(bob, other)


def test_a_collaborator_leaves(ticket, ada, bob):
    add(ticket, bob, Principal.requester(ada))

    actions.leave(ticket=ticket, by=Principal.requester(bob), at=WEDNESDAY)

    assert not sees(bob, ticket)
    assert told(ticket) == "<b><bdi>Bob</bdi></b> left the ticket"


def test_the_requester_does_not_leave_their_own_ticket(ticket, ada):
    with pytest.raises(NotAllowed, match="Only a collaborator"):
        actions.leave(ticket=ticket, by=Principal.requester(ada), at=TUESDAY)


def test_a_rule_adds_many_as_one_event_and_passes_over_the_others(ticket, ada, bob):
    gone = cast.make_person("gone@example.org", "Gone", is_active=False)
    carol = cast.make_person("carol@example.org", "Carol")
    deed = events.new_deed()
    before = ticket.last_event_number

    added = actions.add_automatically(
        ticket=ticket,
        addresses=[address_for(one) for one in (ada, bob, gone, carol, bob)],
        cause=Cause.ORGANIZATION,
        at=TUESDAY,
        deed=deed,
    )
    again = actions.add_automatically(
        ticket=ticket, addresses=[address_for(bob)], cause=Cause.ORGANIZATION, at=TUESDAY, deed=deed
    )

    assert [one.user for one in added] == [bob, carol]
    assert again == []
    event = ticket.events.get(number__gt=before)
    assert (event.deed, event.cause, event.data["users"]) == (deed, "organization", [bob.pk, carol.pk])
    assert told(ticket) == (
        "The organisation's rule added <b><bdi>bob@example.org</bdi></b> and <b><bdi>carol@example.org</bdi></b>"
    )


def test_a_rule_adds_no_more_than_there_is_room_for(ticket):
    crowd = [address_of(f"one{n}@example.org") for n in range(MOST_COLLABORATORS + 5)]

    added = actions.add_automatically(ticket=ticket, addresses=crowd, cause=Cause.ORGANIZATION, at=MONDAY)

    assert len(added) == Participant.objects.filter(role=Part.COLLABORATOR).count() == MOST_COLLABORATORS


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_a_ticket_that_is_done_can_still_be_shown_to_others(ticket, bob, grace, status):
    by = Principal.agent(grace)
    actions.resolve(ticket=ticket, by=by, at=MONDAY, resolution="Done.")
    if status == Status.CLOSED:
        actions.close(ticket=ticket, by=by, at=MONDAY)

    add(ticket, bob, by)

    assert sees(bob, ticket)
    assert not policy.may(Principal.requester(bob), Deed.REOPEN, ticket, at=TUESDAY)
