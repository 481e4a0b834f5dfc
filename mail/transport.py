"""Handing one message over to a mail server or service, and telling exactly how it ended.

`hand_over` is called right before the message itself leaves: before the bytes that follow DATA, or the service's
POST. If it says no, the claim is lost and nothing is sent. All that goes wrong before it, or that is refused
in so many words, is an end we know; only silence after it is not.
"""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr, parsedate_to_datetime
from functools import lru_cache
from ipaddress import ip_address
from threading import local
from typing import Any

import requests
import urllib3
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailRecipientsRefused,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from core.templatetags.ui import filesize_short
from mail import faults
from mail.models import Fault, MailState
from mail.url import MailService, SmtpServer, Tls

HandOver = Callable[[], bool]

ABOUT_RECIPIENT = re.compile(r"\b5\.[12]\.\d{1,3}\b")
# A server that knows us no more, or wants to (RFC 4954 section 6).
WHO_ARE_YOU = {530, 534, 535, 538}
# Longer than this nobody waits because a service says so.
LONGEST_WAIT = timedelta(hours=1)
# What a service answers when it takes the request for later (RFC 6585 section 4, RFC 9110 section 15.6.4).
TRY_LATER = {408, 425, 429, 503}
# Our own settings are wrong: worth trying again, since somebody will repair them.
OUR_FAULT = {401, 402, 403, 404, 405}
# Amazon says both with 400 and a code.
NOT_THE_MAIL = re.compile("Throttl|TooManyRequests|LimitExceeded|SendingPaused|AccountSuspended|ExpiredToken")
# What Amazon's library raises before a byte of the message could leave.
UNSENT = frozenset(
    {
        "ConnectTimeoutError",
        "CredentialRetrievalError",
        "EndpointConnectionError",
        "NoCredentialsError",
        "ParamValidationError",
        "PartialCredentialsError",
        "ProxyConnectionError",
        "SSLError",
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """How it ended: sent, deferred (try again), bounced, failed or perhaps_sent; None when the claim was lost.

    `fault`: whose it is, where the answer says so; of our account, no recipient can help it. `is_certain`: trying
    again at once would only make it worse. `wait`: how long a service asks us to. `service_id`: its name for the mail.
    """

    state: MailState | None
    text: str = ""
    fault: Fault | None = None
    is_certain: bool = False
    wait: timedelta | None = None
    service_id: str = ""


LOST = Answer(None, "The claim was lost.")


def account_of(to: SmtpServer | MailService) -> str:
    """Return by what an account is known where its troubles are kept: its name, and a mark of how it is set up.

    Whoever changes the settings has another account by that, which is tried at once. The mark tells no secret.
    """
    if isinstance(to, MailService):
        name, secret = f"anymail+{to.name}", repr(sorted(to.options.items()))
    else:
        name, secret = f"{to.tls}://{to.user + '@' if to.user else ''}{to.host}:{to.port}", to.password
    mark = salted_hmac("mail.account", f"{name}\n{secret}", algorithm="sha256").hexdigest()[:12]
    return f"{name[:180]} {mark}"


def deliver(to: SmtpServer | MailService, message: EmailMultiAlternatives, *, hand_over: HandOver) -> Answer:
    """Hand the message over to its one recipient. Raises nothing that the other side can cause."""
    if isinstance(to, MailService):
        return _by_service(to, message, hand_over)
    return _by_smtp(to, message, hand_over)


# --- SMTP (RFC 5321) ------------------------------------------------------------------------------


@contextmanager
def kept_connections() -> Iterator[None]:
    """Within, mails that this thread hands to one server go over one connection, until anything goes wrong there."""
    _kept.smtp, _kept.is_on = None, True
    try:
        yield
    finally:
        _kept.is_on = False
        _kept.end()


class _Kept(local):
    """The connection that the last mail of this thread went over without a fault."""

    is_on = False
    server: SmtpServer | None = None
    smtp: smtplib.SMTP | None = None

    def take(self, server: SmtpServer) -> smtplib.SMTP | None:
        if self.server != server:
            self.end()
        smtp, self.smtp = self.smtp, None
        return smtp

    def end(self) -> None:
        if self.smtp is not None:
            _leave(self.smtp)
        self.smtp = None

    def give_back(self, server: SmtpServer, smtp: smtplib.SMTP) -> None:
        if self.is_on:
            self.server, self.smtp = server, smtp
        else:
            _leave(smtp)


_kept = _Kept()


@dataclass(frozen=True, slots=True)
class _Envelope:
    sender: str
    recipient: str
    # In bytes, as it goes over the wire.
    size: int


def _by_smtp(server: SmtpServer, message: EmailMultiAlternatives, hand_over: HandOver) -> Answer:
    [recipient] = message.to
    data = _stuffed(message.message().as_bytes())
    envelope = _Envelope(_ascii(parseaddr(message.from_email)[1]), _ascii(recipient), len(data))
    answer: Answer | None = None
    smtp = _kept.take(server)
    if smtp is not None and _addressed(smtp, envelope) is not None:
        # Servers end connections after some mails or some time. A fresh one tells whether it is about this mail.
        _leave(smtp)
        smtp = None
    if smtp is None:
        try:
            smtp = greet(server)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            return Answer(MailState.DEFERRED, _describe(error), Fault.ACCOUNT, is_certain=_is_certain(error))
        answer = _addressed(smtp, envelope)
    try:
        answer = answer or _converse(smtp, data, hand_over)
    finally:
        if answer is not None and answer.state == MailState.SENT:
            _kept.give_back(server, smtp)
        else:
            _leave(smtp)
    return answer


def greet(server: SmtpServer) -> smtplib.SMTP:
    """Return a session that may send. Raises OSError or SMTPException."""
    host, port, timeout = server.host, server.port, settings.SOCKET_TIMEOUT
    name = settings.MAIL_DOMAIN
    smtp: smtplib.SMTP
    if server.tls == Tls.FROM_THE_START:
        context = ssl.create_default_context()
        smtp = smtplib.SMTP_SSL(host, port, local_hostname=name, timeout=timeout, context=context)
    else:
        smtp = smtplib.SMTP(host, port, local_hostname=name, timeout=timeout)
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.tls == Tls.REQUIRED:
            smtp.starttls(context=ssl.create_default_context())
        elif server.tls == Tls.IF_OFFERED and smtp.has_extn("starttls"):
            smtp.starttls(context=_unasking())
        if server.tls == Tls.NONE:
            _require_loopback(smtp)
        if server.is_token:
            _by_token(smtp, server)
        elif server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _require_loopback(smtp: smtplib.SMTP) -> None:
    """Let nothing go out of this machine unencrypted, whatever a name resolves to today."""
    if smtp.sock is None or not ip_address(smtp.sock.getpeername()[0].partition("%")[0]).is_loopback:
        raise smtplib.SMTPNotSupportedError("Without encryption mail goes only to a server on this machine.")


def _by_token(smtp: smtplib.SMTP, server: SmtpServer) -> None:
    """Sign in with an access token, as Google and Microsoft want it (XOAUTH2)."""
    said = f"user={server.user}\1auth=Bearer {server.password}\1\1"
    # Refused, the server sends a reason and waits for an empty line.
    smtp.auth("XOAUTH2", lambda challenge=None: "" if challenge else said)


@lru_cache(maxsize=1)
def _unasking() -> ssl.SSLContext:
    """TLS without asking who the server is: better than none where smtp:// was wanted (RFC 7435)."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _addressed(smtp: smtplib.SMTP, envelope: _Envelope) -> Answer | None:
    """Say from whom, to whom and how large; return what became of the mail if the server does not want it."""
    most = _size_taken(smtp)
    if 0 < most < envelope.size:
        told = {"size": filesize_short(envelope.size), "most": filesize_short(most)}
        return Answer(MailState.FAILED, "The mail has {size}; the mail server takes {most}.".format(**told), Fault.SIZE)
    options = [f"SIZE={envelope.size}"] if smtp.has_extn("size") else []
    if not envelope.recipient.isascii():
        if not smtp.has_extn("smtputf8"):
            return Answer(MailState.BOUNCED, "The mail server takes no addresses with such letters.")
        options.append("SMTPUTF8")
    try:
        code, text = smtp.mail(envelope.sender, options)
        if code // 100 != 2:
            return _sender_refused(code, text)
        code, text = smtp.rcpt(envelope.recipient)
        return None if code // 100 == 2 else _refused(code, text, recipient_asked=True)
    except (OSError, smtplib.SMTPException) as error:
        return Answer(MailState.DEFERRED, _describe(error))


def _converse(smtp: smtplib.SMTP, data: bytes, hand_over: HandOver) -> Answer:
    if not hand_over():
        return LOST
    try:
        code, text = smtp.docmd("DATA")
    except (OSError, smtplib.SMTPException) as error:
        # Not a byte of the message has left yet.
        return Answer(MailState.DEFERRED, _describe(error))
    if code != 354:
        return _refused(code, text)
    try:
        smtp.send(data)
        code, text = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        return Answer(MailState.PERHAPS_SENT, _describe(error))
    if code // 100 == 2:
        return Answer(MailState.SENT, _reply(code, text))
    if code // 100 not in (4, 5):
        return Answer(MailState.PERHAPS_SENT, _reply(code, text))
    return _refused(code, text)


def _size_taken(smtp: smtplib.SMTP) -> int:
    """Return how many bytes the server takes, as it said in greeting (RFC 1870); 0 if it did not."""
    said = smtp.esmtp_features.get("size", "").strip()
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else 0


def _sender_refused(code: int, text: bytes) -> Answer:
    """Return what it means when not even the sender is taken: nobody's mail would be, unless this one is too large."""
    reply = _reply(code, text)
    if code // 100 != 5:
        return Answer(MailState.DEFERRED, reply)
    if code == 552 or faults.of_refusal(reply) == Fault.SIZE:
        return Answer(MailState.FAILED, reply, Fault.SIZE)
    return Answer(MailState.DEFERRED, reply, Fault.ACCOUNT, is_certain=True)


def _refused(code: int, text: bytes, *, recipient_asked: bool = False) -> Answer:
    """Return what a refusal means: 5xx is for good, all else for now."""
    reply = _reply(code, text)
    if code in WHO_ARE_YOU or (code // 100 == 5 and faults.is_about_us(reply)):
        return Answer(MailState.DEFERRED, reply, Fault.ACCOUNT, is_certain=True)
    if code // 100 != 5:
        return Answer(MailState.DEFERRED, reply)
    fault = faults.of_refusal(reply)
    if fault == Fault.SIZE:
        return Answer(MailState.FAILED, reply, fault)
    if recipient_asked or fault is not None or ABOUT_RECIPIENT.search(reply):
        return Answer(MailState.BOUNCED, reply, fault)
    return Answer(MailState.FAILED, reply)


def _stuffed(data: bytes) -> bytes:
    """Return the message as it goes over the wire, its end included (RFC 5321 section 4.5.2)."""
    data = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    data = re.sub(rb"(?m)^\.", b"..", data)
    return data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")


def _leave(smtp: smtplib.SMTP) -> None:
    """Say goodbye without waiting for anything: what was decided is decided."""
    with suppress(OSError, smtplib.SMTPException, ValueError):
        if smtp.sock is not None:
            smtp.sock.settimeout(1.0)
            smtp.putcmd("quit")
    smtp.close()


def _ascii(address: str) -> str:
    """Return the address with its domain as it stands in DNS (RFC 5891)."""
    local, _at, domain = address.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return f"{local}@{domain}"


def _reply(code: int, text: bytes) -> str:
    said = _line(text.decode("utf-8", "replace"))
    # smtplib's own number for an answer that has none.
    return f"The mail server's answer is not understood: {said}"[:500] if code < 0 else f"{code} {said}"[:500]


def _is_certain(error: Exception) -> bool:
    """Say whether the next try will end like this one, until somebody changes something."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return error.smtp_code // 100 == 5
    return isinstance(error, ssl.SSLCertVerificationError | smtplib.SMTPNotSupportedError | UnicodeError)


def _describe(error: Exception) -> str:
    """Return the error in a line, without a user name or password."""
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        return _reply(error.smtp_code, reply if isinstance(reply, bytes) else str(reply).encode())
    if isinstance(error, UnicodeError):
        return "User or password have letters that the mail server cannot be told."
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        # smtplib calls both a server that hangs up and one that is silent "disconnected".
        return "The mail server did not answer in time."
    if isinstance(error, socket.gaierror):
        return f"The mail server's name is not known: {error.strerror}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The mail server's certificate does not hold: {_line(error.verify_message)}"[:500]
    if isinstance(error, smtplib.SMTPNotSupportedError) and "STARTTLS" in str(error):
        return "The mail server offers no encryption (STARTTLS), which MAIL_URL asks for."
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionResetError | BrokenPipeError):
        return "The mail server hung up."
    return f"{type(error).__name__}: {_line(str(error))}"[:500]


# --- Services, through anymail ----------------------------------------------------------------------


def service_backend(service: MailService) -> Any:
    """Return anymail's backend for the service. Raises AnymailError or ImproperlyConfigured if options are missing."""
    backend = _backend_class(service.backend)(fail_silently=False, **service.options)
    if isinstance(getattr(backend, "timeout", None), int | float):
        backend.timeout = settings.SOCKET_TIMEOUT
    if config := getattr(backend, "client_params", {}).get("config"):
        # Amazon's library would wait a minute, and send again by itself what may have been taken.
        time = settings.SOCKET_TIMEOUT
        once = type(config)(connect_timeout=time, read_timeout=time, retries={"total_max_attempts": 1})
        backend.client_params["config"] = config.merge(once)
    return backend


class _ClaimLost(Exception):
    pass


@lru_cache(maxsize=4)
def _backend_class(module: str) -> type[Any]:
    """Return the service's backend, which asks `hand_over` right before its POST."""
    backend: type[Any] = import_string(f"{module}.EmailBackend")

    class AskingBackend(backend):  # type: ignore[misc]
        hand_over: HandOver

        def post_to_esp(self, payload: Any, message: Any) -> Any:
            if not self.hand_over():
                raise _ClaimLost
            return super().post_to_esp(payload, message)

    return AskingBackend


def _by_service(service: MailService, message: EmailMultiAlternatives, hand_over: HandOver) -> Answer:
    asked = False

    def ask() -> bool:
        nonlocal asked
        asked = hand_over()
        return asked

    try:
        backend = service_backend(service)
        backend.hand_over = ask
        backend.send_messages([message])
    except _ClaimLost:
        return LOST
    except AnymailRecipientsRefused as error:
        return Answer(MailState.BOUNCED, _line(str(error)))
    except AnymailAPIError as error:
        return _service_answer(error, asked=asked)
    except ImproperlyConfigured as error:
        return Answer(MailState.DEFERRED, _line(str(error)), Fault.ACCOUNT, is_certain=True)
    except (AnymailError, ValueError) as error:
        # Refused by anymail itself, before the POST or in reading its answer.
        return Answer(MailState.PERHAPS_SENT if asked else MailState.FAILED, _line(str(error)))
    except OSError as error:
        return Answer(MailState.PERHAPS_SENT if asked else MailState.DEFERRED, _line(str(error)))
    return _taken(message)


def _taken(message: EmailMultiAlternatives) -> Answer:
    """Return what the service says of its one recipient."""
    [status] = message.anymail_status.status or {None}  # type: ignore[attr-defined]
    if status in {"sent", "queued"}:
        given = message.anymail_status.message_id  # type: ignore[attr-defined]
        return Answer(MailState.SENT, service_id=given[:200] if isinstance(given, str) else "")
    text = f"The service says: {status or 'nothing'}."
    return Answer(MailState.FAILED if status == "failed" else MailState.PERHAPS_SENT, text)


def _service_answer(error: AnymailAPIError, *, asked: bool) -> Answer:
    (status, code), said = _http_answer(error), _line(str(error))
    if status is None:
        if asked and not _never_connected(error.__cause__):
            return Answer(MailState.PERHAPS_SENT, said)
        return Answer(MailState.DEFERRED, said, Fault.ACCOUNT)
    if status in TRY_LATER or status in OUR_FAULT or NOT_THE_MAIL.search(code):
        # Who asks again at once is only made to wait longer.
        wait = _asked_to_wait(error)
        return Answer(MailState.DEFERRED, said, Fault.ACCOUNT, is_certain=True, wait=wait)
    if status == 413:
        return Answer(MailState.FAILED, said, Fault.SIZE)
    if 400 <= status < 500:
        return Answer(MailState.FAILED, said)
    # A 2xx that cannot be read was taken; a 5xx may have been.
    return Answer(MailState.PERHAPS_SENT, said)


def _asked_to_wait(error: AnymailAPIError) -> timedelta | None:
    """Return how long the service wants to be left alone (RFC 9110 section 10.2.3), within reason."""
    headers = getattr(error.response, "headers", None) or {}
    said = str(headers.get("Retry-After", "")).strip()[:40]
    if said.isascii() and said.isdigit():
        wait = timedelta(seconds=min(int(said), LONGEST_WAIT.total_seconds()))
    else:
        try:
            wait = parsedate_to_datetime(said).replace(tzinfo=UTC) - datetime.now(UTC)
        except ValueError:
            return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _http_answer(error: AnymailAPIError) -> tuple[int | None, str]:
    """Return the status and the code that the service answered with; None where no answer came."""
    if error.status_code is not None:
        return error.status_code, ""
    # Amazon's library gives what it read of an answer, as anymail does not.
    answer = error.response if isinstance(error.response, Mapping) else {}
    return answer.get("ResponseMetadata", {}).get("HTTPStatusCode"), str(answer.get("Error", {}).get("Code", ""))


def _never_connected(cause: BaseException | None) -> bool:
    """Say whether the request failed before a byte of it could leave."""
    if any(one.__module__ == "botocore.exceptions" and one.__name__ in UNSENT for one in type(cause).__mro__):
        return True
    if isinstance(cause, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.InvalidURL):
        return True
    if not isinstance(cause, requests.ConnectionError):
        return False
    inner = cause.args[0] if cause.args else None
    reason = getattr(inner, "reason", inner)
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def _line(said: str) -> str:
    """Return it in one line that a database and a page take: of the other side's bytes anything may come."""
    return "".join(c if c.isprintable() else " " for c in said).strip()[:500]
