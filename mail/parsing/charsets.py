"""Bytes to text: charsets that lie, that nobody knows, and that were never named. Never fails, never U+FFFD."""

import codecs
import re
from functools import lru_cache

from mail.parsing import guessing, remarks
from mail.parsing.jis import decode_iso_2022_jp
from mail.parsing.remarks import Remarks
from mail.parsing.wordlists import words

# As browsers and mail programs read them: the label's superset, since that is what senders mean.
# (https://encoding.spec.whatwg.org/#names-and-labels)
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp",
}
_OTHER_NAMES = {
    "ansi_x3.110-1983": "ascii",
    "cp-850": "cp850",
    "cp949": "cp949",
    "ksc5601": "cp949",
    "ks_c_5601": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "windows-949": "cp949",
    "windows-936": "gb18030",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "dos-874": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-6-e": "iso8859-6",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
    "x-sjis": "cp932",
    "x-ms-cp932": "cp932",
    "sjis": "cp932",
    "x-euc-jp": "euc_jp",
    "x-euc": "euc_jp",
    "x-gbk": "gb18030",
    "gb_2312": "gb18030",
    "gb_2312-80": "gb18030",
    "x-x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "cn-gb": "gb18030",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ce": "mac_latin2",
    "x-user-defined": "cp1252",
    "koi": "koi8_r",
    "koi8": "koi8_r",
    "koi8-ru": "koi8_u",
    "csiso2022jp": "iso2022_jp",
    "unicode": "utf-16",
    "csunicode": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "unicode-1-1": "utf-16",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "utf-8-bom": "utf-8",
    "cp65001": "utf-8",
    "65001": "utf-8",
}
_NONE = frozenset(
    words(
        """
        unknown-8bit | x-unknown | unknown | default | default_charset | none | null | 8bit | binary | user-defined |
        _iso-2022-jp$esc
        """
    )
) | {""}
# Text that reads as ASCII and means something else: nobody sends it any more but to smuggle.
_REFUSED = re.compile(r"^(x-)?(unicode-[12]-[01]-|unicode-2-0-|cs)?(utf-?7|unicode11utf7)(-imap)?$")
# Python's codecs that are no charsets, or that undo an encoding.
_NO_CHARSET = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})

_SINGLE_BYTE_LATIN = frozenset({"cp1252", "iso8859-15", "cp1254", "mac_roman", "cp850"})
# Error handlers of ours: no byte is lost, none becomes U+FFFD.
_AS_LATIN = "mail.parsing.windows-1252"
_AS_LATIN_1 = "mail.parsing.iso-8859-1"
_FEW, _MOST = 0.02, 0.5  # of the bytes beyond ASCII, that the charset does not know
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes, charset: str | None, notes: Remarks) -> str:
    """Return the text, whatever the charset named; `notes` is told where it was not as said."""
    if data.isascii() and b"\x1b" not in data and b"~{" not in data and not _is_wide(charset):
        if charset and _REFUSED.match(charset.strip().lower()) and b"+" in data:
            notes.add(remarks.CHARSET_REFUSED, charset=charset)
        elif charset and codec_of(charset) is None and charset.strip().lower() not in _NONE:
            notes.add(remarks.CHARSET_UNKNOWN, charset=charset, used="us-ascii")
        return data.decode("ascii")
    codec = codec_of(charset)
    if charset and codec is None and charset.strip().lower() not in _NONE:
        text, used = _unnamed(data, notes)
        refused = _REFUSED.match(charset.strip().lower())
        notes.add(remarks.CHARSET_REFUSED if refused else remarks.CHARSET_UNKNOWN, charset=charset, used=used)
        return text
    if codec is None:
        return _unnamed(data, notes)[0]
    text, used = _named(data, codec, notes)
    if used != codec:
        notes.add(remarks.CHARSET_LIES, charset=charset, used=used)
    return text


@lru_cache(maxsize=512)
def codec_of(charset: str | None) -> str | None:
    """Return the name of Python's codec for what senders mean by that label; None if it is none we read."""
    if not charset or len(charset) > 60:
        return None
    label = charset.strip().strip("\"'").lower().removeprefix("3d").split(";")[0].split("*")[0].strip()
    if label in _NONE or _REFUSED.match(label):
        return None
    label = _OTHER_NAMES.get(label, label)
    for candidate in (label, re.sub(r"^(x-|cs)", "", label), re.sub(r"[ _]+", "-", label)):
        try:
            found = codecs.lookup(candidate)
        except (LookupError, ValueError):
            continue
        if found._is_text_encoding and found.name not in _NO_CHARSET:
            return _MEANT.get(found.name, found.name)
    return None


def _is_wide(charset: str | None) -> bool:
    codec = codec_of(charset)
    return codec is not None and (
        codec.startswith(("utf-16", "utf-32")) or codec in {"utf-7", "hz"} or _is_ebcdic(codec)
    )


@lru_cache(maxsize=64)
def _is_ebcdic(codec: str) -> bool:
    try:
        return "a".encode(codec) != b"a" and not codec.startswith("utf")
    except UnicodeError:
        return False


def _named(data: bytes, codec: str, notes: Remarks) -> tuple[str, str]:
    if codec.startswith(("utf-16", "utf-32")):
        return _wide(data, codec, notes)
    if codec == "iso2022_jp":
        return decode_iso_2022_jp(data), codec
    if codec == "utf-8":
        return _utf8(data, notes)
    if codec in _SINGLE_BYTE_LATIN:
        return _latin(data, codec, notes)
    text = _strict(data, codec)
    if text is not None and not _is_really_utf8(data, codec):
        return text, codec
    if (as_utf8 := _strict(data, "utf-8")) is not None:
        return as_utf8, "utf-8"
    if text is not None:
        return text, codec
    lossy = data.decode(codec, "ignore")
    bad = _bad_share(data, lossy, codec)
    # A few bad bytes are a damage; many are another charset, if one reads them all.
    if bad >= _FEW and notes.may_guess() and (other := guessing.not_latin(data)) and _strict(data, other) is not None:
        return data.decode(other), other
    return (data.decode(codec, _AS_LATIN), codec) if bad < _MOST else _unnamed(data, notes)


def _is_really_utf8(data: bytes, codec: str) -> bool:
    """Return whether bytes labelled as one-byte text make sense as UTF-8, which such text hardly ever does by chance.

    Two-byte charsets are left alone: theirs does, now and then.
    """
    return (
        codec.startswith(("cp125", "iso8859", "koi8", "cp437", "cp866", "mac")) and _strict(data, "utf-8") is not None
    )


def _latin(data: bytes, codec: str, notes: Remarks) -> tuple[str, str]:
    if (text := _strict(data, "utf-8")) is not None:
        return text, "utf-8"
    if b"\x1b$" in data and data.isascii():
        return decode_iso_2022_jp(data), "iso2022_jp"
    if notes.may_guess() and (other := guessing.not_latin(data)) is not None:
        return data.decode(other, _AS_LATIN), other
    return data.decode(codec, _AS_LATIN), codec


def _utf8(data: bytes, notes: Remarks) -> tuple[str, str]:
    data = data.removeprefix(codecs.BOM_UTF8)
    if (text := _strict(data, "utf-8")) is not None:
        return text, "utf-8"
    if b"\xed" in data and (text := _surrogate_pairs(data)) is not None:
        return text, "utf-8"
    valid = len(data.decode("utf-8", "ignore").encode()) - sum(byte < 0x80 for byte in data)
    high = sum(byte >= 0x80 for byte in data)
    if valid * 2 >= high:
        return data.decode("utf-8", _AS_LATIN), "utf-8"
    return _unnamed(data, notes)


def _surrogate_pairs(data: bytes) -> str | None:
    """Return UTF-8 in which somebody wrote each half of a pair by itself (CESU-8), or None."""
    try:
        return data.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeError:
        return None


def _wide(data: bytes, codec: str, notes: Remarks) -> tuple[str, str]:
    """UTF-16 and UTF-32, believed only if the bytes look like it."""
    for mark, name in _BOMS[1:]:
        if data.startswith(mark) and codec.startswith("utf-16"):
            return _even(data[2:], name), codec
    if b"\0" not in data and (data.isascii() or _strict(data, "utf-8") is not None):
        return _unnamed(data, notes)
    if codec == "utf-16":
        codec = "utf-16-be" if data[:200:2].count(0) > data[1:200:2].count(0) else "utf-16-le"
    return (_even(data, codec) if codec.startswith("utf-16") else data.decode(codec, "ignore")), codec


def _even(data: bytes, codec: str) -> str:
    return data.decode(codec, "ignore")


def _unnamed(data: bytes, notes: Remarks) -> tuple[str, str]:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "ignore" if name != "utf-8" else _AS_LATIN), name
    if (text := _strict(data, "utf-8")) is not None and not (data.isascii() and b"\x1b" in data):
        return text, "utf-8"
    if b"\x1b" in data and re.search(rb"\x1b[$(]", data):
        return decode_iso_2022_jp(data), "iso2022_jp"
    codec = guessing.guess(data) if notes.may_guess() else "cp1252"
    return data.decode(codec, _AS_LATIN), codec


def _strict(data: bytes, codec: str) -> str | None:
    try:
        text = data.decode(codec)
    except (UnicodeError, ValueError):
        return None
    return text


def _bad_share(data: bytes, kept: str, codec: str) -> float:
    try:
        lost = len(data) - len(kept.encode(codec, "ignore"))
    except UnicodeError:
        return 1
    return lost / max(1, sum(byte >= 0x80 for byte in data))


def _latin_bytes(error: UnicodeError) -> tuple[str, int]:
    """Read what no codec reads as Windows-1252, and its five holes as ISO-8859-1."""
    assert isinstance(error, UnicodeDecodeError)
    bad = error.object[error.start : error.end]
    return bad.decode("cp1252", _AS_LATIN_1), error.end


def _latin1_bytes(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_AS_LATIN, _latin_bytes)
codecs.register_error(_AS_LATIN_1, _latin1_bytes)
