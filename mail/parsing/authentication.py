"""Authentication-Results read (RFC 8601): what a server that we trust says about SPF, DKIM and DMARC. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_MOST_HEADERS = 50
_MOST_LENGTH = 10_000
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*+\)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_RESULT = re.compile(r"^\s*([A-Za-z0-9-]+)(?:\s*/\s*\d+)?\s*=\s*([A-Za-z0-9_-]+)")
_PROPERTY = re.compile(r"([A-Za-z0-9-]+)\s*\.\s*([A-Za-z0-9_-]+)\s*=\s*([^\s;]+)")


@dataclass(frozen=True, slots=True)
class AuthenticationResult:
    """One line of it: `method` ("spf", "dkim", "dmarc", …), `result` ("pass", "fail", …), both in lower case.

    `properties` are such as ("header.from", "example.org"), in order.
    """

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()

    def property(self, name: str) -> str | None:
        return next((value for key, value in self.properties if key == name), None)


def trusted_results(headers: Iterable[str], authserv_id: str) -> tuple[AuthenticationResult, ...]:
    """Return the results under headers that bear that id, topmost first; nothing if the id is empty.

    Anybody can write such a header. Our own server puts its own above what the mail brought, and must remove what
    bears its id from outside (RFC 8601 section 5). Should it not, as little as possible is believed: the topmost header
    of that id, and those directly below it as long as none speaks of a method again. A server's own filters write one
    header each, and never two of one method.
    """
    wanted = authserv_id.strip().lower().rstrip(".")
    if not wanted:
        return ()
    found: list[AuthenticationResult] = []
    has_begun = False
    for header in list(headers)[:_MOST_HEADERS]:
        name, results = read_results(header)
        if name != wanted:
            if has_begun:
                break
            continue
        if {one.method for one in results} & {one.method for one in found}:
            break
        has_begun = True
        found.extend(results)
    return tuple(found)


def read_results(header: str) -> tuple[str, tuple[AuthenticationResult, ...]]:
    """Return the authserv-id in lower case, "" if there is none, and the results; what is no result is left out."""
    text = _without_comments(_QUOTED.sub(lambda match: _plain(match.group(1)), header[:_MOST_LENGTH]))
    first, *rest = text.split(";")
    words = first.split()
    if not words or "=" in words[0]:
        return "", ()
    results = []
    for piece in rest[:100]:
        match = _RESULT.match(piece)
        if not match or match.group(1).lower() == "none":
            continue
        properties = tuple(
            (f"{kind}.{name}".lower(), value) for kind, name, value in _PROPERTY.findall(piece[match.end() :])
        )
        results.append(AuthenticationResult(match.group(1).lower(), match.group(2).lower(), properties))
    return words[0].lower().rstrip("."), tuple(results)


def _plain(quoted: str) -> str:
    """Return a quoted string's words so that nothing in them ends a result or begins another."""
    return re.sub(r"[;()=\s]", "_", quoted)


def _without_comments(text: str) -> str:
    for _ in range(10):
        shorter = _COMMENT.sub(" ", text)
        if shorter == text:
            break
        text = shorter
    # A comment that is never closed hides everything behind it.
    return text.partition("(")[0]
