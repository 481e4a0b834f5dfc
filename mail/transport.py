"""Handing one message over to a mail server or service, and telling exactly how it ended.

`hand_over` is called right before the message itself leaves: before the bytes that follow DATA, or the service's
POST. If it says no, the claim is lost and nothing is sent. All that goes wrong before it, or that is refused
in so many words, is an end we know; only silence after it is not.
"""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

import requests
import urllib3
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailRecipientsRefused,
)
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string

from mail.models import MailState
from mail.url import MailService, SmtpServer, Tls

HandOver = Callable[[], bool]

# RFC 3463 section 3.2: statuses that say that the address itself is wrong.
NO_SUCH_ADDRESS = re.compile(r"\b5\.1\.(1|2|3|6|10)\b")
ABOUT_RECIPIENT = re.compile(r"\b5\.[12]\.\d{1,3}\b")
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

    `no_such_address`: the server says that nobody has this address. `service_id`: how a mail service calls the mail.
    """

    state: MailState | None
    text: str = ""
    no_such_address: bool = False
    service_id: str = ""


LOST = Answer(None, "The claim was lost.")


def deliver(to: SmtpServer | MailService, message: EmailMultiAlternatives, *, hand_over: HandOver) -> Answer:
    """Hand the message over to its one recipient. Raises nothing that the other side can cause."""
    if isinstance(to, MailService):
        return _by_service(to, message, hand_over)
    return _by_smtp(to, message, hand_over)


# --- SMTP (RFC 5321) ------------------------------------------------------------------------------


def _by_smtp(server: SmtpServer, message: EmailMultiAlternatives, hand_over: HandOver) -> Answer:
    [recipient] = message.to
    sender = parseaddr(message.from_email)[1]
    data = message.message().as_bytes()
    try:
        smtp = _greet(server)
    except (OSError, smtplib.SMTPException) as error:
        return Answer(MailState.DEFERRED, _describe(error))
    try:
        return _converse(smtp, _ascii(sender), _ascii(recipient), data, hand_over)
    finally:
        _leave(smtp)


def _greet(server: SmtpServer) -> smtplib.SMTP:
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
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


@lru_cache(maxsize=1)
def _unasking() -> ssl.SSLContext:
    """TLS without asking who the server is: better than none where smtp:// was wanted (RFC 7435)."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _converse(smtp: smtplib.SMTP, sender: str, recipient: str, data: bytes, hand_over: HandOver) -> Answer:
    try:
        code, text = smtp.mail(sender)
        if code // 100 == 2:
            code, text = smtp.rcpt(recipient)
            if code // 100 != 2:
                return _refused(code, text, recipient_asked=True)
        else:
            return _refused(code, text)
    except (OSError, smtplib.SMTPException) as error:
        return Answer(MailState.DEFERRED, _describe(error))
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
        smtp.send(_stuffed(data))
        code, text = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        return Answer(MailState.PERHAPS_SENT, _describe(error))
    if code // 100 == 2:
        return Answer(MailState.SENT, _reply(code, text))
    if code // 100 not in (4, 5):
        return Answer(MailState.PERHAPS_SENT, _reply(code, text))
    return _refused(code, text)


def _refused(code: int, text: bytes, *, recipient_asked: bool = False) -> Answer:
    """Return what a refusal means: 5xx is for good, all else for now."""
    reply = _reply(code, text)
    if code // 100 != 5:
        return Answer(MailState.DEFERRED, reply)
    if recipient_asked or ABOUT_RECIPIENT.search(reply):
        return Answer(MailState.BOUNCED, reply, no_such_address=bool(NO_SUCH_ADDRESS.search(reply)))
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
    return f"{code} {text.decode('utf-8', 'replace')}"[:500]


def _describe(error: Exception) -> str:
    """Return the error in a line, without a user name or password."""
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        return _reply(error.smtp_code, reply if isinstance(reply, bytes) else str(reply).encode())
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        # smtplib calls both a server that hangs up and one that is silent "disconnected".
        return "The mail server did not answer in time."
    if isinstance(error, socket.gaierror):
        return f"The mail server's name is not known: {error.strerror}"
    return f"{type(error).__name__}: {error}"[:500]


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
        return Answer(MailState.BOUNCED, _line(error))
    except AnymailAPIError as error:
        return _service_answer(error, asked=asked)
    except (AnymailError, ValueError) as error:
        # Refused by anymail itself, before the POST or in reading its answer.
        return Answer(MailState.PERHAPS_SENT if asked else MailState.FAILED, _line(error))
    except OSError as error:
        return Answer(MailState.PERHAPS_SENT if asked else MailState.DEFERRED, _line(error))
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
    status, code = _http_answer(error)
    if status is None:
        may_be_sent = asked and not _never_connected(error.__cause__)
        return Answer(MailState.PERHAPS_SENT if may_be_sent else MailState.DEFERRED, _line(error))
    if status in TRY_LATER or status in OUR_FAULT or NOT_THE_MAIL.search(code):
        return Answer(MailState.DEFERRED, _line(error))
    if 400 <= status < 500:
        return Answer(MailState.FAILED, _line(error))
    # A 2xx that cannot be read was taken; a 5xx may have been.
    return Answer(MailState.PERHAPS_SENT, _line(error))


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


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
