"""winmail.dat unpacked (MS-OXTNEF): the text, the HTML and the files that Outlook wrapped.

The library for it reads files alone, calls itself for mails within mails without end, and is not kept any more.
"""

import mimetypes
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from mail.parsing import charsets
from mail.parsing.remarks import Remarks
from mail.parsing.rtf import rtf_body

_SIGNATURE = b"\x78\x9f\x3e\x22"
_MOST_FILES = 1_000
_MOST_PROPERTIES = 5_000
_MOST_DEPTH = 5

# Attributes of the stream.
_ATT_BODY, _ATT_ATTACH_DATA, _ATT_ATTACH_TITLE = 0x800C, 0x800F, 0x8010
_ATT_REND_DATA, _ATT_MESSAGE_PROPS, _ATT_ATTACHMENT, _ATT_CODEPAGE = 0x9002, 0x9003, 0x9005, 0x9007

# Properties (MS-OXPROPS).
_DISPLAY_NAME, _BODY, _RTF, _HTML = 0x3001, 0x1000, 0x1009, 0x1013
_ATTACH_DATA, _SHORT_NAME, _LONG_NAME, _MIME_TAG, _CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
_INTERNET_CODEPAGE = 0x3FDE

_FIXED = {
    **dict.fromkeys((0x0002, 0x0003, 0x0004, 0x000A, 0x000B), 4),
    **dict.fromkeys((0x0005, 0x0006, 0x0007, 0x0014, 0x0040), 8),
    0x0048: 16,
}
_STRING, _UNICODE, _OBJECT, _BINARY = 0x001E, 0x001F, 0x000D, 0x0102
_SEVERAL = 0x1000


class TnefBroken(Exception):
    """Not a TNEF stream, or nothing of it could be read."""


@dataclass(slots=True)
class TnefFile:
    name: str = ""
    type: str = "application/octet-stream"
    content: bytes = field(default=b"", repr=False)
    content_id: str | None = None


@dataclass(slots=True)
class Unpacked:
    text: str = ""
    html: str = ""
    files: list[TnefFile] = field(default_factory=list)
    is_damaged: bool = False


def unpack(data: bytes, *, most: int, depth: int = 0) -> Unpacked:
    """Return what is wrapped, at most `most` bytes of files. Raises TnefBroken."""
    if not data.startswith(_SIGNATURE):
        raise TnefBroken
    found = Unpacked()
    codepage = "cp1252"
    file: TnefFile | None = None
    try:
        for name, value in _attributes(data):
            if name == _ATT_CODEPAGE and len(value) >= 4:
                codepage = f"cp{struct.unpack_from('<I', value)[0]}"
            elif name == _ATT_BODY:
                found.text = _string(value, codepage)
            elif name == _ATT_MESSAGE_PROPS:
                _take_message(_properties(value), found, codepage)
            elif name == _ATT_REND_DATA:
                file = TnefFile()
                found.files.append(file)
                if len(found.files) > _MOST_FILES:
                    raise TnefBroken
            elif file is not None and name == _ATT_ATTACH_TITLE:
                file.name = file.name or _string(value, codepage)
            elif file is not None and name == _ATT_ATTACH_DATA:
                file.content = value
            elif file is not None and name == _ATT_ATTACHMENT:
                _take_file(_properties(value), file, found, codepage, most, depth)
            if sum(len(one.content) for one in found.files) > most:
                raise TnefBroken
    except (TnefBroken, struct.error):
        if not (found.text or found.html or found.files):
            raise TnefBroken from None
        found.is_damaged = True
    found.files = [one for one in found.files if one.content]
    for one in found.files:
        if one.type == "application/octet-stream":
            one.type = mimetypes.guess_type(one.name)[0] or one.type
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 6
    while position + 9 <= len(data):
        name, length = struct.unpack_from("<xHxxI", data, position)
        start = position + 9
        if start + length > len(data):
            raise TnefBroken
        yield name, data[start : start + length]
        position = start + length + 2


def _take_message(properties: dict[int, tuple[int, bytes]], found: Unpacked, codepage: str) -> None:
    if _BODY in properties and not found.text:
        found.text = _value(properties[_BODY], codepage)
    if _HTML in properties:
        kind, value = properties[_HTML]
        declared = properties.get(_INTERNET_CODEPAGE)
        charset = f"cp{struct.unpack_from('<I', declared[1])[0]}" if declared and len(declared[1]) >= 4 else None
        found.html = _value((kind, value), codepage) if kind != _BINARY else charsets.decode(value, charset, Remarks())
    if _RTF in properties and not found.html and not found.text:
        body = rtf_body(properties[_RTF][1], codepage)
        found.text, found.html = body.text, body.html


def _take_file(
    properties: dict[int, tuple[int, bytes]], file: TnefFile, found: Unpacked, codepage: str, most: int, depth: int
) -> None:
    for key in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME):
        if key in properties:
            file.name = _value(properties[key], codepage)
            break
    if _MIME_TAG in properties:
        file.type = _value(properties[_MIME_TAG], codepage).strip().lower() or file.type
    if _CONTENT_ID in properties:
        file.content_id = _value(properties[_CONTENT_ID], codepage).strip("<> ") or None
    if _ATTACH_DATA not in properties or file.content:
        return
    kind, value = properties[_ATTACH_DATA]
    if kind == _OBJECT and value[16:20] == _SIGNATURE:
        # A mail within the mail: its text as a file, its files beside ours.
        if depth >= _MOST_DEPTH:
            raise TnefBroken
        inner = unpack(value[16:], most=most, depth=depth + 1)
        file.content, file.type = (inner.text or inner.html).encode("utf-8", "ignore"), "text/plain"
        file.name = f"{file.name or 'message'}.txt"
        found.files.extend(inner.files)
    else:
        file.content = value[16:] if kind == _OBJECT else value


def _properties(data: bytes) -> dict[int, tuple[int, bytes]]:
    """Return type and value of each property; of several values the first."""
    found: dict[int, tuple[int, bytes]] = {}
    (count,) = struct.unpack_from("<I", data)
    position = 4
    for _ in range(min(count, _MOST_PROPERTIES)):
        kind, key = struct.unpack_from("<HH", data, position)
        position += 4
        if key >= 0x8000:
            position = _after_name(data, position)
        values = 1
        basic = kind & ~_SEVERAL
        is_variable = basic in {_STRING, _UNICODE, _OBJECT, _BINARY}
        if kind & _SEVERAL or is_variable:
            (values,) = struct.unpack_from("<I", data, position)
            position += 4
        for number in range(min(values, _MOST_PROPERTIES)):
            if is_variable:
                (length,) = struct.unpack_from("<I", data, position)
                position += 4
            elif basic in _FIXED:
                length = _FIXED[basic]
            else:
                raise TnefBroken
            if position + length > len(data):
                raise TnefBroken
            if number == 0:
                found[key] = (basic, data[position : position + length])
            position += length + -length % 4
    return found


def _after_name(data: bytes, position: int) -> int:
    """Return where the value of a named property begins: behind a GUID and a number or a name."""
    (is_named,) = struct.unpack_from("<I", data, position + 16)
    position += 20
    if not is_named:
        return position + 4
    length: int = struct.unpack_from("<I", data, position)[0]
    return position + 4 + length + -length % 4


def _value(property_: tuple[int, bytes], codepage: str) -> str:
    kind, value = property_
    if kind == _UNICODE:
        return value.decode("utf-16-le", "ignore").rstrip("\0")
    return _string(value, codepage)


def _string(value: bytes, codepage: str) -> str:
    return charsets.decode(value.rstrip(b"\0"), codepage, Remarks()).replace("\0", "")
