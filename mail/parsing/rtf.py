"""Outlook's compressed RTF (MS-OXRTFCP), and the text or HTML that stands in it (MS-OXRTFEX)."""

import re
import struct
from dataclasses import dataclass

from mail.parsing import charsets, limits
from mail.parsing.remarks import Remarks
from mail.parsing.wordlists import words

_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20"
    b"\\b\\i\\u\\tab\\tx"
)
_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_TOKEN = re.compile(r"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-z'])|([{}])|[\r\n]+|([^\\{}\r\n]+)")
# Groups that hold no words.
_HIDDEN = frozenset(
    words(
        """
        fonttbl | colortbl | stylesheet | info | pict | object | header | footer | generator | listtable | xmlnstbl |
        themedata | datastore
        """
    )
)
_WORDS = {
    **dict.fromkeys(("par", "line", "row"), "\n"),
    **dict.fromkeys(("tab", "cell"), "\t"),
    **{"lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•", "endash": "–", "emdash": "—"},
}


@dataclass(frozen=True, slots=True)
class RtfBody:
    text: str = ""
    html: str = ""


def rtf_body(data: bytes, codepage: str) -> RtfBody:
    """Return the HTML if the RTF was made from it, else the text; both empty if it can't be read."""
    rtf = decompress(data)
    if b"\\fromhtml1" in rtf[:2_000]:
        return RtfBody(html=_words(rtf, codepage, is_html=True))
    return RtfBody(text=_words(rtf, codepage, is_html=False).strip())


def decompress(data: bytes) -> bytes:
    """Return the RTF, as far as the stream goes."""
    if len(data) < 16:
        return b""
    size, kind = struct.unpack_from("<4xI4s", data)
    if kind == _PLAIN:
        return data[16 : 16 + size]
    if kind != _COMPRESSED:
        return b""
    window = bytearray(_DICTIONARY.ljust(4096, b"\0"))
    write, out, position = len(_DICTIONARY), bytearray(), 16
    most = min(size, limits.TEXT * 4)
    while position < len(data) and len(out) < most:
        control = data[position]
        position += 1
        for bit in range(8):
            if control >> bit & 1:
                if position + 2 > len(data):
                    return bytes(out)
                offset, length = data[position] << 4 | data[position + 1] >> 4, (data[position + 1] & 15) + 2
                position += 2
                if offset == write:
                    return bytes(out)
                copied = range(offset, offset + length)
                for at in copied:
                    byte = window[at % 4096]
                    out.append(byte)
                    window[write] = byte
                    write = (write + 1) % 4096
            elif position < len(data):
                out.append(data[position])
                window[write] = data[position]
                write = (write + 1) % 4096
                position += 1
    return bytes(out)


def _words(rtf: bytes, codepage: str, *, is_html: bool) -> str:
    found: list[str] = []
    pending = bytearray()  # bytes of one character may stand in several \'xx
    stack: list[tuple[bool, bool]] = []
    hidden = in_tag = no_html = False
    skip = 0

    def flush() -> None:
        if pending:
            found.append(charsets.decode(bytes(pending), codepage, Remarks()))
            pending.clear()

    def shows() -> bool:
        return not hidden and not (is_html and no_html and not in_tag)

    for match in _TOKEN.finditer(rtf.decode("latin-1")):
        word, number, byte, symbol, brace, plain = match.groups()
        if byte is not None:
            if skip:
                skip -= 1
            elif shows():
                pending.append(int(byte, 16))
            continue
        flush()
        if brace == "{":
            if len(stack) > 1_000:
                break
            stack.append((hidden, in_tag))
        elif brace == "}":
            hidden, in_tag = stack.pop() if stack else (False, False)
        elif word == "ansicpg" and number:
            codepage = f"cp{number}"
        elif word == "htmlrtf":
            no_html = number != "0"
        elif word == "htmltag":
            in_tag, hidden = True, not is_html
        elif word in _HIDDEN or symbol == "*":
            hidden = True
        elif word == "u" and number and shows():
            found.append(chr(int(number) % 65536))
            skip = 1
        elif word in _WORDS and shows():
            found.append(_WORDS[word])
        elif symbol and shows():
            found.append({"~": "\xa0", "_": "-", "\n": "\n", "\r": ""}.get(symbol, symbol))
        elif plain and shows():
            found.append(plain[skip:])
            skip = 0
    flush()
    return "".join(found).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
