"""Internal notes."""

import pytest

from accounts.principal import Principal
from core import files
from core.models import NewFile
from tests import cast
from tests.cast import LIMITED, MONDAY, TUESDAY
from tickets import actions
from tickets.errors import ChangedMeanwhile, NothingWritten
from tickets.models import Attachment, Awaiting, EntryKind, Kind, Ticket
from tickets.models.thread import PUBLIC_KINDS


def test_a_note_is_in_the_thread_and_not_public(ticket, grace, files_dir):
    file = NewFile(files.store([b"secret"]), "secret.txt", "text/plain")

    note = actions.add_note(ticket=ticket, text="Looks like 4711.", by=Principal.agent(grace), at=MONDAY, files=[file])

    assert note.kind == EntryKind.NOTE
    assert not note.is_public
    assert note not in ticket.entries.public()
    assert note in ticket.entries.all()
    assert not Attachment.objects.filter(entry=note).public().exists()


def test_what_is_public_is_named_and_all_else_is_internal():
    assert set(PUBLIC_KINDS) == {EntryKind.MESSAGE, EntryKind.REPLY, EntryKind.AUTOMATIC}


def test_a_note_does_not_stop_the_first_response_clock(ticket, grace):
    actions.add_note(ticket=ticket, text="Looks like 4711.", by=Principal.agent(grace), at=MONDAY)

    ticket = Ticket.objects.get(pk=ticket.pk)
    assert ticket.clocks.get(target="first_response").stopped_at is None
    assert (ticket.first_response_at, ticket.awaiting) == (None, Awaiting.AGENT)


def test_the_event_names_the_note_and_says_nothing_of_it(ticket, grace):
    actions.add_note(ticket=ticket, text="Looks like 4711.", by=Principal.agent(grace), at=MONDAY)

    event = ticket.events.get(kind=Kind.NOTE_ADDED)
    assert event.data == {"entry": 2}


def test_an_empty_note_is_refused(ticket, grace):
    with pytest.raises(NothingWritten):
        actions.add_note(ticket=ticket, text="\n", by=Principal.agent(grace), at=MONDAY)


def test_sent_twice_it_is_one_note(ticket, grace):
    by = Principal.agent(grace)
    first = actions.add_note(ticket=ticket, text="Hm.", by=by, at=MONDAY, request_key="form")

    assert actions.add_note(ticket=ticket, text="Hm.", by=by, at=TUESDAY, request_key="form") == first


def test_a_colleagues_note_that_came_meanwhile_is_told(ticket, grace, billing):
    asta = Principal.agent(cast.make_agent("Asta", billing, role=LIMITED))
    actions.add_note(ticket=ticket, text="I am on it.", by=Principal.agent(grace), at=MONDAY)

    with pytest.raises(ChangedMeanwhile) as changed:
        actions.add_note(ticket=ticket, text="Shall I?", by=asta, at=MONDAY, seen=1)

    assert [event.kind for event in changed.value.events] == [Kind.NOTE_ADDED]
