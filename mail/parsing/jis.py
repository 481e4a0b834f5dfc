"""ISO-2022-JP as telephones and Outlook write it: Windows' own characters under the escapes of the standard."""

import re

_ESCAPE = re.compile(rb"\x1b(\$[@AB]|\$\([A-Q]|\([A-Z]|\(I|&@)|[\x0e\x0f]")
_ONE_BYTE, _TWO_BYTES, _KANA, _JIS_X_0212, _KOREAN, _CHINESE = range(6)
_CODECS = {_JIS_X_0212: "euc_jp", _KOREAN: "euc_kr", _CHINESE: "gb2312"}


def decode_iso_2022_jp(data: bytes) -> str:
    """Return the text of ISO-2022-JP (RFC 1468) and its extensions; bytes that belong nowhere become Latin."""
    found: list[str] = []
    mode, position = _ONE_BYTE, 0
    for match in _ESCAPE.finditer(data):
        found.append(_run(data[position : match.start()], mode))
        position = match.end()
        escape = match.group()
        if escape == b"\x0e":
            mode = _KANA
        elif escape in {b"\x0f", b"\x1b(B", b"\x1b(J", b"\x1b(H"}:
            mode = _ONE_BYTE
        elif escape == b"\x1b(I":
            mode = _KANA
        elif escape in {b"\x1b$@", b"\x1b$B", b"\x1b$(B", b"\x1b$(@"}:
            mode = _TWO_BYTES
        elif escape == b"\x1b$(D":
            mode = _JIS_X_0212
        elif escape == b"\x1b$(C":
            mode = _KOREAN
        elif escape in {b"\x1b$A", b"\x1b$(A"}:
            mode = _CHINESE
        elif escape.startswith(b"\x1b("):
            mode = _ONE_BYTE
    found.append(_run(data[position:], mode))
    return "".join(found)


def _run(data: bytes, mode: int) -> str:
    if not data:
        return ""
    if mode == _ONE_BYTE:
        return data.decode("ascii") if data.isascii() else _eight_bit(data)
    # The standard returns to ASCII before each line's end; who does not, means it anyway.
    lines = data.split(b"\n")
    return "\n".join(_line(line, mode) for line in lines)


def _line(data: bytes, mode: int) -> str:
    if mode == _KANA:
        return bytes(byte | 0x80 if 0x20 < byte < 0x60 else byte for byte in data).decode("cp932", "ignore")
    pairs = bytearray()
    for byte in data:
        pairs.append(byte | 0x80 if 0x20 < byte < 0x7F else byte)
    if mode in _CODECS:
        lead = b"\x8f" if mode == _JIS_X_0212 else b""
        whole = bytes(pairs)
        if lead:
            whole = b"".join(lead + whole[at : at + 2] for at in range(0, len(whole) - 1, 2))
        return whole.decode(_CODECS[mode], "ignore")
    return b"".join(_shifted(bytes(pairs[at : at + 2])) for at in range(0, len(pairs), 2)).decode("cp932", "ignore")


def _shifted(pair: bytes) -> bytes:
    """Return two bytes of EUC-JP as Shift JIS, whose Windows kind knows more characters."""
    if len(pair) < 2 or pair[0] < 0xA1 or pair[1] < 0xA1:
        return bytes(byte & 0x7F for byte in pair)
    row, cell = pair[0] - 0x80, pair[1] - 0x80
    lead = (row - 0x21) // 2 + 0x81
    if lead > 0x9F:
        lead += 0x40
    trail = cell + 0x1F + (cell >= 0x60) if row % 2 else cell + 0x7E
    return bytes((lead, trail))


def _eight_bit(data: bytes) -> str:
    for codec in ("utf-8", "cp932", "euc_jp"):
        try:
            return data.decode(codec)
        except UnicodeError:
            continue
    return data.decode("latin-1")
