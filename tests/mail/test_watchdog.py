"""The watchdog: each mailbox green, amber or red, in sentences; administrators are told once of each change."""

import sys
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils.timezone import now

from core import secrets
from mail import alarm, intake, watchdog
from mail.models import Health, IncomingMail, Mailbox, OutgoingMail
from tests.cast import MONDAY

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _outbox(settings):
    """Django puts another one in its place for tests."""
    settings.EMAIL_BACKEND = "mail.backend.OutboxBackend"


@pytest.fixture
def box(db):
    """Fetched from a minute ago; nothing is wrong with it."""
    return Mailbox.objects.create(
        name="support",
        address="support@example.com",
        protocol="imap",
        host="imap.example.com",
        connected_at=MONDAY - MINUTE,
        on_server=12,
        due_at=MONDAY,
    )


def report(at=MONDAY):
    [one] = watchdog.reports(at)
    return one


def test_a_mailbox_that_works_is_green(box):
    assert report().health == Health.GREEN
    assert report().sentences == [
        "Looked into 1\xa0minute ago: 12 on the server, and all that are ours are in the ledger."
    ]


@pytest.mark.parametrize(
    ("case", "health", "says"),
    [
        ("fails a minute", "amber", "It has failed for 1\xa0minute: wrong password"),
        ("fails an hour", "red", "It has failed for 1\xa0hour: wrong password"),
        ("nobody came", "red", "Nobody looked into it in time"),
        ("complains", "amber", "There is no folder “Done”"),
        ("stumbles", "amber", "does not hand out 1 mail"),
        ("has more", "amber", "5 mails on the server are still to be stored"),
        ("not authorised", "red", "Nobody has authorised it yet"),
        ("ends in ten days", "amber", "Its authorisation ends in 1\xa0week, 3\xa0days"),
        ("ends tomorrow", "red", "Its authorisation ends in 1\xa0day"),
        ("ended", "red", "Its authorisation is over"),
        ("switched off", "green", "It is switched off"),
    ],
)
def test_what_is_wrong_is_said(box, case, health, says):
    token = {"authentication": "google", "refresh_token": secrets.encrypt(b"token")}
    changes = {
        "fails a minute": {"failing_since": MONDAY - MINUTE, "last_error": "wrong password"},
        "fails an hour": {"failing_since": MONDAY - HOUR, "last_error": "wrong password"},
        "nobody came": {"due_at": MONDAY - HOUR},
        "complains": {"last_error": "There is no folder “Done” to move mails to."},
        "stumbles": {"stumbled_over": {"7/3": 2}},
        "has more": {"not_stored": 5},
        "not authorised": {"authentication": "google"},
        "ends in ten days": token | {"refresh_expires_at": MONDAY + 10 * DAY},
        "ends tomorrow": token | {"refresh_expires_at": MONDAY + DAY},
        "ended": token | {"refresh_expires_at": MONDAY - MINUTE},
        "switched off": {"is_active": False, "failing_since": MONDAY - HOUR},
    }
    Mailbox.objects.update(**changes[case])

    assert report().health == health
    assert says in report().sentences[0]


def test_mails_that_nobody_takes_in_are_noticed(box):
    intake.store([b"Subject: x\r\n\r\nx"], door="imap", at=MONDAY, mailbox=box, place="1/1")
    Mailbox.objects.update(due_at=MONDAY + DAY)

    assert report(MONDAY + MINUTE).health == "green"
    assert report(MONDAY + 10 * MINUTE).health == "amber"
    assert report(MONDAY + HOUR).health == "red"
    assert "A mail waits for 1\xa0hour" in report(MONDAY + HOUR).sentences[0]


def test_a_quarantine_that_grows_is_noticed(box):
    for number in range(watchdog.MANY_ASIDE):
        mail = intake.store([b"x%d" % number], door="imap", at=MONDAY, mailbox=box, place=f"1/{number}")
        IncomingMail.objects.filter(pk=mail.pk).update(state="quarantined", reason="failed", due_at=None)

    assert "20 mails went into quarantine within a day." in report().sentences
    Mailbox.objects.update(due_at=MONDAY + 2 * DAY)
    assert report(MONDAY + 2 * DAY).health == "green"


def test_it_costs_as_many_queries_for_ten_mailboxes_as_for_one(box, django_assert_num_queries):
    for number in range(9):
        Mailbox.objects.create(name=f"box{number}", address=f"box{number}@example.com")

    with django_assert_num_queries(3):
        assert len(watchdog.reports(MONDAY)) == 10


def test_administrators_are_told_once_that_it_broke_and_once_that_it_works(box, admin_user, grace):
    Mailbox.objects.update(failing_since=MONDAY - HOUR, last_error="wrong password")

    for _time in range(3):
        alarm.watch(MONDAY)
    assert list(OutgoingMail.objects.values_list("recipient", flat=True)) == ["root@example.com"]

    Mailbox.objects.update(failing_since=None, last_error="", due_at=MONDAY)
    for _time in range(3):
        alarm.watch(MONDAY)
    assert OutgoingMail.objects.count() == 2


def test_what_is_only_amber_wakes_nobody(box, admin_user):
    Mailbox.objects.update(failing_since=MONDAY - MINUTE, last_error="wrong password")

    assert alarm.watch(MONDAY) == 1
    assert OutgoingMail.objects.count() == 0
    assert Mailbox.objects.get().health == "amber"


def test_the_mail_says_what_is_wrong_and_goes_not_into_the_broken_mailbox(box, admin_user):
    Mailbox.objects.update(failing_since=MONDAY - HOUR, last_error="wrong password", address="root@example.com")

    alarm.watch(MONDAY)

    assert OutgoingMail.objects.count() == 0


def test_the_page_shows_it_to_administrators_alone(box, sign_in, admin_user, grace):
    Mailbox.objects.update(last_error="There is no folder <b>Done</b>", due_at=now())
    address = reverse("admin:mail_mailbox_watch")

    page = sign_in(admin_user).get(address).content.decode()

    assert "There is no folder &lt;b&gt;Done&lt;/b&gt;" in page
    assert sign_in(grace).get(address).status_code == 403


def test_the_doctor_exits_by_the_worst(box, capsys):
    Mailbox.objects.update(due_at=None)

    with pytest.raises(SystemExit) as exit_:
        call_command("doctor", stdout=sys.stdout)

    assert exit_.value.code == 2
    assert "red    mailbox support: Nobody looked into it in time" in capsys.readouterr().out
