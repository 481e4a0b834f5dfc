"""Every way in which a mail server can fail, at every step: what becomes of the mail, what the agent reads on the
entry, who waits, and whether it can arrive twice. The server is real; no database is asked."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from anymail.exceptions import AnymailAPIError
from django.core.mail import EmailMultiAlternatives

from desk.deliveries import told_of
from mail import faults, transport
from mail.models import Fault, MailState, OutgoingMail
from mail.transport import Answer
from mail.transport.services import _asked_to_wait
from mail.url import SmtpServer, Tls
from tests.mail.scripted import HANG_UP, SILENCE, Scripted, self_signed

DEFERRED, SENT, BOUNCED = MailState.DEFERRED, MailState.SENT, MailState.BOUNCED
FAILED, PERHAPS = MailState.FAILED, MailState.PERHAPS_SENT
ACCOUNT, NOBODY, FULL, SIZE = Fault.ACCOUNT, Fault.NOBODY, Fault.FULL, Fault.SIZE

OUR_ACCOUNT = "Not sent yet: the help desk's own mail account does not work. Nothing is wrong with the address"
PUT_OFF = "Not sent yet: the mail server puts it off"
NO_SUCH = "Came back: this address does not exist"
NO_ROOM = "Came back: the mailbox is full or out of order"
REFUSED_BY_RECIPIENT = "Came back: the recipient's server refused it"
REFUSED = "Not sent: the mail server refused it"
TOO_LARGE = "Not sent: the mail is too large for the mail server"
UNSURE = "Perhaps sent: the connection broke off while it was handed over"

# What is wrong; where, with which answer; what becomes of the mail; whose fault; the words on the entry. Tried again is
# what is deferred: with the account where that is at fault, else by itself (10 s, 30 s, 2 min, 10 min, hourly for two
# days). It can arrive twice only where it is perhaps sent and somebody sends it again.
MATRIX: list[tuple[str, bytes, MailState, Fault | None, str]] = [
    ("CONNECT", b"421 4.3.2 Too busy", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("CONNECT", b"450 Later", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("CONNECT", b"554 5.7.1 Go away", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("CONNECT", b"HTTP/1.1 400 Bad Request", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("CONNECT", b"\x00\xff\xfe garbage", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("CONNECT", b"", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("CONNECT", HANG_UP, DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("CONNECT", SILENCE, DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("EHLO", b"421 4.3.2 Closing", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("EHLO", HANG_UP, DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("EHLO", SILENCE, DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("EHLO", b"250-" + b"x" * 9000, DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("EHLO", b"250-hello\r\n250 SIZE 100", FAILED, SIZE, TOO_LARGE),
    ("EHLO", b"250-hello\r\n250 SIZE 0", SENT, None, "Sent"),
    ("EHLO", b"250-hello\r\n250 SIZE " + b"9" * 5000, SENT, None, "Sent"),
    ("EHLO", b"250-hello\r\n250 SIZE \xb2", SENT, None, "Sent"),
    ("MAIL", b"421 4.3.2 Closing", DEFERRED, None, PUT_OFF),
    ("MAIL", b"450 4.1.8 Domain not found", DEFERRED, None, PUT_OFF),
    ("MAIL", b"451 4.3.0 Later", DEFERRED, None, PUT_OFF),
    ("MAIL", b"452 4.3.1 Disk full", DEFERRED, None, PUT_OFF),
    ("MAIL", b"530 5.7.0 Authentication required", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("MAIL", b"550 5.7.1 Not from you", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("MAIL", b"553 5.1.8 Sender unknown", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("MAIL", b"552 5.3.4 Too big", FAILED, SIZE, TOO_LARGE),
    ("MAIL", b"552 Message size exceeds limit", FAILED, SIZE, TOO_LARGE),
    ("MAIL", b"what?", DEFERRED, None, PUT_OFF),
    ("MAIL", HANG_UP, DEFERRED, None, PUT_OFF),
    ("MAIL", SILENCE, DEFERRED, None, PUT_OFF),
    ("RCPT", b"421 4.3.2 Closing", DEFERRED, None, PUT_OFF),
    ("RCPT", b"450 4.2.1 Greylisted", DEFERRED, None, PUT_OFF),
    ("RCPT", b"451 4.3.0 Later", DEFERRED, None, PUT_OFF),
    ("RCPT", b"452 4.2.2 Mailbox full", DEFERRED, None, PUT_OFF),
    ("RCPT", b"550 5.1.1 No such user", BOUNCED, NOBODY, NO_SUCH),
    ("RCPT", b"550 5.2.1 Closed", BOUNCED, NOBODY, NO_SUCH),
    ("RCPT", b"556 5.1.10 Domain takes no mail", BOUNCED, NOBODY, NO_SUCH),
    ("RCPT", b"550 User unknown", BOUNCED, NOBODY, NO_SUCH),
    ("RCPT", b"550 5.7.1 We do not like you", BOUNCED, None, REFUSED_BY_RECIPIENT),
    ("RCPT", b"550 5.7.1 Unknown user's mails are not wanted", BOUNCED, None, REFUSED_BY_RECIPIENT),
    ("RCPT", b"550 No", BOUNCED, None, REFUSED_BY_RECIPIENT),
    ("RCPT", b"552 5.2.2 Over quota", BOUNCED, FULL, NO_ROOM),
    ("RCPT", b"552 Mailbox full", BOUNCED, FULL, NO_ROOM),
    ("RCPT", b"552 5.3.4 Too big", FAILED, SIZE, TOO_LARGE),
    ("RCPT", b"554 5.7.1 <ada@example.org>: Relay access denied", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("RCPT", b"530 5.7.0 Authentication required", DEFERRED, ACCOUNT, OUR_ACCOUNT),
    ("RCPT", b"354 what?", DEFERRED, None, PUT_OFF),
    ("RCPT", b"\x00\x1b[31m550 red", DEFERRED, None, PUT_OFF),
    ("RCPT", HANG_UP, DEFERRED, None, PUT_OFF),
    ("RCPT", SILENCE, DEFERRED, None, PUT_OFF),
    ("DATA", b"421 4.3.2 Closing", DEFERRED, None, PUT_OFF),
    ("DATA", b"451 4.3.0 Later", DEFERRED, None, PUT_OFF),
    ("DATA", b"452 4.3.1 Disk full", DEFERRED, None, PUT_OFF),
    ("DATA", b"550 5.7.1 No", FAILED, None, REFUSED),
    ("DATA", b"552 5.3.4 Too big", FAILED, SIZE, TOO_LARGE),
    ("DATA", b"554 5.5.1 No valid recipients", FAILED, None, REFUSED),
    ("DATA", b"250 and now?", DEFERRED, None, PUT_OFF),
    ("DATA", b"what?", DEFERRED, None, PUT_OFF),
    ("DATA", HANG_UP, DEFERRED, None, PUT_OFF),
    ("DATA", SILENCE, DEFERRED, None, PUT_OFF),
    # From here on the message was on its way.
    ("BODY", HANG_UP, PERHAPS, None, UNSURE),
    ("END", b"421 4.3.2 Closing", DEFERRED, None, PUT_OFF),
    ("END", b"450 4.2.1 Later", DEFERRED, None, PUT_OFF),
    ("END", b"451 4.3.0 Later", DEFERRED, None, PUT_OFF),
    ("END", b"452 4.3.1 Disk full", DEFERRED, None, PUT_OFF),
    ("END", b"550 5.1.1 No such user", BOUNCED, NOBODY, NO_SUCH),
    ("END", b"550 5.2.2 Mailbox full", BOUNCED, FULL, NO_ROOM),
    ("END", b"552 5.3.4 Too big", FAILED, SIZE, TOO_LARGE),
    ("END", b"552 5.2.3 Length exceeds limit", FAILED, SIZE, TOO_LARGE),
    ("END", b"554 5.7.1 Looks like spam", FAILED, None, REFUSED),
    ("END", b"354 still going on", PERHAPS, None, UNSURE),
    ("END", b"\x00garbage", PERHAPS, None, UNSURE),
    ("END", b"250-" + b"x" * 9000, PERHAPS, None, UNSURE),
    ("END", HANG_UP, PERHAPS, None, UNSURE),
    ("END", SILENCE, PERHAPS, None, UNSURE),
    ("END", b"250 taken", SENT, None, "Sent"),
    # What is said after it was taken changes nothing.
    ("QUIT", HANG_UP, SENT, None, "Sent"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    with Scripted(self_signed(tmp_path_factory.mktemp("tls"))) as server:
        yield server


def deliver(server: Scripted, *, tls: Tls = Tls.IF_OFFERED, user: str = "", to: str = "ada@example.org") -> Answer:
    message = EmailMultiAlternatives("Invoice", "Corrected.\n" * 50, "Desk <desk@example.com>", [to])
    account = SmtpServer(tls, "127.0.0.1", server.port, user, "secret" if user else "")
    return transport.deliver(account, message, hand_over=lambda: True)


def words_of(answer: Answer) -> str:
    text = "" if answer.state == SENT else answer.text
    return told_of(OutgoingMail(state=answer.state, fault=answer.fault or "", last_error=text)).words


@pytest.mark.parametrize(
    ("step", "said", "state", "fault", "words"), MATRIX, ids=[f"{r[0]}-{r[1][:24]!r}" for r in MATRIX]
)
def test_what_each_fault_makes_of_the_mail(
    server: Scripted, settings: object, step: str, said: bytes, state: str, fault: str | None, words: str
) -> None:
    if said == SILENCE:
        settings.SOCKET_TIMEOUT = 0.2
    server.follow({step: said})

    answer = deliver(server)

    assert (answer.state, answer.fault, words_of(answer)) == (state, fault, words)
    assert answer.text.isprintable()
    assert answer.text
    # Nothing is said to be taken, or perhaps taken, that was not handed over; and no other way round.
    was_handed_over = bool(server.mails) or step == "BODY"
    assert (state in {SENT, PERHAPS}) <= was_handed_over


TLS_AND_PASSWORD = [
    # encryption, user, script, what becomes of it, is the next try in vain too
    (Tls.REQUIRED, "", {}, "The mail server offers no encryption (STARTTLS), which MAIL_URL asks for.", True),
    (Tls.REQUIRED, "", {"EHLO": b"250-hi\r\n250 STARTTLS"}, "The mail server's certificate does not hold", True),
    (Tls.REQUIRED, "", {"EHLO": b"250-hi\r\n250 STARTTLS", "STARTTLS": b"454 not now"}, "454 not now", False),
    (Tls.REQUIRED, "", {"EHLO": b"250-hi\r\n250 STARTTLS", "STARTTLS": HANG_UP}, "The mail server hung up.", False),
    (Tls.FROM_THE_START, "", {}, "SSLError", False),
    (Tls.IF_OFFERED, "desk", {}, "SMTPNotSupportedError", True),
    (Tls.IF_OFFERED, "desk", {"EHLO": b"250-hi\r\n250 AUTH PLAIN", "AUTH": b"535 5.7.8 Wrong"}, "535 5.7.8", True),
    (Tls.IF_OFFERED, "desk", {"EHLO": b"250-hi\r\n250 AUTH PLAIN", "AUTH": b"454 4.7.0 Later"}, "454 4.7.0", False),
    (Tls.IF_OFFERED, "desk", {"EHLO": b"250-hi\r\n250 AUTH PLAIN", "AUTH": HANG_UP}, "The mail server hung up.", False),
    (Tls.IF_OFFERED, "dés", {"EHLO": b"250-hi\r\n250 AUTH PLAIN"}, "User or password have letters", True),
]


@pytest.mark.parametrize(("tls", "user", "script", "said", "is_certain"), TLS_AND_PASSWORD)
def test_wrong_encryption_or_password_is_the_account_s_fault(
    server: Scripted, tls: Tls, user: str, script: dict[str, bytes], said: str, is_certain: bool
) -> None:
    server.follow(script)

    answer = deliver(server, tls=tls, user=user)

    assert (answer.state, answer.fault, answer.is_certain) == (DEFERRED, ACCOUNT, is_certain)
    assert answer.text.startswith(said)
    assert "secret" not in answer.text
    assert not any(line.startswith("MAIL") for line in server.said)


def test_a_certificate_is_not_asked_for_where_none_was_wanted(server: Scripted) -> None:
    server.follow({"EHLO": b"250-hi\r\n250 STARTTLS"})

    assert deliver(server).state == SENT


def test_a_mail_over_the_announced_size_is_not_even_offered(server: Scripted) -> None:
    server.follow({"EHLO": b"250-hi\r\n250 SIZE 100"})

    assert deliver(server).text.endswith("; the mail server takes 100 bytes.")
    assert not any(line.startswith("MAIL") for line in server.said)


def test_the_size_is_told_to_who_wants_to_know(server: Scripted) -> None:
    server.follow({"EHLO": b"250-hi\r\n250 SIZE 1000000"})

    deliver(server)

    [sender] = [line for line in server.said if line.startswith("MAIL")]
    assert sender.endswith(f"SIZE={len(server.mails[0]) + 3}")


@pytest.mark.parametrize(("offers", "state"), [(b"250 hi", BOUNCED), (b"250-hi\r\n250 SMTPUTF8", SENT)])
def test_an_address_with_letters_of_its_own_needs_a_server_that_takes_them(
    server: Scripted, offers: bytes, state: str
) -> None:
    server.follow({"EHLO": offers})

    assert deliver(server, to="jörg@example.org").state == state


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("7", 7),
        ("0", 0),
        ("999999", 3600),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_a_service_is_left_alone_for_as_long_as_it_asks(said: str, wait: int | None) -> None:
    error = AnymailAPIError()
    error.response = SimpleNamespace(headers={"Retry-After": said})

    assert _asked_to_wait(error) == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("smtp; 550 5.1.1 <ada@example.org> User unknown", NOBODY),
        ("5.1.1", NOBODY),
        ("5.1.11", None),
        ("550 5.7.1 listed by 127.5.1.1", None),
        ("554 5.4.4 Host not found", None),
        ("554 delivery error: dd This user doesn't have an account", None),
        ("550 Requested action not taken: mailbox unavailable", None),
        ("mailbox quota exceeded", FULL),
        ("552 5.3.4 too big", SIZE),
    ],
)
def test_whose_fault_it_is_by_the_words(said: str, fault: str | None) -> None:
    assert faults.of_refusal(said) == fault
