"""What an opaque S/MIME signature wraps (RFC 5652 section 5). The signature itself is not judged."""

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_MOST_DEPTH = 32
_OCTET_STRING, _OCTET_STRINGS = 0x04, 0x24
_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0


class _Broken(Exception):
    pass


def signed_content(data: bytes) -> bytes | None:
    """Return the signed bytes of a SignedData, or None if it is something else or can't be read."""
    if _SIGNED_DATA not in data[:40]:
        return None
    try:
        signed = _enter(data, _enter(data, 0, _SEQUENCE), _CONTEXT_0, skip=1)
        # version, digest algorithms, then what is signed: its type, and its content.
        wrapped = _enter(data, _enter(data, signed, _SEQUENCE), _SEQUENCE, skip=2)
        content = _enter(data, wrapped, _CONTEXT_0, skip=1)
        found = _octets(data, content, 0)[0]
    except (_Broken, IndexError):
        return None
    return found or None


def _enter(data: bytes, position: int, tag: int, *, skip: int = 0) -> int:
    """Return where the content of the element begins that comes after `skip` others."""
    for _ in range(skip):
        position = _after(data, position, 0)
    if data[position] != tag:
        raise _Broken
    return _header(data, position)[0]


def _header(data: bytes, position: int) -> tuple[int, int | None]:
    """Return where the content begins and its length, None if it goes on to its end mark."""
    length = data[position + 1]
    start = position + 2
    if length == 0x80:
        return start, None
    if length & 0x80:
        count = length & 0x7F
        if count > 8:
            raise _Broken
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    return start, length


def _after(data: bytes, position: int, depth: int) -> int:
    if depth > _MOST_DEPTH:
        raise _Broken
    start, length = _header(data, position)
    if length is not None:
        return start + length
    while data[start : start + 2] != b"\0\0":
        start = _after(data, start, depth + 1)
    return start + 2


def _octets(data: bytes, position: int, depth: int) -> tuple[bytes, int]:
    """Return an octet string, put together from its pieces, and where it ends."""
    if depth > _MOST_DEPTH:
        raise _Broken
    tag = data[position]
    start, length = _header(data, position)
    if tag == _OCTET_STRING and length is not None:
        return data[start : start + length], start + length
    if tag != _OCTET_STRINGS:
        raise _Broken
    end = len(data) if length is None else min(len(data), start + length)
    pieces: list[bytes] = []
    while start < end and data[start : start + 2] != b"\0\0":
        piece, start = _octets(data, start, depth + 1)
        pieces.append(piece)
    return b"".join(pieces), start + 2 if length is None else start
