"""What a request asks for, field by field (PARITY Y02): allow-listed, typed, told in a sentence if it is wrong."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware

from api import data_urls
from api.data_urls import NotBase64
from api.reading import Fields, Words
from api.refusals import NOT_CREATED, Refused, unexpected
from core.uploads import HEAD, MAX_FILES, clean_name, is_program, max_bytes
from mail.addresses import can_be_answered
from mail.contents import LONGEST_TEXT
from mail.parsing import charsets, parse
from mail.parsing.remarks import Remarks
from mail.words import one_line
from tickets.models import Source
from tickets.prose import MAX_TEXT
from tickets.thread import clean_text

LONGEST_LINE, LONGEST_NAME, LONGEST_SUBJECT = 254, 120, 1_000
# How osTicket calls where a ticket comes from.
SOURCES: Mapping[str, Source] = {
    "api": Source.API,
    "web": Source.WEB,
    "email": Source.MAIL,
    "phone": Source.PHONE,
    "staff": Source.DESK,
    "other": Source.OTHER,
}
YES, NO = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off", ""})
# Files it names itself, and what osTicket writes into them for its own mails: taken, and nothing is made of it.
WITHOUT_EFFECT = frozenset({"ip", "system_emails", "thread_entry_recipients"})
FILE_FIELDS = frozenset({"name", "data", "type", "encoding", "size"})


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The ticket that a request asks for. `name` may be empty; `priority` is a number or a name, as it was sent."""

    email: str
    name: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    phone: str = ""
    notes: str = ""
    source: Source = Source.API
    topic: int | None = None
    due_at: datetime | None = None
    priority: str = ""
    acknowledges: bool = True
    alerts: bool = True
    files: tuple[File, ...] = ()


def read(fields: Fields) -> Wanted:
    """Return what is asked for. Raises Refused: at once for a field that nobody knows, else with all that is wrong."""
    for name in fields:
        if name not in READERS and name not in WITHOUT_EFFECT and name not in {"message", "attachments"}:
            raise unexpected(name)
    problems: list[str] = []
    found: dict[str, Any] = {}
    for name, reader in READERS.items():
        value = fields.get(name)
        if value is None:
            continue
        into, read_one = reader
        try:
            found[into] = read_one(value)
        except ValueError as error:
            problems.append(f"{name}: {error}")
    message = _words(fields.get("message"), problems)
    files = _files(fields.get("attachments"), problems)
    for name in ("email", "subject"):
        if not found.get(name) and not any(each.startswith(f"{name}:") for each in problems):
            problems.append(f"{name}: {name.capitalize()} is a required field")
    if not any(message) and not files and not any(each.startswith(("message:", "attach")) for each in problems):
        problems.append("message: Message is a required field")
    if problems:
        raise invalid(*problems)
    text, html = message
    return Wanted(text=text, html=html, files=files, **found)


def invalid(*problems: str) -> Refused:
    """Return what osTicket says of fields that are wrong."""
    return Refused(400, "\n".join([f"{NOT_CREATED}:", *problems[:20]]))


# --- Single values --------------------------------------------------------------------------------


def _line(value: Any, most: int = LONGEST_LINE) -> str:
    """Return one line, cut where it is too long. Numbers are words to PHP, which many clients are written in."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("A text is expected")
    return one_line(str(value), most)


def _email(value: Any) -> str:
    # One that is cut is somebody else's.
    email = _line(value, 2 * LONGEST_LINE)
    if not email:
        return ""
    try:
        validate_email(email)
    except ValidationError:
        raise ValueError("Enter a valid email address") from None
    if not can_be_answered(email) or not email.rpartition("@")[0].isascii():
        raise ValueError("Enter a valid email address")
    return email


def _phone(value: Any) -> str:
    phone = _line(value, 40)
    if phone and not re.fullmatch(r"[0-9+()/. xX#*-]*", phone):
        raise ValueError("Enter a valid phone number")
    return phone


def _notes(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("A text is expected")
    if len(value) > MAX_TEXT:
        raise ValueError(f"Up to {MAX_TEXT} characters are taken")
    return clean_text(value)


def _flag(value: Any) -> bool:
    text = str(value).strip().lower()
    if isinstance(value, bool | int | str) and text in YES | NO:
        return text in YES
    raise ValueError("True or false is expected")


def _number(value: Any) -> int | None:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else "?"
    if not text.isascii() or not (text.isdecimal() or not text) or len(text) > 18:
        raise ValueError("A number is expected")
    return int(text or 0) or None


def _priority(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("A number is expected")
    return one_line(str(value), 40)


def _moment(value: Any) -> datetime | None:
    """Return a moment as ISO 8601 writes it; without an offset it is one of the help desk's time zone."""
    if not (text := _line(value)):
        return None
    try:
        moment = parse_datetime(text) if len(text) > len("2026-11-30") else None
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError("A date and a time are expected, such as 2026-11-30T17:00:00+01:00")
    return make_aware(moment) if is_naive(moment) else moment


def _source(value: Any) -> Source:
    known = SOURCES.get(_line(value).lower())
    if known is None:
        raise ValueError("Invalid ticket origin given")
    return known


# Field of a request → field of Wanted, and who reads it.
READERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "email": ("email", _email),
    "name": ("name", lambda value: _line(value, LONGEST_NAME)),
    "subject": ("subject", lambda value: _line(value, LONGEST_SUBJECT)),
    "phone": ("phone", _phone),
    "notes": ("notes", _notes),
    "source": ("source", _source),
    "topicId": ("topic", _number),
    "duedate": ("due_at", _moment),
    "priority": ("priority", _priority),
    "priorityId": ("priority", _priority),
    "autorespond": ("acknowledges", _flag),
    "alert": ("alerts", _flag),
}


# --- The message ----------------------------------------------------------------------------------


def _words(value: Any, problems: list[str]) -> tuple[str, str]:
    """Return the message as text and as cleaned HTML, "" if it is plain."""
    if value is None:
        return "", ""
    if isinstance(value, Words):
        text, kind = value.text, value.type.lower() or "text/plain"
        if value.encoding.lower() == "base64":
            text = f"data:{kind};base64,{text}"
            return _words(text, problems)
    elif isinstance(value, str):
        try:
            data = data_urls.read(value)
        except NotBase64:
            problems.append("message: Poorly encoded base64 data")
            return "", ""
        text, kind = data.text, data.type
    elif isinstance(value, int | float) and not isinstance(value, bool):
        text, kind = str(value), "text/plain"
    else:
        problems.append("message: A text is expected")
        return "", ""
    if kind not in {"text/plain", "text/html"}:
        problems.append("message: The type is text/plain or text/html")
        return "", ""
    if len(text) > LONGEST_TEXT:
        problems.append(f"message: Up to {LONGEST_TEXT} characters are taken; send the rest as a file")
        return "", ""
    return _from_html(text) if kind == "text/html" else (clean_text(text), "")


def _from_html(html: str) -> tuple[str, str]:
    """Return what the HTML says and how it looks: it is read as that of a mail is, and cleaned by the same list."""
    raw = b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode("utf-8", "replace")
    parsed = parse(raw)
    return clean_text(parsed.text)[:LONGEST_TEXT], parsed.html


# --- Files ----------------------------------------------------------------------------------------


def _files(value: Any, problems: list[str]) -> tuple[File, ...]:
    if value is None or value == "":
        return ()
    if not isinstance(value, list):
        problems.append("attachments: A list of files is expected")
        return ()
    files = []
    for position, each in enumerate(value):
        if not isinstance(each, dict) or not each:
            problems.append(f"attachments/{position}: A name with its data is expected")
            continue
        for name, content in _contents(position, each, problems):
            name = clean_name(name)
            if problem := _problem_of(name, content):
                problems.append(f"attachments/{position}: {problem}")
            files.append(File(name, content))
    if len(files) > MAX_FILES:
        problems.append(f"attachments: Up to {MAX_FILES} files are taken")
    return tuple(files)


def _contents(position: int, given: Mapping[str, Any], problems: list[str]) -> list[tuple[str, bytes]]:
    """Return name and bytes of {"a.txt": "data:…"}, or of {"name", "data", "type", "encoding", "size"}."""
    is_spelt_out = "data" in given and "name" in given
    if is_spelt_out and (unknown := given.keys() - FILE_FIELDS):
        raise unexpected(f"attachments/{position}/{min(unknown)}")
    pairs = [(given["name"], given["data"])] if is_spelt_out else list(given.items())
    found = []
    for name, data in pairs:
        if not isinstance(name, str) or not isinstance(data, str):
            problems.append(f"attachments/{position}: Name and data are texts")
            continue
        try:
            content = _bytes(data, given if is_spelt_out else {})
        except NotBase64:
            problems.append(f"{clean_name(name)}: Poorly encoded base64 data")
            continue
        found.append((name, content))
    return found


def _bytes(data: str, said: Mapping[str, Any]) -> bytes:
    if str(said.get("encoding") or "").lower() == "base64":
        return data_urls.decode_base64(data)
    read_one = data_urls.read(data)
    if read_one.charset and read_one.type.startswith("text/"):
        # As osTicket does: what is stored is UTF-8.
        return charsets.decode(read_one.content, read_one.charset, Remarks()).encode("utf-8", "replace")
    return read_one.content


def _problem_of(name: str, content: bytes) -> str:
    if not content:
        return f"{name} is empty"
    if len(content) > max_bytes():
        return f"{name} is larger than the {max_bytes() // 1024 // 1024} MB allowed"
    if is_program(name, content[:HEAD]):
        return f"{name} is a program, and programs cannot be attached"
    return ""
