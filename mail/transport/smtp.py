"""Handing a message to a mail server by SMTP (RFC 5321)."""

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from ipaddress import ip_address
from threading import local

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from core.templatetags.ui import filesize_short
from mail import faults
from mail.models import Fault, MailState
from mail.transport.answers import LOST, Answer, HandOver, one_line
from mail.transport.wire import bytes_of
from mail.url import SmtpServer, Tls

ABOUT_RECIPIENT = re.compile(r"\b5\.[12]\.\d{1,3}\b")


# A server that knows us no more, or wants to (RFC 4954 section 6).
WHO_ARE_YOU = {530, 534, 535, 538}


@dataclass(frozen=True, slots=True)
class _Envelope:
    sender: str
    recipient: str
    # In bytes, as it goes over the wire.
    size: int


def by_smtp(server: SmtpServer, message: EmailMultiAlternatives, hand_over: HandOver) -> Answer:
    """Hand the message over to its one recipient. Raises nothing that the server can cause."""
    [recipient] = message.to
    data = _stuffed(bytes_of(message))
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
    said = one_line(text.decode("utf-8", "replace"))
    # smtplib's own number for an answer that has none: whatever runs there, it is no mail server.
    return "The mail server's answer is not understood." if code < 0 else f"{code} {said}"[:500]


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
        return f"The mail server's certificate does not hold: {one_line(error.verify_message)}"[:500]
    if isinstance(error, smtplib.SMTPNotSupportedError) and "STARTTLS" in str(error):
        return "The mail server offers no encryption (STARTTLS), which MAIL_URL asks for."
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionResetError | BrokenPipeError):
        return "The mail server hung up."
    return f"{type(error).__name__}: {one_line(str(error))}"[:500]


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
