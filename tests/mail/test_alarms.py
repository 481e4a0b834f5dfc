"""Administrators are mailed who was locked out, and of pages that could not be shown (PARITY N07)."""

import logging

import pytest
from django.core.cache import caches
from django.test import Client
from django.utils.timezone import now

from accounts import audit, tries
from accounts.models import AuditKind
from core import failures
from core.models import SiteSettings
from helpdesk.relay import PERIODIC
from mail import alarm
from tests import cast
from tests.cast import HOUR, MINUTE

LOGIN = "/accounts/login/"


@pytest.fixture
def wrong(db):
    def wrong(email, count=tries.TRIES_PER_ACCOUNT):
        for _ in range(count):
            Client().post(LOGIN, {"login": email, "password": "not it"})

    return wrong


def test_administrators_hear_who_was_locked_out_once(wrong, ken, ada_confirmed, admin_user, mailoutbox):
    wrong("ken@example.com")
    assert PERIODIC["watch_locks"].run is alarm.watch_locks

    told = [alarm.watch_locks(now()) for _look in range(2)]

    assert told == [True, False]
    [letter] = mailoutbox
    assert (letter.to, letter.subject) == (["root@example.com"], "Too many failing sign-ins")
    assert "- Account ken@example.com\n" in letter.body
    assert "/admin/accounts/lock/" in letter.body


def test_more_within_the_hour_wait_for_the_next_mail(wrong, ken, grace, admin_user, mailoutbox, monkeypatch):
    free = iter([True, False, True])
    monkeypatch.setattr("mail.alarm.throttle.claim", lambda *_what: next(free))
    at = now()
    lock(ken, at)
    assert alarm.watch_locks(at + MINUTE)
    lock(grace, at + 2 * MINUTE)

    told = [alarm.watch_locks(at + passed) for passed in (3 * MINUTE, HOUR + 2 * MINUTE)]

    assert told == [False, True]
    first, second = (letter.body for letter in mailoutbox)
    assert "grace@" not in first
    assert "- Account grace@example.com\n" in second
    assert "ken@" not in second


def test_a_client_is_named_by_its_address_and_of_many_ten(ken, admin_user, mailoutbox):
    at = now()
    for number in range(12):
        lock(cast.make_person(f"p{number}@example.org", "P"), at)
    audit.record(AuditKind.LOCKED, by=None, at=at, changes={"scope": (None, tries.CLIENT)})

    assert alarm.watch_locks(at)

    [letter] = mailoutbox
    assert letter.body.count("- Account p") + letter.body.count("- Everybody at") == alarm.MOST_NAMED
    assert "- and 3 more\n" in letter.body


def test_the_site_can_leave_it_out(ken, admin_user, mailoutbox):
    SiteSettings.objects.update(tells_locks=False)
    lock(ken, now())

    assert not alarm.watch_locks(now())
    assert not mailoutbox


def test_pages_that_fail_are_counted_and_told_once_an_hour(admin_user, mailoutbox, monkeypatch):
    client = Client(raise_request_exception=False)
    monkeypatch.setattr("core.context.site_of", lambda request: 1 / 0)
    monkeypatch.setattr("pages.live.site_of", lambda request: 1 / 0)
    assert [client.get("/").status_code for _time in range(2)] == [500, 500]
    monkeypatch.undo()
    assert PERIODIC["watch_failures"].run is alarm.watch_failures

    told = [alarm.watch_failures(now()) for _look in range(2)]

    assert told == [True, False]
    assert [letter.subject for letter in mailoutbox] == ["2 pages could not be shown"]
    assert failures.count() == 0


@pytest.mark.django_db
def test_what_the_hour_s_mail_could_not_tell_is_kept_for_the_next(monkeypatch):
    # As long as a cache keeps what is not said to stay.
    monkeypatch.setattr(caches["default"], "default_timeout", 0)

    fail(), fail()
    failures.forget(1)
    fail()

    assert failures.count() == 2


@pytest.mark.django_db
def test_what_is_refused_or_unavailable_on_purpose_is_not_counted(client):
    SiteSettings.objects.update(is_online=False)

    assert [client.get(path).status_code for path in ("/", "/nothing/here/")] == [503, 404]

    assert failures.count() == 0


def test_a_failing_cache_hides_no_line_of_the_log(monkeypatch, caplog):
    monkeypatch.setattr("core.failures.cache.add", lambda *_what: 1 / 0)

    fail()

    assert "Internal Server Error: /" in caplog.text
    assert "not counted" in caplog.text


def fail():
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        logging.getLogger("django.request").exception("Internal Server Error: /", extra={"status_code": 500})


def lock(person, at):
    audit.record(AuditKind.LOCKED, by=None, at=at, target=person, changes={"scope": (None, tries.PASSWORD)})
