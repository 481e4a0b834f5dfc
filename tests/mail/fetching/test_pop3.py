"""Fetching by POP3: by lasting names (UIDL), with lines and sizes that Python's own client refuses."""

import pytest
from django.utils.timezone import now

from core import files, secrets
from mail import intake
from mail.fetching import pop3_client
from mail.models import AfterFetch, IncomingMail, Mailbox, Protocol, Reason, Security
from tests.mail import samples
from tests.mail.fetching.scripted_pop3 import ScriptedPop3

pytestmark = pytest.mark.django_db


def letter(number, text="Hello"):
    mail = samples.mail(subject=f"Question {number}", message_id=f"<{number}@example.org>", text=text)
    return mail.replace(b"\n", b"\r\n")


def raw_of(row):
    with files.open_blob(row.raw) as file:
        return file.read()


def test_mails_stay_and_are_stored_once(dovecot, user, make_mailbox, fetch):
    dovecot.deliver(letter(1), letter(2), user=user)

    box = fetch(make_mailbox(protocol=Protocol.POP3))
    dovecot.deliver(letter(3), user=user)
    box = fetch(box)

    rows = list(IncomingMail.objects.order_by("pk"))
    assert [raw_of(row) for row in rows] == [letter(1), letter(2), letter(3)]
    assert {row.door for row in rows} == {"pop3"}
    assert (box.last_error, box.on_server, len(dovecot.flags(user=user))) == ("", 3, 3)


def test_mails_are_deleted_once_they_are_stored(dovecot, user, make_mailbox, fetch):
    dovecot.deliver(letter(1), letter(2), user=user)

    fetch(make_mailbox(protocol=Protocol.POP3, after_fetch=AfterFetch.DELETE))

    assert IncomingMail.objects.count() == 2
    assert dovecot.flags(user=user) == {}


def test_after_a_crash_before_the_end_what_is_known_is_only_deleted(dovecot, user, make_mailbox, fetch):
    dovecot.deliver(letter(1), user=user)
    box = fetch(make_mailbox(protocol=Protocol.POP3))
    Mailbox.objects.update(after_fetch=AfterFetch.DELETE)

    fetch(box)

    assert IncomingMail.objects.count() == 1
    assert dovecot.flags(user=user) == {}


def test_long_lines_and_dots_come_as_they_are(dovecot, user, make_mailbox, fetch):
    raw = b"Subject: lines\r\n\r\n.\r\n..\r\n.x\r\n" + b"y" * 300_000 + b"\r\n." + b"z" * 70_000 + b"\r\nend\r\n"
    dovecot.deliver(raw, letter(2), user=user)

    fetch(make_mailbox(protocol=Protocol.POP3))

    assert [raw_of(row) for row in IncomingMail.objects.order_by("pk")] == [raw, letter(2)]


def test_a_mail_above_the_limit_is_put_aside(dovecot, user, make_mailbox, fetch, settings):
    settings.MAIL_MOST_BYTES = 2_000
    dovecot.deliver(letter(1, "word\n" * 1_000), letter(2), user=user)

    fetch(make_mailbox(protocol=Protocol.POP3, after_fetch=AfterFetch.DELETE))

    aside = IncomingMail.objects.get(state="quarantined")
    assert (aside.reason, aside.subject) == (Reason.TOO_LARGE, "Question 1")
    assert IncomingMail.objects.count() == 2
    assert len(dovecot.flags(user=user)) == 1


def test_tls_and_a_wrong_password(dovecot, user, make_mailbox, fetch, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.folder / "cert.pem"))
    dovecot.deliver(letter(1), user=user)
    box = make_mailbox(protocol=Protocol.POP3, host="localhost", port=dovecot.pop3s, security=Security.TLS)

    assert fetch(box).last_error == ""
    Mailbox.objects.update(port=dovecot.pop3, security=Security.STARTTLS)
    assert fetch(box).last_error == ""
    assert IncomingMail.objects.count() == 1

    Mailbox.objects.update(secret=None)
    assert fetch(box).last_error == "No password is set."


def test_another_server_has_other_names(dovecot, user, make_mailbox, fetch):
    dovecot.deliver(letter(1), user=user)
    box = fetch(make_mailbox(protocol=Protocol.POP3))
    [known] = IncomingMail.objects.all()
    intake.store([letter(9)], door="pop3", at=now(), mailbox=box, place="other")
    Mailbox.objects.update(source="another")

    fetch(box)

    assert set(IncomingMail.objects.values_list("place", flat=True)) == {known.place, "other", f"1:{known.place}"}


# --- A server that gives its mails no lasting names ---------------------------------------------


@pytest.fixture
def nameless(db):
    with ScriptedPop3([letter(1, "word\n" * 100), letter(2)]) as server:
        yield server


@pytest.fixture
def nameless_box(nameless):
    return Mailbox.objects.create(
        name="nameless",
        address="nameless@example.com",
        protocol=Protocol.POP3,
        host="127.0.0.1",
        port=nameless.port,
        security=Security.NONE,
        username="support",
        secret=secrets.encrypt(b"secret"),
        after_fetch=AfterFetch.DELETE,
        due_at=now(),
    )


def test_a_mail_without_a_name_that_is_too_large_is_put_aside_once(nameless, nameless_box, fetch, settings):
    settings.MAIL_MOST_BYTES = 500

    for _turn in range(3):
        fetch(nameless_box)

    assert [row.reason for row in IncomingMail.objects.order_by("pk")] == [Reason.TOO_LARGE, ""]
    assert nameless.mails == [letter(1, "word\n" * 100)]


def test_mails_without_a_name_that_are_refused_bring_no_other_down(nameless, nameless_box, fetch):
    nameless.mails = [letter(number) for number in range(1, 6)]
    nameless.refused = set(nameless.mails[:4])

    fetch(nameless_box)

    assert [raw_of(row) for row in IncomingMail.objects.all()] == [letter(5)]
    assert len(nameless.mails) == 4


@pytest.mark.parametrize("verb", ["LIST", "TOP"])
def test_an_answer_that_does_not_end_fills_no_memory(nameless, nameless_box, fetch, settings, monkeypatch, verb):
    monkeypatch.setattr(pop3_client, "MOST_AT_ONCE", 10_000)
    settings.MAIL_MOST_BYTES, settings.SOCKET_TIMEOUT = 500, 1.0
    nameless.endless = {verb}

    box = fetch(nameless_box)

    assert "broke" in box.last_error or "does not end" in box.last_error


# --- A server that names its mails as it must not -----------------------------------------------


@pytest.mark.parametrize("after_fetch", [AfterFetch.DELETE, AfterFetch.SEEN])
def test_two_mails_of_one_name_are_both_stored(nameless, nameless_box, fetch, after_fetch):
    Mailbox.objects.update(after_fetch=after_fetch)
    nameless.names = [b"same", b"same"]

    fetch(nameless_box)

    assert {raw_of(row) for row in IncomingMail.objects.all()} == {letter(1, "word\n" * 100), letter(2)}
    assert len(nameless.mails) == (0 if after_fetch == AfterFetch.DELETE else 2)
    if nameless.mails:
        fetch(nameless_box)
        assert IncomingMail.objects.count() == 2


@pytest.mark.parametrize("name", [b"x" * 300, b"a\x00b", b"\xff\x01"])
def test_a_name_that_no_database_holds_holds_up_nothing(nameless, nameless_box, fetch, name):
    nameless.names = [name, b"fine"]
    Mailbox.objects.update(after_fetch=AfterFetch.SEEN)

    for _turn in range(2):
        box = fetch(nameless_box)

    assert (box.last_error, IncomingMail.objects.count()) == ("", 2)
