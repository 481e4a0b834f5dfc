"""A handler that fails: the deed stands, the failure is kept, tried again, and in the end left to people."""

from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection

from accounts.principal import Principal
from helpdesk import subscriptions
from mail.models import OutgoingMail, Template
from tests.cast import MINUTE, TUESDAY
from tickets import actions, events
from tickets.models import FailedHandler, Kind
from tickets.tasks import retry_handler

works = True


def fragile(event):
    """A handler that writes a row, and fails if it is told to."""
    mail = OutgoingMail(deed=event.deed, recipient="a@example.org", template=Template.ACCOUNT, created_at=event.at)
    OutgoingMail.objects.bulk_create([mail], ignore_conflicts=True)
    if not works:
        raise ValueError("no luck")


@pytest.fixture
def subscribed(monkeypatch):
    """Notes are followed by the fragile handler, which fails at first."""
    monkeypatch.setitem(globals(), "works", False)
    events.subscribe({Kind.NOTE_ADDED: [fragile]})
    yield
    subscriptions.install()


@pytest.fixture
def failed(subscribed, ticket, grace):
    actions.add_note(ticket=ticket, text="x", by=Principal.agent(grace), at=TUESDAY)
    return hand_out(FailedHandler.objects.get())


def test_the_deed_stands_and_what_the_handler_wrote_does_not(failed, ticket):
    assert ticket.entries.filter(text="x").exists()
    assert not OutgoingMail.objects.filter(recipient="a@example.org").exists()
    assert failed.event.kind == Kind.NOTE_ADDED
    assert "no luck" in failed.error


def test_it_is_due_again_after_a_minute(subscribed, ticket, grace):
    actions.add_note(ticket=ticket, text="x", by=Principal.agent(grace), at=TUESDAY)

    assert FailedHandler.objects.get().due_at == TUESDAY + MINUTE


def test_once_it_works_it_is_done(failed, monkeypatch):
    monkeypatch.setitem(globals(), "works", True)

    assert events.retry(failed, claim=failed.claim, at=TUESDAY + MINUTE)

    failed.refresh_from_db()
    assert (failed.succeeded_at, failed.due_at, failed.claim, failed.attempts) == (TUESDAY + MINUTE, None, None, 2)
    assert OutgoingMail.objects.filter(recipient="a@example.org").count() == 1


def test_done_twice_it_happens_once(failed, monkeypatch):
    monkeypatch.setitem(globals(), "works", True)
    events.retry(failed, claim=failed.claim, at=TUESDAY + MINUTE)

    assert not events.retry(failed, claim=failed.claim, at=TUESDAY + 2 * MINUTE)

    assert FailedHandler.objects.get().succeeded_at == TUESDAY + MINUTE


def test_without_the_claim_nothing_of_it_stands(failed, monkeypatch):
    monkeypatch.setitem(globals(), "works", True)

    assert not events.retry(failed, claim=uuid4(), at=TUESDAY + MINUTE)

    assert FailedHandler.objects.get().succeeded_at is None
    assert not OutgoingMail.objects.filter(recipient="a@example.org").exists()


def test_it_waits_longer_every_time_and_is_left_to_people_after_two_days(failed):
    waits, at = [], TUESDAY
    while failed.due_at is not None:
        failed = hand_out(failed)
        at = max(at, failed.due_at)
        events.retry(failed, claim=failed.claim, at=at)
        failed.refresh_from_db()
        if failed.due_at is not None:
            waits.append(failed.due_at - at)
            at = failed.due_at

    assert waits[:3] == [2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert max(waits) == timedelta(hours=6)
    assert timedelta(days=1.5) < at - TUESDAY <= timedelta(days=2)
    assert failed.succeeded_at is None
    assert failed.claim is None


def test_a_handler_that_is_gone_is_given_up(failed):
    events.subscribe({})

    assert not events.retry(failed, claim=failed.claim, at=TUESDAY)

    failed.refresh_from_db()
    assert failed.due_at is None
    assert "no longer subscribed" in failed.error


@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_while_trying_again_loses_nothing(failed, monkeypatch):
    def lose(event):
        connection.connection.close()
        event.refresh_from_db()

    monkeypatch.setattr(events, "handler_named", lambda name: lose)
    with suppress(DatabaseError):
        events.retry(failed, claim=failed.claim, at=TUESDAY)
    connection.close()

    # It is due again, now or when the claim ends.
    failed.refresh_from_db()
    assert failed.succeeded_at is None
    assert failed.due_at is not None


def test_the_worker_s_door(failed, monkeypatch):
    monkeypatch.setitem(globals(), "works", True)

    retry_handler(failed.pk, str(failed.claim))

    assert FailedHandler.objects.get().succeeded_at is not None


def hand_out(failed):
    FailedHandler.objects.filter(pk=failed.pk).update(claim=uuid4())
    failed.refresh_from_db()
    return failed
