"""A requester's messages: they wake what sleeps, and never learn of what is internal."""

import pytest

from accounts.principal import Principal
from tests import cast
from tests.cast import DAY, HOUR, MINUTE, MONDAY, TUESDAY, WEDNESDAY, address_for
from tickets import actions
from tickets.errors import ChangedMeanwhile, NothingWritten
from tickets.models import Awaiting, EntryKind, HelpTopic, Kind, Participant, Source, Status, Ticket
from tickets.models.people import Part


@pytest.fixture
def boss(grace):
    return Principal.agent(grace)


def say(ticket, user, text="Still wrong.", at=TUESDAY, **given):
    by = given.pop("by", Principal.link(user, ticket.pk))
    return actions.add_message(
        ticket=ticket, address=address_for(user), text=text, source=Source.WEB, by=by, at=at, **given
    )


def reread(ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def resolve(ticket, boss, at=MONDAY):
    actions.reply_and_resolve(ticket=ticket, text="Fixed.", by=boss, at=at)


def test_a_message_makes_it_our_turn(ticket, ada, boss):
    actions.reply(ticket=ticket, text="Which one?", by=boss, at=MONDAY)

    entry = say(ticket, ada)

    assert (entry.kind, entry.author, entry.created_at) == (EntryKind.MESSAGE, ada, TUESDAY)
    assert reread(ticket).awaiting == Awaiting.AGENT
    assert ticket.events.get(kind=Kind.MESSAGE_ADDED).data == {"entry": 3}


def test_the_state_stays_while_it_is_worked_on(ticket, ada, grace, boss):
    actions.claim(ticket=ticket, by=boss, at=MONDAY)

    say(ticket, ada)

    assert (reread(ticket).status, reread(ticket).assignee) == (Status.ASSIGNED, grace)


def test_a_message_to_a_resolved_ticket_reopens_it_with_its_words_in_one_deed(ticket, ada, grace, boss):
    actions.claim(ticket=ticket, by=boss, at=MONDAY)
    resolve(ticket, boss)

    entry = say(ticket, ada, "No, still broken.")

    ticket = reread(ticket)
    reopened, added = ticket.events.order_by("-number")[:2][::-1]
    assert (ticket.status, ticket.assignee, ticket.awaiting) == (Status.REOPENED, grace, Awaiting.AGENT)
    assert (reopened.kind, added.kind) == (Kind.REOPENED, Kind.MESSAGE_ADDED)
    assert reopened.deed == added.deed
    assert reopened.data["from"] == Status.RESOLVED
    assert added.data["entry"] == entry.number
    assert (ticket.resolved_at, ticket.closes_at, ticket.reopened_count) == (None, None, 1)
    assert not ticket.timers.exists()


def test_a_message_to_a_closed_ticket_reopens_it_in_time(ticket, ada, boss):
    resolve(ticket, boss)
    actions.close(ticket=ticket, by=boss, at=MONDAY)

    entry = say(ticket, ada, at=MONDAY + 14 * DAY)

    assert entry.ticket == ticket
    assert reread(ticket).status == Status.REOPENED
    assert (reread(ticket).closed_at, reread(ticket).close_reason) == (None, "")


def test_later_it_opens_a_ticket_that_follows(ticket, ada, topic, boss):
    resolve(ticket, boss)
    actions.close(ticket=ticket, by=boss, at=MONDAY)

    entry = say(ticket, ada, "It is back.", at=MONDAY + 14 * DAY + MINUTE)

    after = entry.ticket
    assert after != ticket
    assert (after.follow_up_of, after.requester, after.topic, after.status) == (ticket, ada, topic, Status.OPEN)
    assert (after.subject, entry.text, entry.number) == (ticket.subject, "It is back.", 1)
    assert reread(ticket).status == Status.CLOSED
    assert not ticket.entries.filter(text="It is back.").exists()


@pytest.mark.parametrize("change", [{"archived_at": MONDAY}, {"is_public": False}])
def test_what_follows_goes_the_default_way_when_its_topic_is_gone(change, ticket, ada, topic, boss, support):
    resolve(ticket, boss)
    actions.close(ticket=ticket, by=boss, at=MONDAY)
    HelpTopic.objects.filter(pk=topic.pk).update(**change)

    after = say(ticket, ada, at=MONDAY + 60 * DAY).ticket

    assert (after.topic, after.department) == (None, support)


def test_the_same_late_form_twice_opens_one_ticket(ticket, ada, boss):
    resolve(ticket, boss)
    actions.close(ticket=ticket, by=boss, at=MONDAY)

    first = say(ticket, ada, at=MONDAY + 60 * DAY, request_key="form")
    again = say(ticket, ada, at=MONDAY + 60 * DAY, request_key="form")

    assert again == first
    assert ticket.follow_ups.count() == 1


def test_the_same_form_twice_is_one_message(ticket, ada, boss):
    resolve(ticket, boss)

    assert say(ticket, ada, request_key="form") == say(ticket, ada, request_key="form")
    assert reread(ticket).reopened_count == 1


def test_nothing_written_reopens_nothing(ticket, ada, boss):
    resolve(ticket, boss)

    with pytest.raises(NothingWritten):
        say(ticket, ada, " ")

    assert reread(ticket).status == Status.RESOLVED


def test_a_collaborators_words_count_as_theirs(ticket, ken):
    Participant.objects.create(
        ticket=ticket, user=ken, address=address_for(ken), role=Part.COLLABORATOR, added_at=MONDAY
    )

    assert say(ticket, ken, by=Principal.requester(ken)).author == ken


# --- Somebody was faster: a requester learns of nothing internal, not even by a refusal ------------------


def test_an_answer_that_came_meanwhile_is_told(ticket, ada, boss):
    actions.reply(ticket=ticket, text="Which one?", by=boss, at=MONDAY)

    with pytest.raises(ChangedMeanwhile) as changed:
        say(ticket, ada, seen=1)

    assert [event.kind for event in changed.value.events] == [Kind.REPLIED]


def test_nothing_internal_is_told(ticket, ada, boss, billing):
    actions.add_note(ticket=ticket, text="Hm.", by=boss, at=MONDAY)
    actions.assign(ticket=ticket, to=cast.make_agent("Asta", billing), by=boss, at=MONDAY)
    actions.change_priority(ticket=ticket, to=cast.priority("Low"), by=boss, at=MONDAY)

    assert say(ticket, ada, seen=1)


# --- The next response ---------------------------------------------------------------------------------


@pytest.fixture
def answered(ada, boss, billing):
    """A ticket under a plan that promises next responses, with its first response given."""
    plan = cast.make_plan("Next", first_response=HOUR, next_response=2 * HOUR)
    ticket = cast.make_ticket(ada, cast.make_topic("Next", department=billing, sla_plan=plan))
    actions.reply(ticket=ticket, text="Hello.", by=boss, at=MONDAY)
    return ticket


def test_each_unanswered_message_after_the_first_response_waits_by_one_clock(answered, ada):
    say(answered, ada, at=TUESDAY)
    say(answered, ada, at=WEDNESDAY)

    clock = answered.clocks.get(target="next_response")
    assert (clock.started_at, clock.deadline_at) == (TUESDAY, TUESDAY + 2 * HOUR)
    assert reread(answered).next_due_at == TUESDAY + 2 * HOUR


def test_an_answer_stops_it_and_the_next_message_starts_another(answered, ada, boss):
    say(answered, ada, at=TUESDAY)
    actions.reply(ticket=answered, text="So.", by=boss, at=TUESDAY + HOUR)
    say(answered, ada, at=WEDNESDAY)

    first, second = answered.clocks.filter(target="next_response").order_by("started_at")
    assert (first.outcome, first.stopped_at) == ("met", TUESDAY + HOUR)
    assert (second.stopped_at, second.started_at) == (None, WEDNESDAY)


def test_before_the_first_response_only_that_one_is_owed(ticket, ada):
    say(ticket, ada)

    assert set(ticket.clocks.running().values_list("target", flat=True)) == {"first_response", "resolution"}
