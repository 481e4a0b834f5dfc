"""Replying, and replying and resolving with the same button."""

import pytest

from accounts.models import Permission, Role
from accounts.principal import Principal
from core import files
from core.models import NewFile
from tests import cast
from tests.cast import HOUR, MINUTE, MONDAY, TUESDAY, address_for
from tickets import actions
from tickets.errors import ChangedMeanwhile, NotAllowed, NothingWritten
from tickets.models import Awaiting, EntryKind, Kind, Source, Status, Ticket
from tickets.models.department import AssignableTo

SOON = MONDAY + 30 * MINUTE


@pytest.fixture
def by(grace):
    return Principal.agent(grace)


def reread(ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def test_a_reply_is_an_entry_and_an_event(ticket, by, grace):
    entry = actions.reply(ticket=ticket, text="We look into it.", by=by, at=SOON)

    event = ticket.events.get(kind=Kind.REPLIED)
    assert (entry.kind, entry.number, entry.author, entry.source) == (EntryKind.REPLY, 2, grace, Source.DESK)
    assert (event.number, event.by, event.at) == (2, grace, SOON)
    assert {name: event.data[name] for name in event.data if name != "clocks"} == {
        "entry": 2,
        "keeps": False,
        "met": ["first_response"],
    }
    assert [(told["target"], told["did"]) for told in event.data["clocks"]] == [("first_response", "met")]


def test_then_it_is_the_requesters_turn(ticket, by):
    actions.reply(ticket=ticket, text="Which invoice?", by=by, at=SOON)

    assert reread(ticket).awaiting == Awaiting.REQUESTER


def test_unless_we_keep_working_on_it(ticket, by):
    actions.reply(ticket=ticket, text="We look into it.", by=by, at=SOON, keeps=True)

    assert reread(ticket).awaiting == Awaiting.AGENT


def test_on_a_resolved_ticket_nobody_keeps_working(ticket, by):
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=by, at=SOON)

    actions.reply(ticket=ticket, text="By the way.", by=by, at=TUESDAY, keeps=True)

    assert (reread(ticket).status, reread(ticket).awaiting) == (Status.RESOLVED, Awaiting.REQUESTER)


def test_the_first_one_stops_the_first_response_clock(ticket, by):
    actions.reply(ticket=ticket, text="Hello.", by=by, at=SOON)
    actions.reply(ticket=ticket, text="And again.", by=by, at=TUESDAY)

    clock = ticket.clocks.get(target="first_response")
    assert (clock.stopped_at, clock.outcome, clock.due_at) == (SOON, "met", None)
    assert reread(ticket).first_response_at == SOON
    assert reread(ticket).next_due_at == MONDAY + 4 * HOUR


def test_a_reply_does_not_give_the_ticket_to_who_wrote_it(ticket, by):
    actions.reply(ticket=ticket, text="Hello.", by=by, at=SOON)

    assert (reread(ticket).status, reread(ticket).held_by) == (Status.OPEN, None)


def test_an_empty_reply_is_refused_and_leaves_nothing(ticket, by):
    with pytest.raises(NothingWritten):
        actions.reply(ticket=ticket, text="  ", by=by, at=SOON)

    assert ticket.entries.count() == ticket.events.count() == 1
    assert reread(ticket).first_response_at is None


def test_a_reply_may_be_a_file(ticket, by, files_dir):
    file = NewFile(files.store([b"%PDF"]), "invoice.pdf", "application/pdf")

    entry = actions.reply(ticket=ticket, text="", by=by, at=SOON, files=[file])

    assert [attachment.name for attachment in entry.attachments.public()] == ["invoice.pdf"]


def test_the_same_form_twice_is_one_reply(ticket, by):
    first = actions.reply(ticket=ticket, text="Hello.", by=by, at=SOON, request_key="form")

    again = actions.reply(ticket=ticket, text="Hello.", by=by, at=TUESDAY, request_key="form", seen=1)

    assert again == first
    assert ticket.events.filter(kind=Kind.REPLIED).count() == 1


# --- Somebody was faster -------------------------------------------------------------------------


def test_a_message_that_came_meanwhile_stops_the_reply(ticket, by, ada):
    actions.add_message(
        ticket=ticket,
        address=address_for(ada),
        text="Found it myself.",
        source=Source.WEB,
        by=Principal.requester(ada),
        at=SOON,
    )

    with pytest.raises(ChangedMeanwhile) as changed:
        actions.reply(ticket=ticket, text="Which invoice?", by=by, at=SOON + MINUTE, seen=1)

    assert [event.kind for event in changed.value.events] == [Kind.MESSAGE_ADDED]
    assert not ticket.entries.filter(kind=EntryKind.REPLY).exists()


def test_what_one_did_oneself_stops_nothing(ticket, by):
    actions.add_note(ticket=ticket, text="Hm.", by=by, at=SOON)

    assert actions.reply(ticket=ticket, text="Hello.", by=by, at=SOON, seen=1)


def test_who_saw_everything_is_not_stopped(ticket, by, ken, support, grace):
    actions.claim(ticket=ticket, by=by, at=SOON)

    assert actions.reply(ticket=ticket, text="Hello.", by=by, at=SOON, seen=reread(ticket).last_event_number)


# --- Reply and resolve -----------------------------------------------------------------------------


def test_reply_and_resolve_is_one_deed_of_two_events(ticket, by):
    actions.reply_and_resolve(ticket=ticket, text="The second invoice is cancelled.", by=by, at=SOON)

    replied, resolved = ticket.events.filter(number__gt=1).order_by("number")
    assert (replied.kind, resolved.kind) == (Kind.REPLIED, Kind.RESOLVED)
    assert replied.deed == resolved.deed
    assert reread(ticket).status == Status.RESOLVED


def test_sent_twice_it_is_done_once(ticket, by):
    first = actions.reply_and_resolve(ticket=ticket, text="Done.", by=by, at=SOON, request_key="form")

    assert actions.reply_and_resolve(ticket=ticket, text="Done.", by=by, at=SOON, request_key="form") == first
    assert ticket.events.filter(kind=Kind.RESOLVED).count() == 1


def test_when_it_cannot_be_resolved_nothing_was_said(ticket, by):
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=by, at=SOON)

    with pytest.raises(NotAllowed, match="already resolved"):
        actions.reply_and_resolve(ticket=ticket, text="Done again.", by=by, at=TUESDAY)

    assert not ticket.entries.filter(text="Done again.").exists()


# --- Where replies claim -------------------------------------------------------------------------------


@pytest.fixture
def claiming(billing):
    billing.claims_on_reply = True
    billing.save()


def test_a_reply_claims_what_nobody_has(claiming, ticket, by, grace):
    actions.reply(ticket=ticket, text="Mine.", by=by, at=SOON)

    replied, claimed = ticket.events.filter(number__gt=1).order_by("number")
    assert (reread(ticket).assignee, reread(ticket).status) == (grace, Status.ASSIGNED)
    assert (replied.kind, claimed.kind, claimed.deed) == (Kind.REPLIED, Kind.CLAIMED, replied.deed)
    assert claimed.data == {"to": f"user:{grace.pk}", "why": "reply"}


def test_elsewhere_it_does_not(ticket, by):
    actions.reply(ticket=ticket, text="Whose?", by=by, at=SOON)

    assert reread(ticket).held_by is None


def test_what_somebody_or_a_team_has_stays_theirs(claiming, ticket, by, billing, accountants):
    mia = cast.make_agent("Mia", billing)
    for holder in (accountants, mia):
        actions.assign(ticket=ticket, to=holder, by=by, at=SOON)
        actions.reply(ticket=ticket, text="By the way.", by=by, at=SOON)

        assert reread(ticket).held_by == holder


def test_what_is_resolved_is_not_claimed(claiming, ticket, by):
    actions.resolve(ticket=ticket, resolution="By telephone.", by=by, at=SOON)
    actions.reply(ticket=ticket, text="As I said.", by=by, at=SOON)

    assert (reread(ticket).held_by, reread(ticket).status) == (None, Status.RESOLVED)


@pytest.mark.parametrize("who", ["on vacation", "may not claim", "not primary"])
def test_whom_it_could_not_be_given_to_does_not_get_it(claiming, ticket, billing, who):
    agent = cast.make_agent("Mia", billing, on_vacation=who == "on vacation")
    if who == "may not claim":
        role = Role.objects.create(name="Answers", permissions=[Permission.REPLY])
        agent.department_access.update(role=role)
    if who == "not primary":
        billing.assignable_to = AssignableTo.PRIMARY
        billing.save()

    actions.reply(ticket=ticket, text="Only this.", by=Principal.agent(agent), at=SOON)

    assert reread(ticket).held_by is None


def test_reply_and_resolve_claims_and_resolves_in_one_deed(claiming, ticket, by, grace):
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=by, at=SOON)

    assert (reread(ticket).assignee, reread(ticket).status) == (grace, Status.RESOLVED)
    assert ticket.events.filter(number__gt=1).values("deed").distinct().count() == 1


def test_sent_twice_it_claims_once(claiming, ticket, by):
    for _ in range(2):
        actions.reply(ticket=ticket, text="Mine.", by=by, at=SOON, request_key="k" * 20)

    assert ticket.events.filter(kind=Kind.CLAIMED).count() == 1
