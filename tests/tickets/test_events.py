"""Events: numbered, without a word that somebody typed, and what follows from them may fail alone."""

import json
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.principal import Principal
from tests import cast
from tests.cast import HOUR, MINUTE, MONDAY, TUESDAY, address_for
from tickets import actions, events
from tickets.models import Department, FailedHandler, Kind, Ticket, TicketEvent


@pytest.fixture
def boss(grace):
    return Principal.agent(grace)


@pytest.fixture
def subscribed(monkeypatch):
    """Put a table of handlers in the place of the help desk's own."""
    monkeypatch.setattr(events, "_handlers", {})
    return events.subscribe


def test_events_count_up_within_their_ticket(ticket, boss, ada, topic):
    other = cast.make_ticket(ada, topic)
    actions.claim(ticket=ticket, by=boss, at=MONDAY)
    actions.release(ticket=ticket, by=boss, at=MONDAY)

    assert list(ticket.events.order_by("id").values_list("number", flat=True)) == [1, 2, 3]
    assert Ticket.objects.get(pk=ticket.pk).last_event_number == 3
    assert other.events.get().number == 1


def test_the_last_activity_is_the_latest_not_the_last_recorded(ticket, boss):
    actions.claim(ticket=ticket, by=boss, at=TUESDAY)
    actions.release(ticket=ticket, by=boss, at=MONDAY + HOUR)

    assert Ticket.objects.get(pk=ticket.pk).last_activity_at == TUESDAY


def test_no_event_repeats_a_word_that_somebody_typed(ticket, ada, boss, ken, support, billing):
    """A life with every deed that takes a text, each marked; none of the marks is in any event's data."""
    mark = "Qx7marked"
    by_ada = Principal.link(ada, ticket.pk)
    Ticket.objects.filter(pk=ticket.pk).update(subject=f"{mark} subject")
    actions.reply(ticket=ticket, text=f"{mark} reply", by=boss, at=MONDAY)
    actions.add_note(ticket=ticket, text=f"{mark} note", by=boss, at=MONDAY)
    actions.assign(ticket=ticket, to=cast.make_agent("Asta", billing), by=boss, at=MONDAY, note=f"{mark} assign")
    actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY, note=f"{mark} transfer")
    actions.resolve(ticket=ticket, by=Principal.agent(ken), at=MONDAY, resolution=f"{mark} resolution")
    actions.add_message(
        ticket=ticket, address=address_for(ada), text=f"{mark} message", source="web", by=by_ada, at=TUESDAY
    )
    actions.close_unresolved(ticket=ticket, reason="other", by=Principal.agent(ken), at=TUESDAY, note=f"{mark} close")

    assert ticket.entries.filter(text__startswith=mark).count() == 7
    assert mark not in json.dumps(list(TicketEvent.objects.values("data", "cause", "kind")))


# --- What follows ----------------------------------------------------------------------------------


def make_department(event: TicketEvent) -> None:
    Department.objects.create(name=f"made by {event.kind} {event.number}")


def fail_halfway(event: TicketEvent) -> None:
    Department.objects.create(name="half done")
    raise RuntimeError("this handler fails")


def break_a_constraint(event: TicketEvent) -> None:
    Department.objects.create(name="Support")


def ask_for_a_missing_table(event: TicketEvent) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM there_is_no_such_table")


def lose_the_connection(event: TicketEvent) -> None:
    connection.connection.close()
    Department.objects.create(name="never heard of")


def undo_everything_below_us(event: TicketEvent) -> None:
    """As a database out of space does."""
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK")
    raise RuntimeError("the transaction is gone")


def test_handlers_run_within_the_deed(ticket, boss, subscribed):
    subscribed({Kind.CLAIMED: [make_department]})

    with transaction.atomic():
        actions.claim(ticket=ticket, by=boss, at=MONDAY)
        assert Department.objects.filter(name="made by claimed 2").exists()
        transaction.set_rollback(True)

    assert not Department.objects.filter(name__startswith="made by").exists()


def test_handlers_of_other_kinds_do_not(ticket, boss, subscribed):
    subscribed({Kind.RELEASED: [make_department]})

    actions.claim(ticket=ticket, by=boss, at=MONDAY)

    assert not Department.objects.filter(name__startswith="made by").exists()


@pytest.mark.parametrize("handler", [fail_halfway, break_a_constraint, ask_for_a_missing_table])
def test_one_that_fails_leaves_a_row_the_deed_and_the_others(handler, ticket, grace, boss, subscribed, caplog):
    subscribed({Kind.CLAIMED: [handler, make_department]})

    actions.claim(ticket=ticket, by=boss, at=MONDAY)

    failed = FailedHandler.objects.get()
    assert Ticket.objects.get(pk=ticket.pk).assignee == grace
    assert failed.event == ticket.events.get(kind=Kind.CLAIMED)
    assert failed.handler == f"{__name__}.{handler.__name__}"
    assert "Traceback" in failed.error
    assert (failed.failed_at, failed.due_at, failed.attempts) == (MONDAY, MONDAY + MINUTE, 1)
    assert not Department.objects.filter(name="half done").exists()
    assert Department.objects.filter(name="made by claimed 2").exists()
    assert handler.__name__ in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("handler", [lose_the_connection, undo_everything_below_us])
def test_a_lost_connection_or_transaction_undoes_the_deed(handler, ticket, boss, subscribed):
    subscribed({Kind.CLAIMED: [handler]})

    with pytest.raises((DatabaseError, RuntimeError)):
        actions.claim(ticket=ticket, by=boss, at=MONDAY)
    connection.close()

    assert Ticket.objects.get(pk=ticket.pk).assignee is None
    assert not FailedHandler.objects.exists()


def test_tried_again_such_an_error_is_a_failure_like_any_other(ticket, boss, subscribed):
    subscribed({Kind.CLAIMED: [ask_for_a_missing_table]})
    actions.claim(ticket=ticket, by=boss, at=MONDAY)
    FailedHandler.objects.update(claim=uuid4())
    failed = FailedHandler.objects.select_related("event").get()

    assert not events.retry(failed, claim=failed.claim, at=MONDAY + MINUTE)

    failed.refresh_from_db()
    assert (failed.attempts, failed.due_at, failed.claim) == (2, MONDAY + 3 * MINUTE, None)


def test_the_help_desks_own_table_names_each_handler_once_per_kind():
    for kind, handlers in events._handlers.items():
        names = [events.name_of(handler) for handler in handlers]
        assert len(set(names)) == len(names), kind
        assert all(events.handler_named(name) for name in names)
