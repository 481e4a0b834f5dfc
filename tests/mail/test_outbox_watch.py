"""How mail that goes out does: bounded figures, a light for each way out, and administrators told by another one."""

from collections import Counter
from datetime import timedelta

import pytest

from accounts.models import Address
from helpdesk import doctor, metrics
from mail import alarm, composing, outages, outbox_watch
from mail.models import Health, MailState, Outage, OutgoingMail, OwnAddress, SendingAccount, Template
from tests.cast import HOUR, MINUTE, MONDAY

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def make(state, count=1, *, at=MONDAY, **given):
    return OutgoingMail.objects.bulk_create(
        OutgoingMail(recipient=f"p{n}@example.org", template=Template.ACCOUNT, created_at=at, state=state, **given)
        for n in range(count)
    )


@pytest.fixture
def account():
    account = SendingAccount.objects.create(name="billing", host="smtp.example.com", signs_in="not")
    OwnAddress.objects.create(email="billing@example.com", account=account)
    return account


@pytest.fixture
def told_root(admin_user, settings):
    settings.EMAIL_BACKEND = "mail.backend.OutboxBackend"
    Address.objects.filter(user=admin_user).update(verified_at=MONDAY)
    OutgoingMail.objects.all().delete()

    def told():
        return list(OutgoingMail.objects.filter(recipient=admin_user.email).order_by("pk"))

    return told


def fail(account, since):
    key = outages.key_of(account) if account else outages.Way().account
    return Outage.objects.create(account=key, since=since, until=MONDAY + MINUTE, failures=5, said="535 Wrong password")


def test_the_figures_of_a_day():
    make(MailState.SENT, 3, sent_at=MONDAY - MINUTE)
    make(MailState.SENT, 2, sent_at=MONDAY - 2 * HOUR)
    make(MailState.SENT, 4, at=MONDAY - 2 * DAY, sent_at=MONDAY - 2 * DAY)
    make(MailState.BOUNCED, 5)
    make(MailState.FAILED)
    make(MailState.SUPPRESSED, 2, why="demo")
    make(MailState.QUEUED, 2, due_at=MONDAY - HOUR)
    make(MailState.DEFERRED, due_at=MONDAY + HOUR)

    found = outbox_watch.figures(MONDAY)

    assert (found.oldest, found.waiting, found.sent_in_hour) == (MONDAY - HOUR, 3, 3)
    assert found.ended == Counter(sent=5, bounced=5, failed=1, perhaps_sent=0)
    assert found.bounce_share == 0.5
    assert outbox_watch.reasons(found.suppressed) == [("Demo", 2)]


def test_the_share_is_of_the_same_time_where_not_all_are_counted(monkeypatch):
    monkeypatch.setattr(outbox_watch, "MOST_COUNTED", 4)
    make(MailState.BOUNCED, 3, at=MONDAY - HOUR)
    make(MailState.BOUNCED, 1)
    make(MailState.SENT, 6, sent_at=MONDAY)

    assert outbox_watch.figures(MONDAY).bounce_share == 0.2


def test_the_figures_cost_the_same_with_more_mails(django_assert_max_num_queries):
    make(MailState.SENT, 50, sent_at=MONDAY)
    make(MailState.QUEUED, 50, due_at=MONDAY)

    with django_assert_max_num_queries(11):
        outbox_watch.figures(MONDAY)
        outbox_watch.reports(MONDAY)


def test_each_way_out_has_its_light(account):
    fail(account, MONDAY - HOUR)

    site, own = outbox_watch.reports(MONDAY)

    assert (site.name, site.health) == ("MAIL_URL", Health.GREEN)
    assert (own.name, own.health) == ("billing", Health.RED)
    assert "535 Wrong password" in own.sentences[0]


def test_a_way_that_fails_for_some_minutes_is_amber(account):
    fail(account, MONDAY - 5 * MINUTE)

    assert outbox_watch.reports(MONDAY)[1].health == Health.AMBER


@pytest.mark.parametrize(("waits", "health"), [(True, Health.AMBER), (False, Health.GREEN)])
def test_an_account_switched_off_is_looked_at_where_mails_wait_for_it(account, waits, health):
    SendingAccount.objects.update(is_active=False)
    if waits:
        make(MailState.DEFERRED, account=account, due_at=MONDAY)

    assert outbox_watch.reports(MONDAY)[1].health == health


def test_administrators_are_told_once_and_by_another_way(account, told_root):
    fail(None, MONDAY - HOUR)

    assert alarm.watch_sending(MONDAY) == 1
    assert alarm.watch_sending(MONDAY + MINUTE) == 0

    [mail] = told_root()
    assert mail.account == account


def test_of_an_account_they_are_told_by_the_site_s_way(account, told_root):
    fail(account, MONDAY - HOUR)

    alarm.watch_sending(MONDAY)

    [mail] = told_root()
    assert mail.account is None


def test_without_another_way_nobody_is_mailed_but_the_log_and_the_doctor_say_it(told_root, caplog):
    fail(None, MONDAY - HOUR)

    assert alarm.watch_sending(MONDAY) == 1

    assert not told_root()
    assert "MAIL_URL" in caplog.text
    assert next(one for one in doctor.examine(MONDAY) if one.name == "sending:MAIL_URL").health == Health.RED


def test_many_bounces_are_red_at_the_doctor_s(db):
    make(MailState.SENT, 20, sent_at=MONDAY)
    make(MailState.BOUNCED, 10)

    assert next(one for one in doctor.examine(MONDAY) if one.name == "bounces").health == Health.RED


def test_metrics_say_how_sending_does(account):
    make(MailState.SENT, 3, sent_at=MONDAY)
    fail(account, MONDAY - HOUR)

    told = list(metrics.lines(MONDAY))

    assert "helpdesk_outbox_sent_in_hour 3" in told
    assert 'helpdesk_outbox_ended{state="sent"} 3' in told
    assert 'helpdesk_sending_health{account="billing"} 2' in told


# --- Each way out by itself, and what comes back ---------------------------------------------------------


def test_each_way_out_has_its_own_figures(account):
    make(MailState.SENT, 30, sent_at=MONDAY - MINUTE, account=account)
    make(MailState.BOUNCED, 10, account=account)
    make(MailState.FAILED, account=account)
    make(MailState.DEFERRED, at=MONDAY - 2 * HOUR, due_at=MONDAY + HOUR, account=account)
    make(MailState.SENT, 5, sent_at=MONDAY - 2 * HOUR)

    reading = outbox_watch.read(MONDAY)
    own, site = reading.of(account), reading.of(None)

    assert (own.sent_in_hour, own.bounce_percent, own.waiting, own.oldest) == (30, 25.0, 1, MONDAY - 2 * HOUR)
    assert own.ended == Counter(sent=30, bounced=10, failed=1, perhaps_sent=0)
    assert (site.sent_in_hour, site.bounce_share, site.waiting, site.oldest) == (0, 0, 0, None)
    assert site.ended == Counter(sent=5, bounced=0, failed=0, perhaps_sent=0)
    assert reading.of_all.ended == Counter(sent=35, bounced=10, failed=1, perhaps_sent=0)
    told = list(metrics.lines(MONDAY))
    assert 'helpdesk_sending_ended{account="billing",state="bounced"} 10' in told
    assert 'helpdesk_sending_bounce_share{account="billing"} 0.2500' in told
    assert 'helpdesk_sending_waiting{account="billing"} 1' in told
    assert 'helpdesk_sending_oldest_seconds{account="billing"} 7200' in told
    assert 'helpdesk_sending_sent_in_hour{account="MAIL_URL"} 0' in told


def test_administrators_are_told_once_a_day_of_a_way_by_which_much_comes_back(account, told_root):
    make(MailState.SENT, 30, sent_at=MONDAY, account=account)
    make(MailState.BOUNCED, 10, account=account)
    make(MailState.SENT, 30, sent_at=MONDAY)
    make(MailState.BOUNCED, 2)

    assert alarm.watch_bounces(MONDAY) == 1
    assert alarm.watch_bounces(MONDAY + HOUR) == 0

    [mail] = told_root()
    message = composing.compose(mail)
    assert message.subject == "Many mails by billing come back"
    assert "of the last day's mails by billing 25 % came back (10)." in message.body


def test_of_a_few_that_come_back_nobody_is_told(account, told_root):
    make(MailState.SENT, 5, sent_at=MONDAY, account=account)
    make(MailState.BOUNCED, 5, account=account)
    make(MailState.SENT, 100, sent_at=MONDAY)
    make(MailState.BOUNCED, 6)

    assert alarm.watch_bounces(MONDAY) == 0
    assert not told_root()
