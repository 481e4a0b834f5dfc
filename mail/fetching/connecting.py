"""Connecting to the server of a mailbox and signing in."""

import imaplib
import poplib
import socket
import ssl
from ipaddress import ip_address

from django.conf import settings
from django.utils.translation import gettext as _
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from core import secrets
from mail import oauth
from mail.fetching.pop3_client import Pop3, Pop3Tls
from mail.models import Authentication, Mailbox, Protocol, Security
from mail.trouble import Trouble, answer_of, plain_words

# Python reads as many bytes as a server announces, and gives up at lines of a million: those of SEARCH name each mail
# of a folder, of which there may be more than 100,000. So much of one answer fits.
MOST_AT_ONCE = 32 << 20
imaplib._MAXLINE = MOST_AT_ONCE  # type: ignore[attr-defined]

PORTS = {
    (Protocol.IMAP, Security.TLS): 993,
    (Protocol.IMAP, Security.STARTTLS): 143,
    (Protocol.IMAP, Security.NONE): 143,
    (Protocol.POP3, Security.TLS): 995,
    (Protocol.POP3, Security.STARTTLS): 110,
    (Protocol.POP3, Security.NONE): 110,
}


def port_of(mailbox: Mailbox) -> int:
    return mailbox.port or PORTS[Protocol(mailbox.protocol), Security(mailbox.security)]


def patience() -> float:
    """Return how long one answer may take, in seconds: well below the claim, which is renewed in between."""
    return min(settings.SOCKET_TIMEOUT, settings.CLAIM_TIME.total_seconds() / 3)


def connect_imap(mailbox: Mailbox) -> BaseMailBox:
    """Return a connection that is not signed in. Raises Trouble."""
    host, port = mailbox.host, port_of(mailbox)
    with plain_words(host, port):
        match mailbox.security:
            case Security.TLS:
                return _bounded(MailBox(host, port, timeout=patience(), ssl_context=ssl.create_default_context()))
            case Security.STARTTLS:
                return _bounded(_with_starttls(host, port))
        client = MailBoxUnencrypted(host, port, timeout=patience())
        _require_loopback(client.client.sock)
        return _bounded(client)


def sign_in_imap(client: BaseMailBox, mailbox: Mailbox) -> None:
    """Sign in with what the mailbox has. Raises Trouble."""
    by_token = mailbox.authentication != Authentication.PASSWORD
    secret = oauth.access_token(mailbox) if by_token else password_of(mailbox)
    try:
        with plain_words(mailbox.host, port_of(mailbox), but_refusals=True):
            if by_token:
                client.xoauth2(mailbox.username, secret, None)
            elif (mailbox.username + secret).isascii():
                client.login(mailbox.username, secret, None)
            else:
                client.login_utf8(mailbox.username, secret, None)
            # What a server can do it tells in full only to who is signed in.
            _kind, told = client.client.capability()
            client.client.capabilities = tuple(b" ".join(filter(None, told)).decode("ascii", "replace").upper().split())
    except imaplib.IMAP4.abort as error:
        answer = _without(secret, answer_of(error))
        raise Trouble(_("The server ended the connection: %(answer)s") % {"answer": answer}) from error
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        raise Trouble(_refused(mailbox, _without(secret, answer_of(error)))) from error


def connect_pop3(mailbox: Mailbox) -> Pop3:
    """Return a connection that is not signed in. Raises Trouble."""
    host, port = mailbox.host, port_of(mailbox)
    with plain_words(host, port):
        if mailbox.security == Security.TLS:
            return Pop3Tls(host, port, timeout=patience(), context=ssl.create_default_context())
        client = Pop3(host, port, timeout=patience())
        if mailbox.security == Security.STARTTLS:
            client.stls(ssl.create_default_context())
        else:
            _require_loopback(client.sock)
        return client


def sign_in_pop3(client: Pop3, mailbox: Mailbox) -> None:
    """Sign in with what the mailbox has. Raises Trouble."""
    by_token = mailbox.authentication != Authentication.PASSWORD
    secret = oauth.access_token(mailbox) if by_token else password_of(mailbox)
    try:
        with plain_words(mailbox.host, port_of(mailbox), but_refusals=True):
            if by_token:
                client.xoauth2(mailbox.username, secret)
            else:
                client.user(mailbox.username)
                client.pass_(secret)
    except poplib.error_proto as error:
        answer = _without(secret, answer_of(error))
        if "IN-USE" in answer.upper() or "lock" in answer.lower():
            raise Trouble(
                _("Another program reads this mailbox by POP3 right now. The server said: %(answer)s")
                % {"answer": answer}
            ) from error
        raise Trouble(_refused(mailbox, answer)) from error


def password_of(mailbox: Mailbox) -> str:
    """Return the password. Raises Trouble if there is none, or none that can be decrypted."""
    if not mailbox.secret:
        raise Trouble(_("No password is set."))
    try:
        return secrets.decrypt(bytes(mailbox.secret)).decode()
    except secrets.SecretUnreadable as error:
        raise Trouble(_("The password cannot be decrypted: it was saved under another key. Enter it again.")) from error


def _without(secret: str, answer: str) -> str:
    """Return what the server said without our secret: some repeat the command that they do not understand."""
    for shown in (secret, " ".join(secret.split())):
        answer = answer.replace(shown, "…") if shown else answer
    return answer


def _refused(mailbox: Mailbox, answer: str) -> str:
    if mailbox.authentication == Authentication.PASSWORD:
        sentence = _("The server refuses user and password. It said: %(answer)s")
    else:
        sentence = _("The server refuses our authorisation; authorise the mailbox again. It said: %(answer)s")
    return sentence % {"answer": answer}


def _bounded(client: BaseMailBox) -> BaseMailBox:
    """Let no server fill our memory by announcing a literal of any size (RFC 3501 section 4.3)."""
    read = client.client.read

    def read_some(size: int) -> bytes:
        if size > MOST_AT_ONCE:
            raise imaplib.IMAP4.abort(f"{size} bytes at once")
        return read(size)

    client.client.read = read_some  # type: ignore[method-assign]
    return client


def _with_starttls(host: str, port: int) -> BaseMailBox:
    try:
        return MailBoxStartTls(host, port, timeout=patience(), ssl_context=ssl.create_default_context())
    except ValueError as error:
        raise Trouble(_("Port 993 begins with TLS at once. Choose “TLS from the start”.")) from error


def _require_loopback(sock: socket.socket) -> None:
    """Let nothing go out of this machine unencrypted, whatever a name resolves to today."""
    if not ip_address(sock.getpeername()[0].partition("%")[0]).is_loopback:
        sock.close()
        raise Trouble(_("Without encryption only a server on this machine is read. Choose TLS or STARTTLS."))
