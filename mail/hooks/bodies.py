"""The body of a hook: read within bounds, and taken apart to the byte, since a mail is bytes and no text."""

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote_to_bytes

import requests
from django.conf import settings
from django.http import HttpRequest, UnreadablePostError

CHUNK = 1 << 18
MOST_FIELDS = 1_000
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
_NAME = re.compile(rb'\bname="([^"]*)"', re.IGNORECASE)
_FILENAME = re.compile(rb"\bfilename\*?=", re.IGNORECASE)


class TooLarge(ValueError):
    """More bytes than a hook may have."""


def take(request: HttpRequest) -> bytes:
    """Read the body, whatever Django's limit for forms is, and leave it where Django looks.

    Raises TooLarge, and OSError for one that breaks off.
    """
    said = request.META.get("CONTENT_LENGTH") or "0"
    # The largest mail in base64, and what the service says around it.
    most = settings.MAIL_MOST_BYTES * 3 // 2
    if said.isdecimal() and int(said) > most:
        raise TooLarge
    parts, size = [], 0
    try:
        while chunk := request.read(CHUNK):
            size += len(chunk)
            if size > most:
                raise TooLarge
            parts.append(chunk)
    except UnreadablePostError as error:
        raise OSError("the connection broke off") from error
    body = cast(Any, request)._body = b"".join(parts)
    return body


def fetched(url: str, headers: Mapping[str, str]) -> requests.Response:
    """Ask a service for what its hook only pointed to; its `content` is read.

    Raises TooLarge, and requests.RequestException, an OSError: then the hook is to come again.
    """
    parts, size = [], 0
    with requests.get(url, headers=dict(headers), timeout=settings.SOCKET_TIMEOUT, stream=True) as response:
        response.raise_for_status()
        for chunk in response.iter_content(CHUNK):
            size += len(chunk)
            if size > settings.MAIL_MOST_BYTES * 3 // 2:
                raise TooLarge
            parts.append(chunk)
    cast(Any, response)._content = b"".join(parts)
    return response


def form_fields(body: bytes, content_type: str) -> dict[str, bytes]:
    """Return the fields of a form, without its files, as the bytes that were sent."""
    if content_type.lower().startswith("multipart/form-data"):
        found = _BOUNDARY.search(content_type)
        return _multipart(body, found[1].encode()) if found else {}
    fields: dict[str, bytes] = {}
    for pair in body.split(b"&")[:MOST_FIELDS]:
        name, _equals, value = pair.partition(b"=")
        fields.setdefault(unquote_to_bytes(name).decode("utf-8", "replace"), _unquoted(value))
    return fields


def _unquoted(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))


def _multipart(body: bytes, boundary: bytes) -> dict[str, bytes]:
    """Return the fields by RFC 7578. Their values end where the line end before the boundary begins."""
    fields: dict[str, bytes] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:MOST_FIELDS]:
        if part.startswith(b"--"):
            break
        head, _empty, value = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name is not None and not _FILENAME.search(head):
            fields.setdefault(name[1].decode("utf-8", "replace"), value)
    return fields
