"""Resolving, closing, reopening."""

import pytest
from django.db import connection

from accounts.principal import Principal
from core.models import SiteSettings
from tests import cast
from tests.cast import DAY, HOUR, LIMITED, MONDAY, TUESDAY, WEDNESDAY
from tickets import actions
from tickets.errors import ChangedMeanwhile, NotAllowed, NothingWritten, NotOffered
from tickets.models import (
    FAR_FUTURE,
    Awaiting,
    CloseReason,
    Department,
    EntryKind,
    Kind,
    Source,
    Status,
    Ticket,
    TicketTimer,
    TimerKind,
)


@pytest.fixture
def boss(grace):
    return Principal.agent(grace)


@pytest.fixture
def resolved(ticket, boss):
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)
    return reread(ticket)


def reread(ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


# --- Resolving ---------------------------------------------------------------------------------


def test_a_resolved_ticket_awaits_the_requester_until_it_closes(ticket, boss):
    actions.reply(ticket=ticket, text="Done.", by=boss, at=MONDAY, keeps=True)

    actions.resolve(ticket=ticket, by=boss, at=TUESDAY)

    ticket = reread(ticket)
    assert (ticket.status, ticket.awaiting) == (Status.RESOLVED, Awaiting.REQUESTER)
    assert (ticket.resolved_at, ticket.closes_at) == (TUESDAY, TUESDAY + 3 * DAY)
    timer = ticket.timers.get()
    assert (timer.kind, timer.due_at, timer.claim) == (TimerKind.CLOSE, ticket.closes_at, None)


def test_the_department_may_set_how_long_it_waits(ticket, boss, billing):
    Department.objects.filter(pk=billing.pk).update(close_after=HOUR)

    actions.resolve(ticket=ticket, by=boss, at=TUESDAY, resolution="Was no invoice of ours.")

    assert reread(ticket).closes_at == TUESDAY + HOUR


def test_else_the_site_does(ticket, boss):
    SiteSettings.objects.update(close_after=7 * DAY)

    actions.resolve(ticket=ticket, by=boss, at=TUESDAY, resolution="Was no invoice of ours.")

    assert reread(ticket).closes_at == TUESDAY + 7 * DAY


def test_it_needs_a_reply_or_a_resolution(ticket, boss):
    actions.add_note(ticket=ticket, text="A note is no reply.", by=boss, at=MONDAY)

    with pytest.raises(NothingWritten, match="Nobody has answered yet"):
        actions.resolve(ticket=ticket, by=boss, at=TUESDAY, resolution="  ")

    assert reread(ticket).status == Status.OPEN


def test_the_resolution_is_an_internal_note_of_the_same_deed(ticket, boss):
    actions.resolve(ticket=ticket, by=boss, at=TUESDAY, resolution="Restarted 4711.")

    note, resolved = ticket.events.filter(number__gt=1).order_by("number")
    entry = ticket.entries.get(kind=EntryKind.NOTE)
    assert (entry.text, note.deed) == ("Restarted 4711.", resolved.deed)
    assert resolved.data["entry"] == entry.number


def test_the_assignee_stays(ticket, boss, grace):
    actions.claim(ticket=ticket, by=boss, at=MONDAY)

    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=TUESDAY)

    assert reread(ticket).assignee == grace


def test_resolving_keeps_the_promise_and_owes_no_response(ticket, boss):
    actions.resolve(ticket=ticket, by=boss, at=MONDAY + HOUR, resolution="Was no invoice of ours.")

    outcomes = dict(ticket.clocks.values_list("target", "outcome"))
    assert outcomes == {"first_response": "cancelled", "resolution": "met"}
    assert reread(ticket).next_due_at == FAR_FUTURE


def test_a_message_that_came_meanwhile_stops_the_resolving(resolved, ticket, boss, ada):
    actions.reopen(ticket=ticket, by=Principal.link(ada, ticket.pk), at=TUESDAY)

    with pytest.raises(ChangedMeanwhile):
        actions.resolve(ticket=ticket, by=boss, at=WEDNESDAY, seen=resolved.last_event_number)


# --- Closing -------------------------------------------------------------------------------------


def test_who_closes_gives_the_reason(resolved, ticket, boss, ada, topic):
    others = [cast.make_ticket(ada, topic) for _ in range(2)]
    for other in others:
        actions.reply_and_resolve(ticket=other, text="Done.", by=boss, at=MONDAY)

    actions.close(ticket=ticket, by=Principal.link(ada, ticket.pk), at=TUESDAY)
    actions.close(ticket=others[0], by=boss, at=TUESDAY)
    actions.close(ticket=others[1], by=Principal.system("timer:close_after"), at=TUESDAY)

    closed = [reread(t) for t in (ticket, *others)]
    assert [t.close_reason for t in closed] == [CloseReason.CONFIRMED, CloseReason.AGENT, CloseReason.SILENCE]
    assert {(t.status, t.closed_at, t.closes_at) for t in closed} == {(Status.CLOSED, TUESDAY, None)}
    assert not TicketTimer.objects.exists()


def test_the_event_says_why(resolved, ticket, ada):
    actions.close(ticket=ticket, by=Principal.link(ada, ticket.pk), at=TUESDAY)

    event = ticket.events.latest("number")
    assert (event.kind, event.by, event.face, event.data) == (Kind.CLOSED, ada, "link", {"reason": "confirmed"})


def test_an_answer_that_came_meanwhile_stops_the_confirmation(resolved, ticket, boss, ada):
    actions.reply(ticket=ticket, text="Wait, one more thing.", by=boss, at=TUESDAY)

    with pytest.raises(ChangedMeanwhile):
        actions.close(ticket=ticket, by=Principal.link(ada, ticket.pk), at=TUESDAY, seen=resolved.last_event_number)

    assert reread(ticket).status == Status.RESOLVED


def test_closing_twice_is_refused(resolved, ticket, boss):
    actions.close(ticket=ticket, by=boss, at=TUESDAY)

    with pytest.raises(NotAllowed, match="Only a resolved ticket"):
        actions.close(ticket=ticket, by=boss, at=WEDNESDAY)


# --- Closing unresolved ---------------------------------------------------------------------------


@pytest.mark.parametrize("reason", CloseReason.for_unresolved())
def test_an_unresolved_ticket_closes_with_a_reason_and_no_clock_goes_on(reason, ticket, boss):
    actions.close_unresolved(ticket=ticket, reason=reason, by=boss, at=TUESDAY)

    ticket = reread(ticket)
    assert (ticket.status, ticket.close_reason, ticket.closed_at) == (Status.CLOSED, reason, TUESDAY)
    assert {clock.outcome for clock in ticket.clocks.all()} == {"cancelled"}
    assert ticket.next_due_at == FAR_FUTURE
    data = ticket.events.latest("number").data
    assert data["reason"] == reason
    assert [(told["target"], told["did"]) for told in data["clocks"]] == [
        ("first_response", "cancelled"),
        ("resolution", "cancelled"),
    ]


@pytest.mark.parametrize("reason", [CloseReason.CONFIRMED, CloseReason.SILENCE, CloseReason.AGENT, "", "nonsense"])
def test_other_reasons_are_not_offered(reason, ticket, boss):
    with pytest.raises(NotOffered, match="Choose why"):
        actions.close_unresolved(ticket=ticket, reason=reason, by=boss, at=TUESDAY)

    assert reread(ticket).status == Status.OPEN


def test_its_note_belongs_to_the_same_deed(ticket, boss):
    actions.close_unresolved(ticket=ticket, reason=CloseReason.SPAM, by=boss, at=TUESDAY, note="Again.")

    note, closed = ticket.events.filter(number__gt=1).order_by("number")
    assert (note.kind, closed.kind, note.deed) == (Kind.NOTE_ADDED, Kind.CLOSED, closed.deed)


def test_it_needs_its_own_permission(ticket, billing):
    asta = Principal.agent(cast.make_agent("Asta", billing, role=LIMITED))

    with pytest.raises(NotAllowed, match="Your role"):
        actions.close_unresolved(ticket=ticket, reason=CloseReason.SPAM, by=asta, at=TUESDAY, note="Spam.")

    assert ticket.entries.count() == 1


# --- Reopening ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [False, True])
def test_reopened_it_is_as_if_it_had_never_been_resolved(closed, resolved, ticket, boss, ada, grace):
    if closed:
        actions.close(ticket=ticket, by=boss, at=TUESDAY)

    actions.reopen(ticket=ticket, by=Principal.link(ada, ticket.pk), at=WEDNESDAY)

    ticket = reread(ticket)
    assert (ticket.status, ticket.awaiting, ticket.reopened_count) == (Status.REOPENED, Awaiting.AGENT, 1)
    assert (ticket.resolved_at, ticket.closed_at, ticket.closes_at, ticket.close_reason) == (None, None, None, "")
    assert not ticket.timers.exists()
    assert ticket.events.latest("number").data["from"] == (Status.CLOSED if closed else Status.RESOLVED)


def test_who_had_it_keeps_it(ticket, boss, grace, accountants):
    actions.assign(ticket=ticket, to=accountants, by=boss, at=MONDAY)
    actions.claim(ticket=ticket, by=boss, at=MONDAY)
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)

    actions.reopen(ticket=ticket, by=boss, at=TUESDAY)

    assert (reread(ticket).assignee, reread(ticket).team) == (grace, accountants)


@pytest.mark.parametrize("way", ["reopening", "a message"])
def test_unless_the_department_gives_reopened_tickets_back(ticket, boss, grace, ada, billing, way):
    actions.assign(ticket=ticket, to=grace, by=boss, at=MONDAY)
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)
    billing.keeps_assignee = False
    billing.save()

    if way == "reopening":
        actions.reopen(ticket=ticket, by=boss, at=TUESDAY)
    else:
        actions.add_message(
            ticket=ticket,
            address=cast.address_for(ada),
            text="Not at all.",
            source=Source.WEB,
            by=Principal.requester(ada),
            at=TUESDAY,
        )

    reopened, released = ticket.events.filter(at=TUESDAY, kind__in=[Kind.REOPENED, Kind.RELEASED]).order_by("number")
    assert (reread(ticket).status, reread(ticket).held_by) == (Status.REOPENED, None)
    assert (reopened.kind, released.kind) == (Kind.REOPENED, Kind.RELEASED)
    assert released.data == {"from": f"user:{grace.pk}", "why": "reopened"}
    assert released.deed == reopened.deed


def test_a_solution_is_promised_anew(resolved, ticket, boss):
    actions.reopen(ticket=ticket, by=boss, at=WEDNESDAY)

    first, second = ticket.clocks.filter(target="resolution").order_by("started_at")
    assert (first.outcome, first.stopped_at) == ("met", MONDAY)
    assert (second.started_at, second.deadline_at) == (WEDNESDAY, WEDNESDAY + 4 * HOUR)
    assert reread(ticket).next_due_at == second.deadline_at


def test_so_is_a_first_response_that_never_came(ticket, boss, ada):
    actions.resolve(ticket=ticket, by=boss, at=MONDAY, resolution="Was no invoice of ours.")

    actions.reopen(ticket=ticket, by=Principal.link(ada, ticket.pk), at=WEDNESDAY)

    running = dict(ticket.clocks.running().values_list("target", "deadline_at"))
    assert running == {"first_response": WEDNESDAY + HOUR, "resolution": WEDNESDAY + 4 * HOUR}


@pytest.mark.parametrize(("who", "owed"), [("ada", {"next_response"}), ("grace", set())])
def test_an_answer_is_owed_to_a_requester_who_objects(who, owed, request, ada, grace, boss, billing):
    plan = cast.make_plan("Next", next_response=HOUR)
    ticket = cast.make_ticket(ada, cast.make_topic("Next", department=billing, sla_plan=plan))
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)

    actions.reopen(ticket=ticket, by=cast.principal(request.getfixturevalue(who)), at=TUESDAY)

    assert set(ticket.clocks.running().values_list("target", flat=True)) == owed


def test_too_late_a_requester_is_told_what_to_do_instead(resolved, ticket, boss, ada):
    actions.close(ticket=ticket, by=boss, at=TUESDAY)

    with pytest.raises(NotAllowed, match="A new message opens a new ticket"):
        actions.reopen(ticket=ticket, by=Principal.link(ada, ticket.pk), at=TUESDAY + 15 * DAY)
    actions.reopen(ticket=ticket, by=boss, at=TUESDAY + 15 * DAY)

    assert reread(ticket).status == Status.REOPENED


def test_the_whole_circle_twice(resolved, ticket, boss, ada):
    by = Principal.link(ada, ticket.pk)
    for day in (1, 2):
        actions.reopen(ticket=ticket, by=by, at=MONDAY + day * DAY)
        actions.resolve(ticket=ticket, by=boss, at=MONDAY + day * DAY + HOUR)

    ticket = reread(ticket)
    assert (ticket.status, ticket.reopened_count) == (Status.RESOLVED, 2)
    assert ticket.timers.get().due_at == ticket.closes_at == MONDAY + 2 * DAY + HOUR + 3 * DAY


def test_reading_a_ticket_anew_leaves_the_others_protected(ticket, grace):
    other, third = Ticket.objects.get(pk=ticket.pk), Ticket.objects.get(pk=ticket.pk)
    refused = []

    def meanwhile(execute, *args):
        # As another thread would do, while this one reads.
        with pytest.raises(AttributeError):
            third.status = Status.CLOSED
        refused.append(True)
        return execute(*args)

    actions.claim(ticket=ticket, by=Principal.agent(grace), at=MONDAY)
    stale = Ticket.objects.only("status", "subject").get(pk=ticket.pk)
    Ticket.objects.filter(pk=ticket.pk).update(subject="Another")
    with connection.execute_wrapper(meanwhile):
        other.refresh_from_db()
        stale.refresh_from_db()

    assert refused == [True, True]
    assert (other.status, other.assignee, stale.subject) == (Status.ASSIGNED, grace, "Another")
    assert "number" in stale.get_deferred_fields()
    with pytest.raises(AttributeError):
        other.status = Status.CLOSED
