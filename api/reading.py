"""From the bytes of a request to the fields that it names, bounded in size and depth. Says nothing about their values.

JSON and XML become the same: a mapping of fields; `Words` where a type came along; a list of mappings for attachments.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from django.http import HttpRequest, UnreadablePostError

from api import refusals
from api.refusals import Refused
from core.machines import comes_in_pieces
from mail.parsing import charsets

# With 20 files as large as the site settings usually allow, in base64, it does not fit; by mail it would not either.
MOST_BYTES = 64 * 1024 * 1024
CHUNK = 1 << 18
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:+-]{1,40})", re.IGNORECASE | re.ASCII)

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """A text with what is said about it: `type` and `encoding` as sent, "" where they are not."""

    text: str
    type: str = ""
    encoding: str = ""


def chunks(request: HttpRequest, *, most: int = MOST_BYTES) -> Iterator[bytes]:
    """Yield the body. Raises Refused for one of more than so many bytes, or that breaks off."""
    if comes_in_pieces(request):
        raise Refused(411, refusals.NO_LENGTH)
    said = request.META.get("CONTENT_LENGTH") or "0"
    if said.isdecimal() and int(said) > most:
        raise _too_large(most)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused(415, refusals.NO_SUCH_FORMAT)
    size = 0
    try:
        while chunk := request.read(CHUNK):
            size += len(chunk)
            if size > most:
                raise _too_large(most)
            yield chunk
    except UnreadablePostError:
        raise Refused(400, refusals.UNREADABLE) from None
    if said.isdecimal() and size < int(said):
        raise Refused(400, refusals.UNREADABLE)


def charset_of(request: HttpRequest) -> str:
    """Return the charset that Content-Type names, "" if none."""
    found = _CHARSET.search(request.headers.get("Content-Type", ""))
    return found[1] if found else ""


def read_json(body: bytes, charset: str = "") -> Fields:
    """Return the fields of a JSON object. Raises Refused, in the words of PHP's parser."""
    try:
        text = body.decode(_codec(charset) or json.detect_encoding(body))
    except (UnicodeError, LookupError):
        raise Refused(400, "Malformed UTF-8 characters, possibly incorrectly encoded") from None
    try:
        found = json.loads(text.removeprefix("\ufeff"), parse_constant=_no_number)
    except RecursionError:
        raise Refused(400, "Maximum stack depth exceeded") from None
    except json.JSONDecodeError as error:
        if error.msg.startswith("Invalid control character"):
            raise Refused(400, "Unexpected control character found") from None
        raise Refused(400, "Syntax error, malformed JSON") from None
    except ValueError:
        # A number of thousands of digits.
        raise Refused(400, "Syntax error, malformed JSON") from None
    if not isinstance(found, dict):
        raise Refused(400, "Syntax error, malformed JSON: one object is expected")
    return found


def _codec(charset: str) -> str | None:
    """Return Python's name of a charset, None if none is named. Raises LookupError for what is none.

    Some of Python's codecs are none, and take hours for what is sent in a second, such as punycode.
    """
    codec = charsets.codec_of(charset)
    if charset and codec is None:
        raise LookupError(charset)
    return codec


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _too_large(most: int) -> Refused:
    return Refused(400, f"This request is too large. Up to {most // 1024 // 1024} MB are taken.")
