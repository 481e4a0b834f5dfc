"""The words in files: plain text, tables, pages and mails, as their readers see them. No other kind is looked into."""

import html
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

from django.db.models import Q

from core.files import open_blob
from tickets.models import Attachment

KINDS = ("text/", "message/rfc822", "application/json", "application/xml", "application/csv")
ENDINGS = ("txt", "csv", "tsv", "log", "md", "htm", "html", "eml", "json", "xml", "ics", "vcf")

_TAG = re.compile(r"<[^<>]*>")
# The browsers' guess where nothing says how a text is encoded (WHATWG Encoding).
_FALLBACK = "windows-1252"
# How deep mails are looked for within mails.
_DEEPEST = 5


def has_text() -> Q:
    """Return the condition on attachments whose words are looked at, by what the sender says of them."""
    found = Q()
    for kind in KINDS:
        found |= Q(content_type__istartswith=kind)
    for ending in ENDINGS:
        found |= Q(name__iendswith=f".{ending}")
    return found


def text_of(attachment: Attachment) -> str:
    """Return all that can be read in the file, once for each way to read it; "" if storage lost it."""
    try:
        with open_blob(attachment.blob) as file:
            data = file.read()
    except FileNotFoundError:
        return ""
    if attachment.content_type.lower().startswith("message/") or attachment.name.lower().endswith(".eml"):
        return "\n".join([_decoded(data), *_words_of_mail(data)])
    return "\n".join(readings(_decoded(data)))


def readings(text: str) -> Iterator[str]:
    """Return the text as it is and, of a page, as it shows: entities read, with and without a space for each tag."""
    yield text
    if "&" in text or "<" in text:
        yield html.unescape(_TAG.sub(" ", text))
        yield html.unescape(_TAG.sub("", text))


def _words_of_mail(data: bytes) -> list[str]:
    """Return what can be read of the mail; of a broken one the file as it stands has to do."""
    try:
        return list(_in_mail(message_from_bytes(data)))
    except (MessageError, LookupError, ValueError):
        return []


def _in_mail(mail: Message, depth: int = 0) -> Iterator[str]:
    """Return the words of a mail: headers, and every part that is text, whatever it is packed in (RFC 2045)."""
    for value in mail.values():
        yield _header(str(value))
    if depth > _DEEPEST:
        return
    if mail.is_multipart():
        for part in mail.get_payload():
            if isinstance(part, Message):
                yield from _in_mail(part, depth + 1)
    elif mail.get_content_maintype() == "text":
        payload = mail.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield from readings(_decoded(payload, str(mail.get_param("charset", ""))))


def _header(value: str) -> str:
    """Return a header in words (RFC 2047); as it stands where it cannot be read."""
    try:
        return "".join(
            _decoded(part, charset or "") if isinstance(part, bytes) else part for part, charset in decode_header(value)
        )
    except (MessageError, LookupError, ValueError):
        return value


def _decoded(data: bytes, charset: str = "") -> str:
    for guess in (charset, *_guesses(data)):
        try:
            return data.decode(guess)
        except (LookupError, ValueError):
            continue
    return data.decode(_FALLBACK, "replace")


def _guesses(data: bytes) -> Iterator[str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield "utf-16"
    elif b"\0" in data[:100]:
        yield "utf-16-be" if data.startswith(b"\0") else "utf-16-le"
    yield "utf-8-sig"
