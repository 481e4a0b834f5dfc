"""POP3 as Python speaks it, and what it cannot: mails of any size and line length, and XOAUTH2."""

import poplib
from base64 import b64encode
from collections.abc import Iterator

# Python's own lines end at 2,048 bytes, where it gives up; mails have longer ones (bpo-16041).
PART = 1 << 16
# Of one answer, such as the names of all mails, or the header of one.
MOST_AT_ONCE = 32 << 20


class Pop3(poplib.POP3):
    """A connection, as poplib makes it."""

    def retrieve(self, number: int) -> Iterator[bytes]:
        """Yield the bytes of a mail, with CRLF as they came. To be read to the end (RFC 1939 section 5)."""
        self._shortcmd(f"RETR {number}")  # type: ignore[attr-defined]
        yield from self._until_dot()

    def head(self, number: int) -> bytes:
        """Return the header lines of a mail."""
        self._shortcmd(f"TOP {number} 0")  # type: ignore[attr-defined]
        parts, size = [], 0
        for part in self._until_dot():
            size += len(part)
            if size > MOST_AT_ONCE:
                raise poplib.error_proto("-ERR EOF: the header does not end")
            parts.append(part)
        return b"".join(parts)

    def _getlongresp(self) -> tuple[bytes, list[bytes], int]:
        """Read as poplib does, with an end to what a server may say."""
        answer: bytes = self._getresp()  # type: ignore[attr-defined]
        lines, size = [], 0
        while (got := self._getline())[0] != b".":  # type: ignore[attr-defined]
            line, octets = got
            if line.startswith(b".."):
                octets, line = octets - 1, line[1:]
            size += octets
            if size > MOST_AT_ONCE:
                raise poplib.error_proto("-ERR EOF: the answer does not end")
            lines.append(line)
        return answer, lines, size

    def xoauth2(self, user: str, token: str) -> None:
        """Sign in by an access token, as Google and Microsoft have it."""
        self._shortcmd("AUTH XOAUTH2")  # type: ignore[attr-defined]
        self._shortcmd(b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode())  # type: ignore[attr-defined]

    def _until_dot(self) -> Iterator[bytes]:
        begins_line = True
        while True:
            part: bytes = self.file.readline(PART)
            if not part:
                raise poplib.error_proto("-ERR EOF")
            if begins_line and part.startswith(b"."):
                if part.rstrip(b"\r\n") == b".":
                    return
                part = part[1:]
            begins_line = part.endswith(b"\n")
            yield part


class Pop3Tls(Pop3, poplib.POP3_SSL):
    """The same with TLS from the start."""
