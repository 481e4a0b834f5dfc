"""What can go wrong with a mail server, in words for an administrator who can mend it."""

import imaplib
import poplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _
from imap_tools.errors import ImapToolsError

LONGEST_ANSWER = 300
# What imaplib says of bytes that are no IMAP, and repeats them.
NO_ANSWERS = ("unexpected response", "unexpected tagged response", "socket error: unterminated line")
REFUSALS = (imaplib.IMAP4.error, ImapToolsError, poplib.error_proto)


class Trouble(Exception):
    """The mailbox cannot be fetched from now; `str()` is one or two sentences that say what to do."""


class NotHandedOut(Exception):
    """The server refuses one mail; `str()` is its answer."""


class Vanished(Exception):
    """Somebody else took the mail away meanwhile."""


class TooLarge(Exception):
    """More bytes come than the server said, and than may come."""


class CannotTell(Exception):
    """The server does not let us mark, move or delete; `str()` is a sentence."""


@contextmanager
def plain_words(host: str, port: int, *, but_refusals: bool = False) -> Iterator[None]:
    """Raise Trouble for whatever the network, TLS or the server's way of talking does to us.

    With `but_refusals` the server's own "no" goes through: whoever asks has better words for it.
    """
    where = f"{host}:{port}"
    try:
        yield
    except socket.gaierror as error:
        raise Trouble(_("There is no server called “%(host)s”. Check its name.") % {"host": host}) from error
    except ConnectionRefusedError as error:
        raise Trouble(
            _("Nothing answers at %(where)s. Check the port and whether the server is running.") % {"where": where}
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise Trouble(
            _("The certificate of %(host)s is not to be trusted: %(why)s.")
            % {"host": host, "why": error.verify_message.rstrip(".")}
        ) from error
    except ssl.SSLError as error:
        raise Trouble(_tls(error, where)) from error
    except TimeoutError as error:
        raise Trouble(
            _("%(where)s does not answer in time. Check the port, and whether a firewall is in between.")
            % {"where": where}
        ) from error
    except REFUSALS as error:
        if but_refusals:
            raise
        if not _is_answer(error):
            # Whatever else runs there: who may choose where we connect to is not told what it says.
            text = _("%(where)s does not answer as a mail server does. Check the port.")
            raise Trouble(text % {"where": where}) from error
        raise Trouble(_("The server said: %(answer)s") % {"answer": answer_of(error)}) from error
    except (UnicodeError, ValueError) as error:
        raise Trouble(_("The server's answer cannot be read: %(answer)s") % {"answer": answer_of(error)}) from error
    except OSError as error:
        why = error.strerror or answer_of(error)
        raise Trouble(_("The connection to %(where)s broke: %(why)s.") % {"where": where, "why": why}) from error


def _is_answer(error: BaseException) -> bool:
    """Say whether this is what a server of the protocol may say, or our library of itself."""
    if isinstance(error, poplib.error_proto):
        return answer_of(error).startswith("-ERR")
    return not answer_of(error).startswith(NO_ANSWERS)


def answer_of(error: BaseException) -> str:
    """Return what the server said, as one line without its bytes' quotes."""
    if isinstance(error, UnicodeError):
        # Its arguments have all that was to be written, such as a password.
        return type(error).__name__
    parts = getattr(error, "command_result", None) or error.args or ("",)
    text = " ".join(_words(part) for part in parts if part)
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:LONGEST_ANSWER] or type(error).__name__


def _words(part: object) -> str:
    if isinstance(part, bytes):
        return part.decode("utf-8", "replace")
    if isinstance(part, list | tuple):
        return " ".join(_words(one) for one in part if one)
    return str(part)


def _tls(error: ssl.SSLError, where: str) -> str:
    if error.reason in {"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}:
        return _("%(where)s does not begin with TLS. Choose STARTTLS, or the port for TLS.") % {"where": where}
    return _("TLS with %(where)s fails: %(why)s.") % {"where": where, "why": (error.reason or str(error)).lower()}
