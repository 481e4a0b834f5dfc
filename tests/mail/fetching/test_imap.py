"""Fetching from a real server by IMAP: everything is stored before the server is told, and nothing twice."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as configured
from django.utils.timezone import now

from core import files
from mail import intake
from mail.fetching import fetcher
from mail.models import AfterFetch, IncomingMail, IncomingState, Mailbox, Reason, Security
from tests.mail import samples

pytestmark = pytest.mark.django_db


def letter(number, **given):
    return samples.mail(subject=f"Question {number}", message_id=f"<{number}@example.org>", **given)


def raws():
    found = {}
    for row in IncomingMail.objects.select_related("raw"):
        with files.open_blob(row.raw) as file:
            found[row.place] = file.read().replace(b"\r\n", b"\n")
    return found


def test_a_mail_is_stored_as_it_came_and_marked_as_read(dovecot, user, make_mailbox, fetch):
    arrived = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    dovecot.deliver(letter(1), user=user, at=arrived)

    box = fetch(make_mailbox())

    [row] = IncomingMail.objects.all()
    assert (row.state, row.door, row.mailbox_id, row.arrived_at) == ("stored", "imap", box.pk, arrived)
    assert row.place == f"{box.uid_validity}/1"
    assert raws() == {row.place: letter(1)}
    assert dovecot.flags(user=user) == {1: {"\\Seen"}}
    assert (box.failures, box.last_error, box.on_server, box.not_stored) == (0, "", 1, 0)
    assert timedelta(seconds=50) < box.due_at - now() < timedelta(seconds=61)
    assert box.claim is None


def test_what_was_read_before_we_came_is_history(dovecot, user, make_mailbox, fetch):
    dovecot.deliver(letter(1), letter(2), user=user)
    with dovecot.client(user) as client:
        client.folder.set("INBOX")
        client.client.uid("STORE", "1", "+FLAGS", "(\\Seen)")

    box = fetch(make_mailbox())

    assert [row.place.partition("/")[2] for row in IncomingMail.objects.all()] == ["2"]
    assert box.on_server == 2


def test_a_mail_that_somebody_read_before_the_next_fetch_is_stored_all_the_same(dovecot, user, make_mailbox, fetch):
    box = fetch(make_mailbox())
    dovecot.deliver(letter(1), user=user)
    with dovecot.client(user) as client:
        client.folder.set("INBOX")
        client.client.uid("STORE", "1", "+FLAGS", "(\\Seen)")

    fetch(box)

    assert IncomingMail.objects.count() == 1


def test_mails_are_moved_to_a_folder_with_umlauts_spaces_and_quotes(dovecot, user, make_mailbox, fetch):
    name = 'Geprüft & "fertig" 東京'
    dovecot.deliver(letter(1), user=user)
    dovecot.deliver(user=user, folder=name)

    box = fetch(make_mailbox(after_fetch=AfterFetch.MOVE, archive_folder=name))

    assert box.last_error == ""
    assert dovecot.flags(user=user) == {}
    assert len(dovecot.flags(user=user, folder=name)) == 1
    assert IncomingMail.objects.count() == 1


def test_mails_are_fetched_from_such_a_folder(dovecot, user, make_mailbox, fetch):
    name = 'Geprüft & "fertig" 東京'
    dovecot.deliver(letter(1), user=user, folder=name)

    fetch(make_mailbox(folder=name))

    assert IncomingMail.objects.count() == 1


def test_mails_are_deleted_and_what_others_marked_stays(dovecot, user, make_mailbox, fetch):
    dovecot.deliver(letter(1), letter(2), user=user)
    with dovecot.client(user) as client:
        client.folder.set("INBOX")
        client.client.uid("STORE", "1", "+FLAGS", "(\\Seen \\Deleted)")

    fetch(make_mailbox(after_fetch=AfterFetch.DELETE))

    assert set(dovecot.flags(user=user)) == {1}


def test_a_missing_archive_is_told_and_holds_up_nothing(dovecot, user, make_mailbox, fetch):
    dovecot.deliver(*map(letter, range(3)), user=user)
    box = fetch(make_mailbox(after_fetch=AfterFetch.MOVE, archive_folder="Done"))

    assert IncomingMail.objects.count() == 3
    assert "There is no folder “Done”" in box.last_error
    assert (box.failing_since, box.failures) == (None, 0)

    dovecot.deliver(user=user, folder="Done")
    box = fetch(box)

    assert box.last_error == ""
    assert len(dovecot.flags(user=user, folder="Done")) == 3
    assert IncomingMail.objects.count() == 3


@pytest.mark.parametrize("after", ["seen", "move", "delete"])
def test_after_a_crash_between_storing_and_telling_only_the_telling_is_left(dovecot, user, make_mailbox, fetch, after):
    dovecot.deliver(letter(1), letter(2), user=user)
    dovecot.deliver(user=user, folder="Done")
    box = make_mailbox(after_fetch=after, archive_folder="Done")
    with dovecot.client(user) as client:
        validity = client.folder.status("INBOX")["UIDVALIDITY"]
    intake.store([letter(1)], door="imap", at=now(), mailbox=box, place=f"{validity}/1")

    fetch(box)

    assert IncomingMail.objects.count() == 2
    if after == "seen":
        assert dovecot.flags(user=user) == {1: {"\\Seen"}, 2: {"\\Seen"}}
    else:
        assert dovecot.flags(user=user) == {}


def test_another_folder_with_the_same_numbers_is_another_place(dovecot, user, make_mailbox, fetch, scripted):
    scripted.folders["Other"] = []
    scripted.add(letter(1))
    box = fetch(make_mailbox(port=scripted.port))
    scripted.mails.clear()
    scripted.add(letter(2))
    Mailbox.objects.update(folder="Other")

    box = fetch(box)

    assert sorted(raws()) == ["1:7/1", "7/1"]
    assert raws()["1:7/1"] == letter(2)
    assert scripted.mails[1].seen


def test_new_numbers_for_the_same_folder_lose_nothing_and_make_nothing_twice(
    dovecot, user, make_mailbox, fetch, scripted
):
    scripted.add(letter(1))
    box = fetch(make_mailbox(port=scripted.port))
    scripted.validity = 8
    scripted.add(letter(2), seen=True)  # somebody read it before we looked

    box = fetch(box)

    assert set(raws()) == {"7/1", "8/1", "8/2"}
    for row in IncomingMail.objects.order_by("pk"):
        intake.take_in_at_once(row)
    states = dict(IncomingMail.objects.values_list("place", "state"))
    assert states == {"7/1": "ticket", "8/1": "duplicate", "8/2": "ticket"}


def test_what_one_turn_does_not_take_comes_at_once_in_the_next(dovecot, user, make_mailbox, fetch, monkeypatch):
    dovecot.deliver(*map(letter, range(30)), user=user)
    clock = iter(range(0, 10_000))
    monkeypatch.setattr(fetcher, "monotonic", lambda: next(clock))

    box = fetch(make_mailbox())

    assert 0 < IncomingMail.objects.count() < 30
    assert box.not_stored == 30 - IncomingMail.objects.count()
    assert box.due_at <= now()

    monkeypatch.undo()
    box = fetch(box)
    assert (IncomingMail.objects.count(), box.not_stored) == (30, 0)
    assert box.due_at > now()


def test_tls_is_checked(dovecot, user, make_mailbox, fetch, monkeypatch):
    dovecot.deliver(letter(1), user=user)
    box = make_mailbox(host="localhost", port=dovecot.imaps, security=Security.TLS)

    box = fetch(box)
    assert "certificate of localhost is not to be trusted" in box.last_error
    assert IncomingMail.objects.count() == 0

    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.folder / "cert.pem"))
    box = fetch(box)
    assert (box.last_error, box.failing_since) == ("", None)
    Mailbox.objects.update(port=dovecot.imap, security=Security.STARTTLS)
    assert fetch(box).last_error == ""
    assert IncomingMail.objects.count() == 1


def test_two_workers_do_not_fetch_at_once(dovecot, user, make_mailbox, fetch):
    dovecot.deliver(letter(1), user=user)
    box = make_mailbox()

    fetcher.fetch(box.pk, "00000000-0000-0000-0000-000000000000")

    assert IncomingMail.objects.count() == 0


def test_a_mail_above_the_limit_is_put_aside_and_fetched_once_the_limit_is_raised(
    dovecot, user, make_mailbox, fetch, settings
):
    settings.MAIL_MOST_BYTES = 3_000
    big = letter(1, text="x" * 70 + "\n" + ("word " * 14 + "\n") * 200)
    dovecot.deliver(big, letter(2), user=user)

    box = fetch(make_mailbox(after_fetch=AfterFetch.DELETE))

    aside, whole = IncomingMail.objects.order_by("pk")
    assert (aside.state, aside.reason, aside.subject) == ("quarantined", Reason.TOO_LARGE, "Question 1")
    assert aside.size > 3_000
    assert whole.state == "stored"
    assert set(dovecot.flags(user=user)) == {1}

    settings.MAIL_MOST_BYTES = configured.MAIL_MOST_BYTES * 1_000
    Mailbox.objects.update(looked_through_at=None)
    fetch(box)

    aside.refresh_from_db()
    assert (aside.state, aside.reason) == (IncomingState.STORED, "")
    assert raws()[aside.place] == big
    assert dovecot.flags(user=user) == {}


def test_a_large_mail_comes_piece_by_piece(dovecot, user, make_mailbox, fetch):
    big = letter(1, files=(("a.bin", "application/octet-stream", bytes(range(256)) * 12_000),))
    dovecot.deliver(big, user=user)

    fetch(make_mailbox())

    assert list(raws().values()) == [big]
