"""IDLE: a server that tells of new mail makes the mailbox due at once; without it polling goes on."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from core import lease
from mail.fetching import watching
from mail.fetching.watching import Watcher
from mail.models import Mailbox
from tests.mail import samples

pytestmark = pytest.mark.django_db


@pytest.fixture
def watcher():
    watcher = Watcher()
    yield watcher
    watcher.close()


def is_due(box):
    return Mailbox.objects.get(pk=box.pk).due_at <= now()


@pytest.fixture
def quiet(make_mailbox, fetch, watcher):
    """A mailbox that was fetched from, is watched, and is due in a minute."""
    box = fetch(make_mailbox())
    watcher.turn(now())
    watcher.turn(now())
    Mailbox.objects.update(due_at=now() + timedelta(minutes=1))
    return box


def test_new_mail_makes_it_due_at_once(dovecot, user, quiet, watcher):
    assert not is_due(quiet)

    dovecot.deliver(samples.mail(), user=user)
    watcher.listen(5)

    assert is_due(quiet)


def test_news_that_come_while_somebody_fetches_are_passed_on_afterwards(dovecot, user, quiet, watcher):
    Mailbox.objects.update(claim="00000000-0000-0000-0000-000000000001")
    dovecot.deliver(samples.mail(), user=user)
    watcher.listen(5)
    assert not is_due(quiet)

    Mailbox.objects.update(claim=None)
    watcher.turn(now())

    assert is_due(quiet)


def test_another_worker_watches_what_this_one_does_not(quiet, watcher):
    other = Watcher()
    other.turn(now())
    assert other._watches == {}

    watcher.close()
    other.turn(now())
    assert set(other._watches) == {quiet.pk}
    other.close()


def test_a_mailbox_that_is_switched_off_or_fails_is_let_go(quiet, watcher):
    Mailbox.objects.update(failing_since=now())
    watcher.turn(now())

    assert watcher._watches == {}
    assert lease.take(f"idle:{quiet.pk}", holder="somebody else", at=now(), lasts=timedelta(seconds=1))


def test_another_folder_needs_another_connection(dovecot, user, quiet, watcher):
    dovecot.deliver(user=user, folder="Other")
    before = watcher._watches[quiet.pk].client
    Mailbox.objects.update(folder="Other")

    watcher.turn(now())

    assert watcher._watches[quiet.pk].client is not before


def test_a_server_that_hangs_up_is_called_again_later(quiet, watcher, monkeypatch):
    watcher._watches[quiet.pk].client.client.sock.shutdown(2)
    watcher.listen(5)
    watcher.turn(now())
    assert watcher._watches == {}

    later = watching.monotonic() + 60
    monkeypatch.setattr(watching, "monotonic", lambda: later)
    watcher.turn(now())
    assert set(watcher._watches) == {quiet.pk}


def test_it_is_begun_anew_before_the_server_gets_tired(quiet, watcher, monkeypatch):
    before = watcher._watches[quiet.pk].client
    later = watching.monotonic() + watching.ANEW_AFTER + 1
    monkeypatch.setattr(watching, "monotonic", lambda: later)

    watcher.turn(now())
    watcher.turn(now())

    assert watcher._watches[quiet.pk].client is not before


def test_a_server_without_idle_is_polled_and_left_alone(scripted, scripted_mailbox, fetch, watcher):
    scripted.capabilities = "IMAP4rev1"
    fetch(scripted_mailbox)
    for _turn in range(3):
        watcher.turn(now())

    assert watcher._watches == {}
    assert len([one for one in scripted.commands if one.startswith("LOGIN")]) == 2


def test_a_server_at_whose_words_we_stumble_is_let_go_and_tried_later(
    scripted, scripted_mailbox, fetch, watcher, monkeypatch
):
    fetch(scripted_mailbox)
    opened = []

    def stumble(client, box):
        opened.append(client)
        raise IndexError("a fault of ours")

    monkeypatch.setattr(watching, "sign_in_imap", stumble)

    for _turn in range(3):
        watcher.turn(now())

    assert watcher._watches == {}
    assert [client.client.sock.fileno() for client in opened] == [-1]
