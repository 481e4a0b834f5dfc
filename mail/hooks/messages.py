"""From what a service hands over to the bytes that are stored."""

import hashlib
import re
from collections.abc import Iterator
from email import policy
from typing import Any

from mail.addresses import can_be_answered
from mail.hooks.raw import Posted

_BREAKS = re.compile(r"[\r\n\x00]+")


def as_posted(event: Any) -> Posted:
    """Return the mail that anymail built of fields; a service that posts fields has no other."""
    message = event.message
    if message.is_multipart():
        # That of the mail as it was; these parts are built anew.
        del message["Content-Transfer-Encoding"]
        _bound(message)
    return Posted(_bytes(message), message.envelope_recipient or "", str(event.event_id or ""))


def with_recipient(mail: Posted) -> Iterator[bytes]:
    """Yield the mail below a header that says whom its envelope was addressed to, as mail servers write it.

    To and Cc may not say: a signed reply address can stand in the envelope alone.
    """
    if mail.recipient.isascii() and can_be_answered(mail.recipient):
        yield f"Delivered-To: {mail.recipient}\r\n".encode()
    yield mail.raw


def _bound(message: Any) -> None:
    """Part the message at lines made of its own content, so that the same fields are the same mail to the byte."""
    leaves = (str(part.get_payload()) for part in message.walk() if not part.is_multipart())
    digest = hashlib.sha256("\0".join(leaves).encode("utf-8", "replace")).hexdigest()[:32]
    for number, part in enumerate(part for part in message.walk() if part.get_content_maintype() == "multipart"):
        part.set_boundary(f"=_{digest}_{number}")


def _bytes(message: Any) -> bytes:
    """Return the message in bytes, whatever its headers hold."""
    try:
        return bytes(message.as_bytes(policy=policy.SMTP))
    except (UnicodeError, LookupError, ValueError, TypeError, AttributeError, IndexError):
        pass
    # The strict one failed on a header; this one takes them as they are, each on its own line.
    lines = [f"{name}: {_BREAKS.sub(' ', str(value))}" for name, value in message.items() if name != "Content-Type"]
    for name in list(message.keys()):
        if name.lower() not in {"content-type", "mime-version"}:
            del message[name]
    body = message.as_bytes(policy=policy.compat32.clone(linesep="\r\n"))
    return "\r\n".join([*lines, ""]).encode("utf-8", "replace") + bytes(body)
