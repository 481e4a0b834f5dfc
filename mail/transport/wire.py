"""The bytes of a mail. Writing them is a fifth of what sending it costs, so the common cases take short ways."""

import secrets
from copy import copy
from email.message import Message
from email.policy import Compat32
from functools import lru_cache
from typing import Any

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.message import utf8_charset_qp

# What needs no folding with its name, colon and space (RFC 5322, 2.1.1).
SHORT = 76
# What is told to several people is encoded once: the words of so many mails are kept.
KEPT = 8
# Django writes what the parts are before it, and all that is the mail's own from here on.
_OWN_BEGINS = b"\nSubject:"


class _Plainly(Compat32):
    """Writes short ASCII headers as they are, which is what folding them ends in."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if isinstance(value, str) and len(name) + len(value) <= SHORT and value.isascii() and value.isprintable():
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_PLAINLY = _Plainly()


def bytes_of(mail: EmailMessage) -> bytes:
    """Return the finished message (RFC 5322, RFC 2045)."""
    if not isinstance(mail, EmailMultiAlternatives) or mail.attachments or mail.encoding is not utf8_charset_qp:
        return _written(mail)
    if not mail.alternatives:
        return _written(mail)
    kinds, words = _words(str(mail.body), mail.content_subtype, tuple(map(tuple, mail.alternatives)))
    bare: Any = copy(mail)
    bare.body, bare.alternatives = "", []
    own = _written(bare)
    return kinds + own[own.index(_OWN_BEGINS) : own.index(b"\n\n")] + words


@lru_cache(maxsize=KEPT)
def _words(body: str, subtype: str, alternatives: tuple[tuple[Any, ...], ...]) -> tuple[bytes, bytes]:
    """Return the headers that tell of the parts, and all that follows upon the headers."""
    mail: Any = EmailMultiAlternatives(body=body, alternatives=[*alternatives])
    mail.content_subtype, mail.encoding = subtype, utf8_charset_qp
    data = _written(mail)
    return data[: data.index(_OWN_BEGINS)], data[data.index(b"\n\n") :]


def _written(mail: EmailMessage) -> bytes:
    message: Any = mail.message()
    for part in message.walk():
        part.policy = _PLAINLY
        _part_at_random(part)
    return bytes(message.as_bytes())


def _part_at_random(part: "Message[Any, Any]") -> None:
    """Give a part of several a boundary that nobody can have written: else all of it is searched for the one it has."""
    if part.is_multipart() and part.get_boundary() is None and part.get_content_maintype() == "multipart":
        part.set_boundary(f"={secrets.token_hex(16)}=")
