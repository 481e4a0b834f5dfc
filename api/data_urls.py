"""Data URLs (RFC 2397), as strict programs and as osTicket's clients write them."""

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from mail.parsing import charsets
from mail.parsing.remarks import Remarks

_HEAD = re.compile(
    r"data:([\w.+-]{1,100}/[\w.+-]{1,100})?((?:;[\w.+*-]{1,50}(?:=[\w.+*:'\"-]{0,100})?){0,10}),", re.ASCII
)
# Nothing else may stand in a URL (RFC 3986 section 2), and each % begins an octet.
_ENCODED = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", re.ASCII)


class NotBase64(ValueError):
    """What says that it is base64 is not."""


@dataclass(frozen=True, slots=True)
class Data:
    """What a data URL holds. `charset` is what it names, "" where it names none."""

    content: bytes
    type: str
    charset: str = ""

    @property
    def text(self) -> str:
        """Return the words, whatever the charset."""
        return charsets.decode(self.content, self.charset or "utf-8", Remarks())


def read(text: str) -> Data:
    """Return what the text holds: a data URL, else itself as plain text. Raises NotBase64.

    osTicket's clients write `data:text/html,<b>Hi</b> 100%` and mean it as it stands; only what can be a URL as a whole
    is taken out of its %XX.
    """
    head = _HEAD.match(text)
    if head is None:
        return Data(text.encode("utf-8", "replace"), "text/plain")
    kind, rest = (head[1] or "text/plain").lower(), text[head.end() :]
    parameters = [each.partition("=") for each in head[2].split(";") if each]
    charset = next((value.strip("'\"") for name, _equals, value in parameters if name.lower() == "charset"), "")
    if any(name.lower() == "base64" for name, _equals, _value in parameters):
        return Data(decode_base64(rest), kind, charset)
    if "%" in rest and _ENCODED.fullmatch(rest):
        return Data(unquote_to_bytes(rest), kind, charset)
    # As a part of JSON it is Unicode already, whatever it says of itself.
    return Data(rest.encode("utf-8", "replace"), kind)


def decode_base64(text: str) -> bytes:
    """Return the bytes; line ends and blanks between are nothing. Raises NotBase64."""
    packed = "".join(text.split())
    try:
        return b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise NotBase64 from None
