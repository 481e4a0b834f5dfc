"""Header fields with parameters, such as Content-Type (RFC 2045 section 5.1, RFC 2231), and what mailers write."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from mail.parsing import charsets
from mail.parsing.remarks import Remarks
from mail.parsing.words import decode_words

_TOKEN_TYPE = re.compile(r"\s*([A-Za-z0-9!#$&^_.+-]{1,100})\s*/\s*([A-Za-z0-9!#$&^_.+-]{1,100})")
# A quoted string, or a bare value up to the next semicolon. Possessive: nothing is tried twice.
_PARAMETER = re.compile(
    rb"""[;\s]*+([^=;\s"]{1,100})\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?+|([^;]*+))|[^;]++|;""", re.DOTALL
)
_SECTION = re.compile(r"^(.+?)\*(?:(\d{1,4})(\*)?)?$")
_MOST_PARAMETERS = 200


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: its name in lower case and as written, its value unfolded, still bytes."""

    name: str
    written: str
    value: bytes


@dataclass(frozen=True, slots=True)
class ContentType:
    """`kind` is "type/subtype" in lower case. Parameters are bytes as they stand, by name in lower case."""

    kind: str
    parameters: dict[str, bytes] = field(default_factory=dict)

    @property
    def is_multipart(self) -> bool:
        return self.kind.startswith("multipart/")

    @property
    def charset(self) -> str | None:
        value = self.parameters.get("charset")
        return value.decode("latin-1").strip() if value is not None else None


def content_type(value: bytes | None, default: str) -> ContentType:
    """Return type and parameters; what can't be read is text/plain (RFC 2045 section 5.2) or what the place implies."""
    if value is None:
        return ContentType(default)
    head, semicolon, rest = value.partition(b";")
    match = _TOKEN_TYPE.match(head.decode("latin-1"))
    if match:
        kind = f"{match.group(1)}/{match.group(2)}".lower()
        if not semicolon:
            # "text/plain charset=utf-8": the semicolon was forgotten.
            rest = head[match.end() :]
        return ContentType(kind, raw_parameters(rest))
    word = head.strip().lower()
    if word in {b"text", b"html", b"plain"}:
        return ContentType("text/html" if word == b"html" else "text/plain", raw_parameters(rest))
    return ContentType(default if not word or b"=" in word else "text/plain", raw_parameters(rest or head))


def raw_parameters(data: bytes) -> dict[str, bytes]:
    """Return the parameters as they stand, quotes undone; of two with one name the first counts."""
    found: dict[str, bytes] = {}
    for match in _PARAMETER.finditer(data):
        name, quoted, bare = match.groups()
        if name is None:
            continue
        value = re.sub(rb"\\(.)", rb"\1", quoted) if quoted is not None else bare.strip().strip(b'"')
        found.setdefault(name.decode("latin-1").lower(), value)
        if len(found) >= _MOST_PARAMETERS:
            break
    return found


def parameter_value(type_: ContentType, name: str) -> bytes | None:
    """Return a parameter that is plain ASCII, such as a boundary, pieces put together (RFC 2231 section 3)."""
    plain = type_.parameters.get(name)
    if plain is not None:
        return plain.rstrip() or None
    pieces = [type_.parameters[f"{name}*{number}"] for number in range(20) if f"{name}*{number}" in type_.parameters]
    return b"".join(pieces) or None


def text_parameter(parameters: dict[str, bytes], name: str, notes: Remarks) -> str | None:
    """Return a parameter as text: RFC 2231 first, then encoded words (forbidden and common), then raw bytes."""
    extended = _rfc2231(parameters, name, notes)
    if extended is not None:
        return extended
    plain = parameters.get(name)
    return decode_words(plain, notes) if plain is not None else None


def _rfc2231(parameters: dict[str, bytes], name: str, notes: Remarks) -> str | None:
    pieces: dict[int, tuple[bytes, bool]] = {}
    for key, value in parameters.items():
        match = _SECTION.match(key)
        if not match or match.group(1) != name:
            continue
        number = int(match.group(2)) if match.group(2) else 0
        is_encoded = bool(match.group(3)) or match.group(2) is None
        pieces.setdefault(number, (value, is_encoded))
    if not pieces:
        return None
    charset: str | None = None
    whole = b""
    for position, number in enumerate(sorted(pieces)):
        value, is_encoded = pieces[number]
        if is_encoded and position == 0 and value.count(b"'") >= 2:
            named, _, value = value.split(b"'", 2)
            charset = named.decode("latin-1") or None
        whole += unquote_to_bytes(value) if is_encoded else value
    if charset is None and b"=?" in whole:
        return decode_words(whole, notes)
    return charsets.decode(whole, charset, notes)
