"""What an agent wants to hear of by mail, and when; and switching a kind off by the link in it."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Preferences
from mail import outbound, switching_off
from mail.composing import compose
from mail.models import MailState, OutgoingMail, Template
from tests import cast
from tests.cast import HOUR, MONDAY, TUESDAY
from tickets import actions, wishes
from tickets.models import Alert, TicketClock
from tickets.models.alerts import AlertRule

GRACE = "grace@example.com"


def prefer(agent, **given):
    Preferences.objects.update_or_create(agent=agent, defaults=given)


def write(ticket, at=TUESDAY):
    address = ticket.participants.get().address
    by = cast.principal(address.user)
    actions.add_message(ticket=ticket, address=address, text="And now?", source="web", by=by, at=at)


def off(alert, about):
    return wishes.code(wishes.Channel.MAIL, alert, about)


@pytest.mark.parametrize("about", wishes.About)
@pytest.mark.parametrize("is_hers", [True, False])
def test_what_an_agent_does_not_want_is_not_mailed(ticket, grace, told, about, is_hers):
    prefer(grace, alerts_off=[off(Alert.MESSAGE, about)])
    if is_hers:
        actions.claim(ticket=ticket, by=cast.principal(grace), at=MONDAY)
    told()

    write(ticket)

    wanted = is_hers != (about == wishes.About.MINE)
    assert told() == ({GRACE: Template.ALERT_MESSAGE} if wanted else {})


def test_a_mail_waits_for_the_end_of_quiet_hours(ticket, grace):
    prefer(grace, quiet_hours={"1": ["08:00", "18:00"]})

    write(ticket)

    mail = OutgoingMail.objects.get(template=Template.ALERT_MESSAGE)
    assert (mail.state, mail.due_at) == (MailState.QUEUED, datetime(2026, 11, 3, 18, tzinfo=UTC))


def test_a_full_mailbox_rests_as_long_as_it_must_also_beyond_quiet_hours(ticket, grace):
    prefer(grace, quiet_hours={"1": ["08:00", "18:00"]})
    until = datetime(2026, 11, 4, 9, tzinfo=UTC)
    grace.addresses.update(resting_until=until)

    write(ticket)

    assert OutgoingMail.objects.get(template=Template.ALERT_MESSAGE).due_at == until


def test_quiet_hours_are_those_of_the_agent_s_zone(ticket, grace):
    type(grace).objects.filter(pk=grace.pk).update(time_zone="America/New_York")
    prefer(grace, quiet_hours={"1": ["03:00", "08:00"]})

    write(ticket)

    assert OutgoingMail.objects.get(template=Template.ALERT_MESSAGE).due_at == datetime(2026, 11, 3, 13, tzinfo=UTC)


@pytest.mark.parametrize("passes", [True, False])
def test_a_breach_passes_if_the_agent_says_so(ticket, grace, passes):
    prefer(grace, quiet_hours={"0": ["00:00", "00:00"]}, breaches_pass=passes)
    clock = ticket.clocks.get(target="first_response")
    claim = uuid4()
    TicketClock.objects.filter(pk=clock.pk).update(claim=claim)

    actions.breach_or_warn(clock=clock, claim=claim, at=MONDAY + HOUR)

    due_at = OutgoingMail.objects.get(template=Template.ALERT_CLOCK).due_at
    assert due_at == (MONDAY + HOUR if passes else datetime(2026, 11, 3, tzinfo=UTC))


# --- Kept until quiet hours are over, or for as long as no server took it ------------------------------


@pytest.fixture
def kept(ticket, grace, sink):
    """`kept()` lets the alert about Ada's message leave, long after she wrote; it returns the mail as it is then."""
    write(ticket)
    mail = OutgoingMail.objects.get(template=Template.ALERT_MESSAGE)

    def leave() -> OutgoingMail:
        claim = uuid4()
        OutgoingMail.objects.filter(pk=mail.pk).update(claim=claim)
        outbound.send(mail.pk, claim)
        mail.refresh_from_db()
        return mail

    return leave


def test_a_kept_mail_goes_where_nothing_changed(kept, sink):
    assert kept().state == MailState.SENT
    assert [one.recipient for one in sink.received] == [GRACE]


def test_a_kind_switched_off_meanwhile_does_not_go(kept, grace, sink):
    prefer(grace, alerts_off=[off(Alert.MESSAGE, wishes.About.DEPARTMENT)])

    mail = kept()

    assert (mail.state, sink.received) == (MailState.CANCELLED, [])
    assert "does not want to hear of this any more" in mail.last_error


def test_a_wish_about_other_tickets_keeps_nothing_back(kept, grace):
    prefer(grace, alerts_off=[off(Alert.MESSAGE, wishes.About.MINE)])

    assert kept().state == MailState.SENT


def test_of_who_is_told_as_what_nobody_knows_any_more_a_wish_for_either_counts(kept, ticket, grace, billing):
    prefer(grace, alerts_off=[off(Alert.MESSAGE, wishes.About.DEPARTMENT)])
    actions.assign(ticket=ticket, to=cast.make_agent("Eve", billing), by=cast.principal(grace), at=TUESDAY)

    assert kept().state == MailState.SENT


def test_quiet_hours_set_meanwhile_are_waited_for(kept, grace, sink):
    at = timezone.now()
    prefer(grace, quiet_hours={str(day): ["00:00", "00:00"] for day in (at.weekday(), (at.weekday() + 1) % 7)})

    mail = kept()

    assert (mail.state, mail.attempts, sink.received) == (MailState.QUEUED, 0, [])
    assert mail.due_at > at


# --- Switching off by the link ------------------------------------------------------------------------


@pytest.fixture
def url(ticket, grace, settings):
    settings.PUBLIC_URL = "https://help.example"
    write(ticket)
    message = compose(OutgoingMail.objects.get(template=Template.ALERT_MESSAGE)).message()
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    return message["List-Unsubscribe"].strip("<>").removeprefix("https://help.example")


def test_a_program_switches_it_off_by_one_post_without_signing_in(url, ticket, grace, told):
    answer = Client(enforce_csrf_checks=True).post(url, {"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    told()
    write(ticket, TUESDAY + HOUR)
    assert told() == {}
    kept = Preferences.objects.get(agent=grace).alerts_off
    assert kept == sorted(off(Alert.MESSAGE, about) for about in wishes.About)


def test_looking_at_the_link_changes_nothing(url):
    answer = Client().get(url)

    assert "Switch these mails off" in answer.content.decode()
    assert not Preferences.objects.exists()


def test_a_forged_or_revoked_link_is_none(url, grace):
    assert Client().post(url[:-3] + "xx/").status_code == 404
    grace.addresses.update(link_epoch=5)
    assert Client().post(url).status_code == 404
    assert not Preferences.objects.exists()


def test_a_link_is_for_one_agent_and_one_kind(grace, ken):
    address, alerts = switching_off.read(switching_off.token(cast.address_for(ken), Template.ALERT_CLOCK))

    assert (address.user, alerts) == (ken, [Alert.WARNED, Alert.BREACHED])


def test_who_only_administers_has_nothing_to_switch_off(ticket, grace, admin_user):
    AlertRule.objects.update_or_create(event=Alert.MESSAGE, defaults={"administrators": True})
    write(ticket)

    mail = OutgoingMail.objects.get(recipient="root@example.com")

    assert "List-Unsubscribe" not in compose(mail).message()


def test_mails_to_requesters_have_nothing_to_switch_off(ticket, grace):
    actions.reply(ticket=ticket, text="Here.", by=cast.principal(grace), at=TUESDAY)
    for mail in OutgoingMail.objects.exclude(recipient=GRACE):
        assert "List-Unsubscribe" not in compose(mail).message()
