"""The relay: what is due goes out once, what is lost comes back, and one of many is active."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections
from django.utils.timezone import now

from accounts.principal import Principal
from core import lease, periodic, wakeups
from core.models import Lease
from helpdesk import relay as relaying
from helpdesk.relay import BATCH, KINDS, LEASE, MOST_OUT_OF_MAILS, THREADS, Relay, WorkKind, hand_out
from mail.models import MailState, OutgoingMail, Template
from tests.cast import HOUR, MONDAY, TUESDAY
from tickets import actions
from tickets.models import Kind, TicketClock, TicketTimer

MAIL = next(kind for kind in KINDS if kind.model is OutgoingMail)
CLAIM = timedelta(seconds=120)

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent():
    return []


@pytest.fixture
def send(sent):
    return lambda pks, claim: sent.extend((pk, claim) for pk in pks)


def make_mails(number, due_at=MONDAY):
    """Return the keys of mails that wait."""
    mails = OutgoingMail.objects.bulk_create(
        OutgoingMail(
            recipient=f"p{i}@example.org", template=Template.ACCOUNT, created_at=MONDAY, due_at=due_at, body=b"x"
        )
        for i in range(number)
    )
    return [mail.pk for mail in mails]


# --- Handing out ----------------------------------------------------------------------------------


def test_what_is_due_is_claimed_and_sent_off(sent, send):
    [pk] = make_mails(1)

    assert hand_out(MAIL, at=MONDAY, send=send) == 1

    mail = OutgoingMail.objects.get()
    assert sent == [(pk, mail.claim)]
    assert mail.due_at == MONDAY + CLAIM


def test_what_is_not_due_stays(sent, send):
    make_mails(1, due_at=MONDAY + timedelta(seconds=1))
    make_mails(0, due_at=None)

    assert hand_out(MAIL, at=MONDAY, send=send) == 0
    assert not sent


def test_what_is_handed_out_is_not_handed_out_again_while_its_claim_holds(sent, send):
    make_mails(1)
    hand_out(MAIL, at=MONDAY, send=send)

    assert hand_out(MAIL, at=MONDAY + CLAIM - timedelta(seconds=1), send=send) == 0


def test_a_lost_claim_comes_back_under_a_new_one(sent, send):
    [pk] = make_mails(1)
    hand_out(MAIL, at=MONDAY, send=send)

    assert hand_out(MAIL, at=MONDAY + CLAIM, send=send) == 1

    (first, old), (second, new) = sent
    assert first == second == pk
    assert old != new


def test_a_batch_is_a_hundred_the_longest_due_first(sent, send):
    late, early = make_mails(5, due_at=MONDAY), make_mails(BATCH, due_at=MONDAY - HOUR)

    assert hand_out(MAIL, at=MONDAY, send=send) == BATCH

    assert {pk for pk, _ in sent} == set(early)
    assert hand_out(MAIL, at=MONDAY, send=send) == len(late)


def test_a_batch_is_one_update(send, django_assert_num_queries):
    make_mails(BATCH)

    with django_assert_num_queries(6) as queries:
        hand_out(MAIL, at=MONDAY, send=send)

    assert sum(query["sql"].startswith("UPDATE") for query in queries) == 1


def done(pks):
    OutgoingMail.objects.filter(pk__in=pks).update(due_at=None, claim=None)


def test_so_many_are_out_and_no_more_until_some_are_done(sent, send):
    one_by_one = replace(MAIL, bundle=0)
    make_mails(MAIL.most + 50)
    while hand_out(one_by_one, at=MONDAY, send=send):
        pass
    assert len(sent) == MAIL.most

    done([pk for pk, _ in sent[:7]])

    assert hand_out(one_by_one, at=MONDAY, send=send) == 7


def test_where_much_waits_it_goes_out_in_whole_bundles():
    make_mails(MAIL.most + 100)
    bundles: list[list[int]] = []

    def turn() -> list[int]:
        before = len(bundles)
        while hand_out(MAIL, at=MONDAY, send=lambda pks, claim: bundles.append(list(pks))):
            pass
        return [len(pks) for pks in bundles[before:]]

    assert turn() == [25] * (MAIL.most // 25)
    assert len(bundles) >= 2 * THREADS
    done(bundles[0][:20])
    assert turn() == []
    done(bundles[0][20:] + bundles[1][:10])
    assert turn() == [25]


def test_where_all_is_out_that_may_be_the_rest_is_looked_for_soon(monkeypatch):
    monkeypatch.setattr(WorkKind, "send", lambda kind, pks, claim: None)
    make_mails(MOST_OUT_OF_MAILS + 1)
    relay = Relay()
    for _turn in range(MOST_OUT_OF_MAILS // BATCH):
        relay.turn(MONDAY)

    relay.turn(MONDAY)
    assert relay._is_busy

    OutgoingMail.objects.update(due_at=None, claim=None)
    relay.turn(MONDAY)
    assert not relay._is_busy


def test_short_claims_put_fewer_out(sent, send, settings):
    settings.CLAIM_TIME = timedelta(seconds=2)
    make_mails(50)

    hand_out(MAIL, at=MONDAY, send=send)

    assert len(sent) == 10


def test_all_kinds_together_stay_below_a_thousand():
    assert sum(kind.most for kind in KINDS) <= 1000


def test_what_the_broker_did_not_take_is_due_again_at_once(sent, send):
    pks = make_mails(5)

    def broken(pks: list[int], claim: UUID) -> None:
        if len(sent) == 2:
            raise ConnectionError
        send(pks, claim)

    with pytest.raises(ConnectionError):
        hand_out(MAIL, at=MONDAY, send=broken)

    back = OutgoingMail.objects.filter(claim=None, due_at=MONDAY)
    assert [mail.pk for mail in back.order_by("pk")] == pks[2:]


@pytest.mark.parametrize(("due", "bundles"), [(1, [1]), (3, [1, 1, 1]), (9, [3, 3, 3]), (BATCH, [25] * 4)])
def test_mails_come_in_bundles_over_which_what_waits_is_spread(due, bundles):
    make_mails(due)
    seen: list[int] = []

    hand_out(MAIL, at=MONDAY, send=lambda pks, claim: seen.append(len(pks)))

    assert seen == bundles


def test_what_has_no_bundles_comes_one_by_one(ticket):
    seen: list[int] = []

    hand_out(kind_of(TicketClock), at=now(), send=lambda pks, claim: seen.append(len(pks)))

    assert seen == [1] * TicketClock.objects.count()


@pytest.mark.django_db(transaction=True)
def test_two_relays_at_once_never_hand_out_the_same_row(sent, send):
    make_mails(100)
    start = threading.Barrier(3)

    def run():
        start.wait()
        try:
            while hand_out(MAIL, at=MONDAY, send=send, limit=10):
                pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    pks = [pk for pk, _ in sent]
    assert len(pks) == len(set(pks)) == 100


def test_an_idle_look_is_one_question_per_kind(django_assert_num_queries):
    with django_assert_num_queries(len(KINDS)):
        for kind in KINDS:
            hand_out(kind, at=MONDAY)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.model.__name__)
def test_every_kind_finds_its_due_rows_by_an_index(kind):
    due = kind.model._default_manager.filter(due_at__lte=MONDAY).order_by("due_at", "pk")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")

    assert "_due" in due.explain()


# --- Tasks ----------------------------------------------------------------------------------------


@pytest.fixture
def eager():
    """Messages of the broker arrive at once, in this process."""
    from helpdesk.celery import app

    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False


def kind_of(model) -> WorkKind:
    return next(kind for kind in KINDS if kind.model is model)


def test_a_clock_that_is_due_warns_then_breaches(eager, ticket, settings):
    at = ticket.clocks.get(target="first_response").deadline_at

    # The tasks ask the real clock, which is weeks after these.
    hand_out(kind_of(TicketClock), at=at)

    assert now() > at
    assert ticket.events.filter(kind=Kind.CLOCK_BREACHED, data__target="first_response").count() == 1
    assert ticket.clocks.get(target="first_response").due_at is None


def test_a_timer_that_is_due_closes_the_ticket(eager, ticket, grace):
    actions.resolve(ticket=ticket, by=Principal.agent(grace), at=MONDAY, resolution="Refunded.")

    hand_out(kind_of(TicketTimer), at=now())

    ticket.refresh_from_db()
    assert ticket.status == "closed"
    assert not TicketTimer.objects.exists()


def test_a_mail_that_is_due_is_tried(eager, ticket, settings):
    settings.MAIL_URL = ""
    OutgoingMail.objects.update(state=MailState.QUEUED, why="", due_at=MONDAY)

    hand_out(MAIL, at=now())

    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {MailState.SUPPRESSED}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.model.__name__)
def test_a_message_for_a_row_that_is_gone_or_held_by_another_does_nothing(kind, ticket, eager):
    row = kind.model._default_manager.first()

    kind.send([row.pk if row else 1], uuid4())
    kind.send([10**9], uuid4())

    if row is not None:
        assert kind.model._default_manager.filter(pk=row.pk, due_at=row.due_at, claim=None).exists()


# --- The lease ------------------------------------------------------------------------------------


def test_one_of_two_is_active(monkeypatch, send):
    monkeypatch.setattr(relaying, "KINDS", [])
    first, second = Relay(), Relay()
    at = now()

    first.turn(at)
    second.turn(at)

    assert (first._is_active, second._is_active) == (True, False)
    assert Lease.objects.get(name=LEASE).holder == first.holder


def test_the_other_takes_over_when_the_first_says_nothing(monkeypatch):
    monkeypatch.setattr(relaying, "KINDS", [])
    first, second = Relay(), Relay()
    at = now()
    first.turn(at)

    second.turn(at + timedelta(seconds=9))
    assert not second._is_active
    second.turn(at + timedelta(seconds=10))
    assert second._is_active

    first.turn(at + timedelta(seconds=10))
    assert not first._is_active


def test_the_lease_is_renewed_every_three_seconds(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(relaying, "KINDS", [])
    relay, at = Relay(), now()
    relay.turn(at)

    with django_assert_num_queries(0):
        relay.turn(at + timedelta(seconds=2))
    relay.turn(at + timedelta(seconds=3))

    assert Lease.objects.get(name=LEASE).expires_at == at + timedelta(seconds=13)


@pytest.mark.django_db(transaction=True)
def test_many_ask_for_the_lease_at_once_and_one_gets_it():
    start, got = threading.Barrier(4), []

    def ask(name):
        start.wait()
        try:
            got.append(lease.take("test", holder=name, at=MONDAY, lasts=CLAIM))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(str(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == [False, False, False, True]


def test_a_lease_given_back_is_free_at_once():
    lease.take("test", holder="a", at=MONDAY, lasts=CLAIM)
    lease.give_back("test", holder="b")
    assert not lease.take("test", holder="b", at=MONDAY, lasts=CLAIM)

    lease.give_back("test", holder="a")

    assert lease.take("test", holder="b", at=MONDAY, lasts=CLAIM)


# --- The thread -----------------------------------------------------------------------------------


@pytest.fixture
def running(transactional_db, monkeypatch, sent, send) -> Iterator[Relay]:
    """A relay in its thread; what it hands out is collected."""
    monkeypatch.setattr(WorkKind, "send", lambda kind, pks, claim: send(pks, claim))
    monkeypatch.setattr(relaying, "PERIODIC", {})
    monkeypatch.setattr(periodic, "_jobs", {})
    relay = Relay()
    relay.start()
    eventually(lambda: Lease.objects.filter(holder=relay.holder).exists())
    yield relay
    relay.stop(wait=5)
    assert not relay._thread.is_alive()


def test_what_becomes_due_is_seen_within_a_second(running, sent):
    [pk] = make_mails(1, due_at=now())
    wakeups.wake()

    eventually(lambda: [one for one, _ in sent] == [pk], within=1.5)


def test_what_becomes_due_by_time_alone_is_seen(running, sent):
    [pk] = make_mails(1, due_at=now() + timedelta(seconds=1.5))
    time.sleep(1.2)
    assert not sent

    eventually(lambda: [one for one, _ in sent] == [pk], within=2)


def test_a_wake_up_is_seen_at_once(running, sent):
    if not django_settings.REDIS_URL and connection.vendor != "sqlite":
        pytest.skip("without Redis, and without SQLite's change counter, a second may pass")
    time.sleep(0.3)
    started = time.monotonic()
    make_mails(1, due_at=now())
    wakeups.wake()

    eventually(lambda: sent, within=1)
    assert time.monotonic() - started < 0.7


def test_a_stopped_relay_gives_its_lease_back(running):
    running.stop(wait=5)

    assert not Lease.objects.exists()


def test_a_lost_database_connection_is_survived(running, sent, monkeypatch, caplog):
    broken = threading.Event()

    def die_once(kind, **kwargs):
        if not broken.is_set():
            broken.set()
            # What the server, or the network, does to it.
            connection.connection.close()
        return hand_out(kind, **kwargs)

    monkeypatch.setattr(relaying, "hand_out", die_once)
    assert broken.wait(3)
    [pk] = make_mails(1, due_at=now())

    eventually(lambda: [one for one, _ in sent] == [pk], within=5)


def test_a_broker_that_is_away_is_survived(running, sent, send, monkeypatch):
    fails = iter([ConnectionRefusedError()] * 2)

    def flaky(kind, pks, claim):
        if error := next(fails, None):
            raise error
        send(pks, claim)

    monkeypatch.setattr(WorkKind, "send", flaky)
    [pk] = make_mails(1, due_at=now())

    eventually(lambda: [one for one, _ in sent] == [pk], within=6)


@pytest.mark.django_db(transaction=True)
def test_with_the_broker_inside_it_takes_up_what_the_worker_before_had_in_hand(sent, send, monkeypatch, settings):
    settings.CELERY_BROKER_URL = "memory://localhost/"
    monkeypatch.setattr(WorkKind, "send", lambda kind, pks, claim: send(pks, claim))
    [pk] = make_mails(1, due_at=now() + CLAIM)
    [later] = make_mails_later()
    OutgoingMail.objects.filter(pk=pk).update(claim=uuid4())
    lease.take(LEASE, holder="the dead one", at=now(), lasts=CLAIM)
    relay = Relay()
    relay.start()
    try:
        eventually(lambda: pk in [one for one, _ in sent], within=2)
    finally:
        relay.stop(wait=5)
    assert later not in [one for one, _ in sent]


@pytest.mark.django_db(transaction=True)
def test_with_a_broker_of_its_own_claims_of_others_are_left_alone(sent, send, monkeypatch, settings):
    settings.CELERY_BROKER_URL = "redis://localhost/0"
    monkeypatch.setattr(WorkKind, "send", lambda kind, pks, claim: send(pks, claim))
    [pk] = make_mails(1, due_at=now() + CLAIM)
    OutgoingMail.objects.filter(pk=pk).update(claim=uuid4())
    relay = Relay()
    relay.start()
    try:
        eventually(lambda: Lease.objects.filter(holder=relay.holder).exists(), within=3)
        time.sleep(0.5)
    finally:
        relay.stop(wait=5)
    assert pk not in [one for one, _ in sent]


def make_mails_later():
    """A mail that waits to be tried again: nobody holds it."""
    mail = OutgoingMail.objects.create(
        recipient="later@example.org",
        template=Template.ACCOUNT,
        created_at=TUESDAY,
        due_at=now() + HOUR,
        state=MailState.DEFERRED,
    )
    return [mail.pk]


def eventually(condition, within=3.0):
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
