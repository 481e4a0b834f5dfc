"""The machine's clock is set back by an hour: nothing waits for it, nothing is done twice, and moments stay."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts import bouncing
from accounts.models import UndoTime
from core.models import Lease, PeriodicJob
from helpdesk.relay import KINDS, LEASE, LEASE_LASTS, PERIODIC, Relay, WorkKind, bring_back, hand_out
from mail import breaking, intake, oauth, outages, outbound, outbox, senders
from mail.fetching import fetcher
from mail.models import (
    Authentication,
    Breaker,
    Door,
    Fault,
    IncomingMail,
    Mailbox,
    MailState,
    Outage,
    OutgoingMail,
    SendingAccount,
    SendsBy,
    Template,
)
from sla import reckoning
from sla.models import Reckoning, Scope
from tests.cast import DAY, HOUR, MINUTE, MONDAY
from tickets import actions
from tickets.models import (
    Erasure,
    Escalation,
    EscalationStep,
    FailedHandler,
    HeldReply,
    Kind,
    SetAside,
    TicketClock,
    TicketTimer,
    TimerKind,
)

pytestmark = pytest.mark.django_db

CLAIM = timedelta(seconds=120)
SECOND = timedelta(seconds=1)
EARLIER = MONDAY - HOUR


def kind_of(model) -> WorkKind:
    return next(kind for kind in KINDS if kind.model is model)


# --- What waits for a span -------------------------------------------------------------------------


def _mailbox(**fields):
    usual = {"name": "support", "address": "support@example.com", "protocol": "imap", "poll_seconds": 60}
    return Mailbox.objects.create(**usual | fields)


def _mail(**fields):
    usual = {"recipient": "a@example.org", "template": Template.ACCOUNT, "created_at": MONDAY, "body": b"x"}
    return OutgoingMail.objects.create(**usual | fields)


def _mail_to_a_full_mailbox(ticket):
    address = ticket.requester.addresses.get()
    for at in (MONDAY - DAY, MONDAY):
        bouncing.rest(address.pk, "552 Full", at=at)
    address.refresh_from_db()
    mail = OutgoingMail(recipient=address.email, address=address, template=Template.TICKET_REPLY, created_at=MONDAY)
    outbox.settle(mail, address, None, at=MONDAY, refused=None)
    mail.save()
    return mail


def _resting(person, until):
    address = person.addresses.get()
    address.resting_until, address.soft_bounces = until, 1
    address.save(update_fields=["resting_until", "soft_bounces"])
    return address


def _incoming(**fields):
    return IncomingMail.objects.create(
        **{"door": Door.PIPE, "stored_at": MONDAY, "arrived_at": MONDAY, "size": 1} | fields
    )


def _held(ticket, grace, **fields):
    usual = {"then": "keep", "is_scheduled": False, "send_at": MONDAY, "seen": 1, "created_at": MONDAY}
    return HeldReply.objects.create(ticket=ticket, author=grace, **usual | fields)


def _escalation(ticket, plan, **fields):
    clock = ticket.clocks.get(target="resolution")
    step = EscalationStep.objects.create(plan=plan, does="raise", after=timedelta(0))
    return Escalation.objects.create(clock=clock, step=step, planned_at=MONDAY, **fields)


def _set_aside(ticket, attempts, due_at):
    clock = ticket.clocks.get(target="resolution")
    SetAside.objects.create(clock=clock, reason="failed", attempts=attempts, since=MONDAY)
    TicketClock.objects.filter(pk=clock.pk).update(due_at=due_at)
    return clock


def _failed(ticket, attempts, due_at):
    event = ticket.events.get(kind=Kind.OPENED)
    return FailedHandler.objects.create(
        event=event, handler="x", error="x", attempts=attempts, failed_at=MONDAY, due_at=due_at
    )


# Name → the row, written on Monday, that waits as long as it ever does.
SPANS = {
    "a mailbox that works": lambda ticket, grace, plan: _mailbox(due_at=MONDAY + MINUTE),
    "a mailbox that failed": lambda ticket, grace, plan: _mailbox(
        failures=2, poll_seconds=5, due_at=MONDAY + fetcher.longest_wait(2)
    ),
    "a mailbox that fails for long": lambda ticket, grace, plan: _mailbox(
        failures=40, due_at=MONDAY + fetcher.longest_wait(40)
    ),
    "a mail that was just written": lambda ticket, grace, plan: _mail(due_at=MONDAY),
    "a mail beyond what may go in a minute": lambda ticket, grace, plan: _mail(
        created_at=EARLIER - HOUR, due_at=MONDAY + MINUTE
    ),
    "a mail that was refused once": lambda ticket, grace, plan: _mail(
        state=MailState.DEFERRED, attempts=1, due_at=MONDAY + outbound.longest_wait(1)
    ),
    "a mail whose account fails": lambda ticket, grace, plan: _mail(
        state=MailState.DEFERRED,
        attempts=1,
        fault=Fault.ACCOUNT,
        due_at=MONDAY + outbound.longest_wait_for_account(),
    ),
    "a mail to a mailbox that is full again": lambda ticket, grace, plan: _mail_to_a_full_mailbox(ticket),
    "a mail that just came in": lambda ticket, grace, plan: _incoming(due_at=MONDAY),
    "a mail whose file is away": lambda ticket, grace, plan: _incoming(
        last_error="OSError", due_at=MONDAY + intake.AWAY_FOR
    ),
    "a periodic job": lambda ticket, grace, plan: PeriodicJob.objects.create(
        name="watch_mailboxes", last_run_at=MONDAY, due_at=MONDAY + PERIODIC["watch_mailboxes"].every
    ),
    "a periodic job that never ran": lambda ticket, grace, plan: PeriodicJob.objects.create(
        name="watch_mailboxes", due_at=MONDAY
    ),
    "a reckoning": lambda ticket, grace, plan: Reckoning.objects.create(
        scope=Scope.PLAN, number=plan.pk, asked_at=MONDAY, due_at=MONDAY + reckoning.SETTLES
    ),
    "an erasure": lambda ticket, grace, plan: Erasure.objects.create(
        person=ticket.requester, way="delete", asked_by=grace, asked_at=MONDAY, due_at=MONDAY
    ),
    "a reply that can be taken back": lambda ticket, grace, plan: _held(
        ticket, grace, due_at=MONDAY + SECOND * max(UndoTime)
    ),
    "a reply that failed": lambda ticket, grace, plan: _held(
        ticket, grace, is_scheduled=True, failures=1, due_at=MONDAY + 20 * SECOND
    ),
    "a handler that failed": lambda ticket, grace, plan: _failed(ticket, 2, MONDAY + 2 * MINUTE),
    "a step that failed": lambda ticket, grace, plan: _escalation(ticket, plan, attempts=1, due_at=MONDAY + MINUTE),
    "a clock that failed": lambda ticket, grace, plan: _set_aside(ticket, 3, MONDAY + 4 * MINUTE),
}


@pytest.mark.parametrize("name", SPANS)
def test_what_waits_for_a_span_is_due_after_it_and_not_an_hour_later(name, ticket, grace, plan):
    row = SPANS[name](ticket, grace, plan)
    row.refresh_from_db()
    before = row.due_at

    bring_back(MONDAY)
    row.refresh_from_db()
    assert row.due_at == before

    bring_back(EARLIER)
    row.refresh_from_db()
    assert row.due_at == EARLIER


# --- What waits for a moment ------------------------------------------------------------------------

MOMENTS = {
    "a deadline": lambda ticket, grace, plan: ticket.clocks.get(target="resolution"),
    "a step after a breach": lambda ticket, grace, plan: _escalation(ticket, plan, due_at=MONDAY + DAY),
    "a reply for tomorrow morning": lambda ticket, grace, plan: _held(
        ticket, grace, is_scheduled=True, due_at=MONDAY + DAY
    ),
    "an alert kept through the night": lambda ticket, grace, plan: _mail(
        template=Template.ALERT_CLOCK, due_at=MONDAY + 9 * HOUR
    ),
    "a day to come back": lambda ticket, grace, plan: TicketTimer.objects.create(
        ticket=ticket, kind=TimerKind.WAKE, due_at=MONDAY + DAY
    ),
    "an alert kept through the night, whose agent's mailbox was full": lambda ticket, grace, plan: _mail(
        template=Template.ALERT_CLOCK,
        state=MailState.DEFERRED,
        fault=Fault.FULL,
        address=_resting(grace, MONDAY + 20 * MINUTE),
        due_at=MONDAY + 9 * HOUR,
    ),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_what_waits_for_a_moment_waits_for_it(name, ticket, grace, plan):
    row = MOMENTS[name](ticket, grace, plan)
    row.refresh_from_db()
    before = row.due_at

    bring_back(EARLIER)

    row.refresh_from_db()
    assert row.due_at == before


def test_who_has_a_row_in_hand_keeps_it():
    box = _mailbox(due_at=MONDAY + CLAIM, claim=uuid4())

    bring_back(EARLIER)

    before, box = box.claim, Mailbox.objects.get()
    assert (box.claim, box.due_at) == (before, EARLIER + CLAIM)


def test_a_relay_that_goes_on_notices(monkeypatch):
    monkeypatch.setattr(WorkKind, "send", lambda kind, pks, claim: None)
    box, ours = _mailbox(due_at=MONDAY + MINUTE), Relay()
    ours.turn(MONDAY)
    assert Mailbox.objects.get().claim is None

    ours.turn(EARLIER)

    box.refresh_from_db()
    assert box.claim is not None


# --- What else counts from a time ---------------------------------------------------------------------


def test_an_account_that_failed_is_tried_again_in_time(settings):
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    way = outages.Way()
    outages.note(way.account, "451 Later", MONDAY, is_certain=True)
    assert not way.may_try(MONDAY)
    assert not outages.Way().may_try(MONDAY - SECOND)

    assert outages.Way().may_try(EARLIER)

    # Of many at once one tries.
    assert not outages.Way().may_try(EARLIER)


def test_what_a_service_asks_for_is_kept(settings):
    account = SendingAccount.objects.create(name="Service", sends_by=SendsBy.SERVICE)
    outages.note(outages.key_of(account), "429 Later", MONDAY, is_certain=True, wait=50 * MINUTE)

    assert not outages.Way(account).may_try(MONDAY)
    assert Outage.objects.get().until == MONDAY + 50 * MINUTE


def test_the_number_of_mails_in_a_minute_begins_anew():
    account = SendingAccount.objects.create(name="Slow", per_minute=1, minute_at=MONDAY, in_minute=1)

    assert senders.may_go(account, MONDAY - SECOND) == MONDAY + MINUTE
    assert senders.may_go(account, EARLIER) is None
    assert senders.may_go(account, EARLIER) == EARLIER + MINUTE


def test_the_breaker_closes_opens_anew_and_does_not_open_an_hour_later():
    breaking.open_it(MONDAY)

    bring_back(EARLIER)

    assert not any(breaking.is_open(at) for at in (EARLIER, MONDAY, MONDAY + MINUTE))
    breaking.open_it(EARLIER + MINUTE)
    assert breaking.is_open(EARLIER + 2 * MINUTE)
    assert Breaker.objects.get().closes_at == MONDAY + MINUTE


def test_a_full_mailbox_rests_no_hour_longer(ada_address):
    bouncing.rest(ada_address.pk, "552 Full", at=MONDAY)
    ada_address.refresh_from_db()
    # A worker that began before, or whose clock is behind, takes it for the same time.
    bouncing.rest(ada_address.pk, "552 Full", at=MONDAY - SECOND)
    assert bouncing.is_resting(ada_address, MONDAY - SECOND)

    assert not bouncing.is_resting(ada_address, EARLIER)

    # Full still, it is the second time.
    bouncing.rest(ada_address.pk, "552 Full", at=EARLIER)
    ada_address.refresh_from_db()
    assert ada_address.resting_until == EARLIER + 6 * HOUR


def test_where_nobody_has_brought_it_back_yet_the_breaker_can_be_opened():
    breaking.open_it(MONDAY)

    breaking.open_it(EARLIER)

    assert breaking.is_open(EARLIER)
    assert not breaking.is_open(MONDAY)


def test_tokens_are_fetched_anew(monkeypatch):
    fields = {"authentication": Authentication.MICROSOFT_APP, "connected_at": MONDAY, "access_token": b"old"}
    box = _mailbox(access_expires_at=MONDAY + HOUR, **fields)
    monkeypatch.setattr(oauth, "now", lambda: EARLIER)
    monkeypatch.setattr(oauth, "_open", lambda token: bytes(token).decode())
    monkeypatch.setattr(oauth, "_ask", lambda mailbox, **given: {"access_token": "new"})
    assert oauth.access_token(box) == "old"

    bring_back(EARLIER)

    assert oauth.access_token(Mailbox.objects.get()) == "new"


# --- Claims, leases, clocks ---------------------------------------------------------------------------


def test_what_was_lost_comes_back_in_time_though_the_clock_was_set_back(ticket):
    at = ticket.clocks.get(target="first_response").deadline_at
    ours = Relay()
    assert hand_out(kind_of(TicketClock), at=at, send=lambda pks, claim: None)
    ours.turn(at)

    ours.turn(at - HOUR)

    clock = ticket.clocks.get(target="first_response")
    assert clock.claim is not None
    assert clock.due_at == at - HOUR + CLAIM


def test_a_lease_from_before_the_clock_was_set_back_keeps_nobody_out():
    dead, ours = Relay(), Relay()
    dead.turn(MONDAY)

    ours.turn(MONDAY - timedelta(minutes=5))
    assert Lease.objects.get(name=LEASE).holder == dead.holder
    ours.turn(MONDAY - HOUR)

    assert Lease.objects.get(name=LEASE).holder == ours.holder


def test_who_holds_the_lease_renews_it_though_the_clock_was_set_back():
    ours = Relay()
    ours.turn(MONDAY)

    ours.turn(MONDAY - HOUR)

    assert Lease.objects.get(name=LEASE).expires_at < MONDAY - HOUR + 2 * LEASE_LASTS


@pytest.mark.parametrize("share", [0.75, 1.0])
def test_warnings_and_breaches_happen_once_though_an_hour_comes_twice(share, ticket):
    clock = ticket.clocks.get(target="first_response")
    due = clock.started_at + clock.within * share

    for at in (due, due - HOUR, due):
        for pk in TicketClock.objects.filter(due_at__lte=at, target="first_response").values_list("pk", flat=True):
            TicketClock.objects.filter(pk=pk).update(claim=(claim := uuid4()))
            # It was handed out, and then the clock was set back.
            actions.sweep_clocks([pk], claim=claim, at=at - HOUR)
            TicketClock.objects.filter(pk=pk).update(claim=(claim := uuid4()))
            actions.sweep_clocks([pk], claim=claim, at=at)

    assert ticket.events.filter(kind__in=[Kind.CLOCK_WARNED, Kind.CLOCK_BREACHED]).count() == 1
