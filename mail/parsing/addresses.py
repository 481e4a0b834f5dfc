"""Address lists (RFC 5322 section 3.4) as they come: names without quotes, groups, comments, semicolons."""

import re
from collections.abc import Iterator

from mail.parsing import limits, remarks
from mail.parsing.parsed import Mailbox
from mail.parsing.remarks import Remarks
from mail.parsing.words import clean, decode_words

# Each character belongs to one alternative only, so nothing is tried twice.
_TOKEN = re.compile(
    rb"""(?P<quoted>"(?:[^"\\]|\\.)*+"?+)|(?P<angle><[^<>"]*+(?:"[^"]*+"[^<>"]*+)?+>)|(?P<open>\()|(?P<mark>[,;:])|(?P<word>[^",;:<(]++|[<])""",
    re.DOTALL,
)
# Begins only where a word begins, and takes it whole: a word is read once.
_ADDRESS = re.compile(
    r"(?<![^\s<>@,;:\"()\[\]])[^\s<>@,;:\"()\[\]]++@[^\s<>@,;:\"()]+|\"[^\"]{1,200}\"@[^\s<>@,;:\"()]+"
)


def parse_addresses(value: bytes, name: str, notes: Remarks) -> tuple[Mailbox, ...]:
    """Return the mailboxes of a header; of groups (`undisclosed-recipients:;`) their members."""
    found: list[Mailbox] = []
    before = ""  # words that a comma parted from the rest of a name: Lovelace, Ada <ada@example.org>
    for display, address in _split(value):
        if len(found) >= limits.ADDRESSES:
            notes.add(remarks.ADDRESSES_CUT, name=name, kept=limits.ADDRESSES)
            break
        mailbox = _mailbox(display, address, notes)
        if mailbox is None:
            continue
        if before and mailbox.name and mailbox.address and address is not None:
            found[-1] = Mailbox(f"{before}, {mailbox.name}", mailbox.address)
            before = ""
            continue
        before = mailbox.name if not mailbox.address and address is None and len(mailbox.name) < 100 else ""
        if "@" not in mailbox.address:
            notes.add(remarks.BAD_ADDRESS, name=name)
        found.append(mailbox)
    return tuple(found)


def _split(value: bytes) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield (words before the address, address in angle brackets or None) of each mailbox."""
    words: list[bytes] = []
    comments: list[bytes] = []
    address: bytes | None = None
    position = 0

    def take() -> tuple[bytes, bytes | None]:
        display = b" ".join(words).strip()
        if address is None and comments:
            # "ada@example.org (Ada Lovelace)", RFC 822's way.
            return display + b"\0" + b" ".join(comments), None
        return display, address

    while match := _TOKEN.match(value, position):
        position = match.end()
        kind = match.lastgroup
        token = match.group()
        if kind == "open":
            comment, position = _comment(value, position)
            comments.append(comment)
        elif kind == "quoted":
            words.append(re.sub(rb"\\(.)", rb"\1", token.strip(b'"')) if not _is_local_part(value, position) else token)
        elif kind == "angle":
            if address is None:
                address = token[1:-1].strip()
            else:
                # "<a@x> <b@y>": a comma was forgotten.
                yield take()
                words, comments, address = [], [], token[1:-1].strip()
        elif kind == "mark":
            if token == b":":
                if address is None and _is_group(words):
                    words, comments = [], []
                else:
                    words.append(token)
                continue
            if words or address is not None or comments:
                yield take()
            words, comments, address = [], [], None
        elif kind == "word" and token.strip():
            if address is not None and b"@" in token:
                yield take()
                words, comments, address = [], [], None
            if words and words[-1].endswith(b'"') and token.startswith(b"@"):
                words[-1] += token.strip()
            else:
                words.append(token.strip())
    if words or address is not None or comments:
        yield take()


def _is_local_part(value: bytes, position: int) -> bool:
    """Return whether the quoted string was `"ada lovelace"@example.org`."""
    return value[position : position + 1] == b"@"


def _is_group(words: list[bytes]) -> bool:
    return not any(b"@" in word for word in words) and sum(map(len, words)) < 200


def _comment(value: bytes, position: int) -> tuple[bytes, int]:
    """Return a comment's words and where it ends; comments stand in comments."""
    depth, start = 1, position
    for match in re.finditer(rb"\\.|[()]", value[position : position + 2_000], re.DOTALL):
        if match.group() == b"(":
            depth += 1
        elif match.group() == b")":
            depth -= 1
            if not depth:
                return value[start : position + match.start()], position + match.end()
    return value[start : start + 2_000], start + min(2_000, len(value) - start)


def _mailbox(display: bytes, address: bytes | None, notes: Remarks) -> Mailbox | None:
    comment = b""
    if b"\0" in display:
        display, _, comment = display.partition(b"\0")
    if address is not None:
        text = _plain(decode_words(address, notes))
        name = _name(decode_words(display, notes))
        if not text and "@" in name and (match := _ADDRESS.search(name)):
            return Mailbox("", match.group())
        return Mailbox(name, text) if text or name else None
    text = clean(decode_words(display, notes))
    if not text and not comment:
        return None
    match = _ADDRESS.search(text)
    if match:
        name = _name(f"{text[: match.start()]} {text[match.end() :]}")
        return Mailbox(name or _name(decode_words(comment, notes)), match.group())
    return Mailbox(_name(text), "")


def _name(text: str) -> str:
    text = " ".join(text.split())
    for quote in ("'", '"'):
        if len(text) > 1 and text[0] == text[-1] == quote:
            text = text[1:-1].strip()
    return text.strip('"<> ') if text.count('"') == 1 else text.strip("<> ")


def _plain(text: str) -> str:
    """Return an address without what mailers put around it: routes, `mailto:`, brackets, quotes, spaces."""
    text = text.strip().strip("<>").strip()
    if text.lower().startswith("mailto:"):
        text = text[7:]
    if text.startswith("@") and ":" in text:
        text = text.partition(":")[2]  # RFC 822's source route
    if text.startswith("'") and text.endswith("'"):
        text = text[1:-1]
    if " " in text and not text.startswith('"'):
        match = _ADDRESS.search(text)
        text = match.group() if match else "".join(text.split()) if "@" in text else text
    return text
