"""New words told from quoted ones in plain text. In doubt words are kept: who reads sees too much, not too little."""

import re
import unicodedata
from dataclasses import dataclass

from mail.parsing import limits
from mail.parsing import quotewords as words
from mail.parsing.signatures import without_armour, without_signature

_HYPHENS = re.compile(
    r"^[\s>*|]{0,20}([-_=~*#─—–]{2,}|\.{4,}|…)[\s*_]{0,10}([^-_=~─—].{1,80}?)\s{0,10}[:：]?\s{0,10}([-_=~*#─—–.…]*)\s*$"
)
_RULE = re.compile(r"^\s{0,10}[_\-─—=]{10,}\s*$")
_TIME = re.compile(r"\d{1,2}[:.h]\d\d|\b(?:19|20)\d\d\b|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}月\d{1,2}日")
_ADDRESS = re.compile(r"[^\s<>@]{1,100}@[^\s<>@]{1,100}")
_OLD_GMAIL = re.compile(r"^\d{4}[/-]\d{1,2}[/-]\d{1,2} .{1,200}<[^<>\s]{1,200}@[^<>\s]{1,200}>[:：]?$")
_QUOTED = re.compile(r"^\s{0,3}(?:>|&gt;|\|\s)")
_STARTS = re.compile(
    r"^[\s*_\"'‪-‮‎‏]{0,10}(?:(?:"
    + "|".join(sorted(map(re.escape, words.BEGINS), key=len, reverse=True))
    + r")(?=[\s\d.,])|\d|\w{2,12}[.,]{1,2} )",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"(?<!\w)(?:" + "|".join(sorted(map(re.escape, set(words.WROTE)), key=len, reverse=True)) + r")(?!\w)",
    re.IGNORECASE,
)
_WROTE_JOINED = re.compile(r"(?:写道|寫道|编写|写到|のメール|書きました|님이 작성|작성|เขียนว่า|เขียน)\s*[:：]?$")
_QUOTING = re.compile(r"^(quoting|zitat von|citando|citation de|citerend|citando a|on behalf of) ", re.IGNORECASE)
# "Thanks! On Mon, 5 Jan 2026, Ada wrote:": the introduction behind the last words, on their line.
_SHARED_LINE = re.compile(
    r"^([^>\n]{1,300}?\S) ?[-_]{0,5} ?(On (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? [^\n]{5,200} wrote:)[ \t]*(?=\n)",
    re.MULTILINE,
)
_LEFTOVER = re.compile(r"^\s{0,10}\(?(?:https?://\S{4,500}|\S{4,500}\))\s{0,5}>?\s{0,5}$")
# Around the words of our own line to answer above, whatever language they are in (mail.rendering).
ANSWER_LINE_BEGINS, ANSWER_LINE_ENDS = "##-", "-##"
_OUR_LINE = re.compile(rf"^[\s>*|]{{0,20}}{ANSWER_LINE_BEGINS}\s.{{1,150}}\s{ANSWER_LINE_ENDS}[\s*]{{0,10}}$")
_BEGIN_FORWARD = frozenset(words.FORWARDED)
_ORIGINAL = frozenset(words.ORIGINAL)
_LABELS = {
    **dict.fromkeys(words.CC, "cc"),
    **dict.fromkeys(words.SUBJECT, "subject"),
    **dict.fromkeys(words.TO, "to"),
    **dict.fromkeys(words.SENT, "sent"),
    **dict.fromkeys(words.FROM, "from"),
}
# Labels that are two things in two languages; the rest of the block tells which.
_EITHER = {"a": "to", "til": "to", "data": "sent", "le": "sent", "no": "from", "pro": "to", "de": "from", "за": "to"}
_MOST_SPAN = 4  # lines over which an attribution is wrapped
_MOST_TRIED = 500  # lines that look like an introduction from afar
_MOST_BLOCK = 14  # lines of a header block, wrapped ones included


@dataclass(frozen=True, slots=True)
class Split:
    """The new words, and what was quoted; from line `cut` of the text on everything is quoted, if there is one."""

    reply: str
    quoted: str
    cut: int | None = None


@dataclass(slots=True)
class _Block:
    """Lines `start` to `end` (excluded) that are quoted, introduced or not."""

    start: int
    end: int
    is_introduced: bool


def split_quote(text: str, *, is_forward: bool = False) -> Split:
    """Return the new words and the quoted ones. Everything is new if else nothing were."""
    text = without_armour(text)
    lines = _SHARED_LINE.sub(r"\1\n\2", text).split("\n", limits.QUOTE_LINES)
    if is_forward:
        return Split(without_signature(text.strip("\n").rstrip()) or text, "")
    cut, blocks = _find(lines)
    end = len(lines) if cut is None else cut
    removed = _removed([block for block in blocks if block.start < end], lines[:end])
    kept = [line for number, line in enumerate(lines[:end]) if number not in removed]
    reply = without_signature(_tidy(kept))
    if not reply.strip():
        return Split(text.strip("\n").rstrip(), "")
    quoted = [line for number, line in enumerate(lines) if number in removed or number >= end]
    return Split(reply, "\n".join(quoted).strip("\n").rstrip(), _first_of_rest(lines[:end], removed))


def _first_of_rest(lines: list[str], removed: set[int]) -> int:
    """Return the line from which on nothing is kept; empty lines do not count."""
    first = len(lines)
    while first and (first - 1 in removed or not lines[first - 1].strip()):
        first -= 1
    while first < len(lines) and not lines[first].strip():
        first += 1
    return first


def _tidy(lines: list[str]) -> str:
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines).strip("\n").rstrip())


def _find(lines: list[str]) -> tuple[int | None, list[_Block]]:
    """Return the line from which on everything is quoted, and the quoted blocks before it."""
    blocks: list[_Block] = []
    ends: dict[int, bool] = {}
    number = tried = 0
    while number < len(lines):
        line = lines[number]
        if _QUOTED.match(line):
            block = _Block(number, _block_end(lines, number), False)
            blocks.append(block)
            number = block.end
            continue
        if not line.strip():
            number += 1
            continue
        if _is_above_line(line):
            return _with_introduction(lines, number), blocks
        if _is_forward_line(line):
            return None, blocks
        if _is_original_line(line):
            return number, blocks
        if tried < _MOST_TRIED and _starts_header_block(lines, number):
            return _with_rule(lines, number), blocks
        introduction = _introduction(lines, number, ends) if tried < _MOST_TRIED else None
        tried += _may_end(line) or _label(line) is not None
        if introduction is not None:
            start, following, is_strong = introduction
            if following < len(lines) and _QUOTED.match(lines[following]):
                block = _Block(start, _block_end(lines, following), True)
                blocks.append(block)
                number = block.end
                continue
            if is_strong:
                return start, blocks
        number += 1
    return None, blocks


def _block_end(lines: list[str], start: int) -> int:
    """Return where quoted lines end; empty lines between them belong to them."""
    end = number = start
    while number < len(lines):
        if _QUOTED.match(lines[number]):
            end = number + 1
        elif number == end and _LEFTOVER.match(lines[number]):
            # The rest of a long line that somebody's server wrapped.
            end = number + 1
        elif lines[number].strip():
            break
        number += 1
    return end


def _removed(blocks: list[_Block], lines: list[str]) -> set[int]:
    """Return the numbers of the lines to leave out: quotes, but not those that answers stand between."""

    def has_words(start: int, end: int) -> bool:
        return any(line.strip() for line in lines[start:end]) and bool(
            without_signature("\n".join(lines[start:end]).strip("\n"), may_be_empty=True).strip()
        )

    if not blocks:
        return set()
    gone: set[int] = set()
    edges = [*(block.start for block in blocks[1:]), len(lines)]
    answered = [has_words(block.end, edge) for block, edge in zip(blocks, edges, strict=True)]
    for number in range(len(blocks) - 1, -1, -1):
        block = blocks[number]
        is_trailing = not any(answered[number:])
        is_leading = not any(line.strip() for line in lines[: block.start])
        is_only_one = sum(answered) <= 1 and len(blocks) == 1
        if is_trailing or (is_only_one and (block.is_introduced or is_leading)):
            gone.update(range(block.start, block.end))
    return gone


# --- Lines that introduce a quote -----------------------------------------------------------


def _is_above_line(line: str) -> bool:
    """Return whether this is the line that a help desk asks to write above."""
    if len(line) > 200 or sum(line.count(mark) for mark in "-#=_*—") < 2:
        return False
    lower = line.lower()
    return _OUR_LINE.match(line) is not None or any(phrase in lower for phrase in words.ABOVE_THIS_LINE)


def _with_introduction(lines: list[str], number: int) -> int:
    """Return where the introduction of a quote begins that stands directly above the line."""
    above = number - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    if above >= 0:
        found = _introduction_ending(lines, above)
        if found is not None:
            return found[0]
    return number


def _is_original_line(line: str) -> bool:
    match = _HYPHENS.match(line) if len(line) < 200 else None
    if not match or (len(match.group(1)) < 3 and not match.group(3)):
        return False
    if len(match.group(1)) > 2 and len(match.group(3)) > 2 and _last_verb(match.group(2)):
        return True
    return _folded(match.group(2)) in _ORIGINAL


def _is_forward_line(line: str) -> bool:
    if len(line) > 200:
        return False
    match = _HYPHENS.match(line)
    said = _folded(match.group(2) if match else line.strip().rstrip(":："))
    if match:
        return said in _BEGIN_FORWARD or said.startswith(("forwarded by", "weitergeleitet von"))
    return line.rstrip().endswith((":", "：")) and said in _BEGIN_FORWARD


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip(" *_\t\xa0:：-").lower()


def _label(line: str) -> tuple[str, str] | None:
    """Return what a line of a header block is about ("from", "sent", …) and what it says."""
    head, colon, rest = line[:200].replace("：", ":").partition(":")
    if not colon or len(head) > 40:
        return None
    label = _folded(head.strip(" >*_\t\xa0‎‏‪‫‬"))
    kind = _LABELS.get(label)
    return (kind, rest.strip(" *_\t\xa0")) if kind else None


def _starts_header_block(lines: list[str], number: int) -> bool:
    """Return whether here begin the headers of a quoted mail: from, a date, and to or subject, in any order."""
    first = _label(lines[number])
    if first is None:
        return False
    found: dict[str, str] = {}
    unlabelled = 0
    for line in lines[number : number + _MOST_BLOCK]:
        if not line.strip():
            if len(found) >= 3:
                break
            unlabelled += 1
            continue
        labelled = _label(line)
        if labelled is None:
            unlabelled += 1
            if unlabelled > 4:
                break
            continue
        kind, said = labelled
        if kind in found and (other := _EITHER.get(_folded(line.partition(":")[0]))):
            kind = other
        found.setdefault(kind, said or "")
    has_date = "sent" in found and any(character.isdigit() for character in found["sent"])
    is_from = "from" in found and bool(found["from"])
    return is_from and has_date and bool({"to", "subject"} & set(found) or _ADDRESS.search(found["from"]))


def _with_rule(lines: list[str], number: int) -> int:
    """Return the line of a rule that stands directly above, or the line itself."""
    above = number - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    if above >= 0 and number - above <= 3 and (_RULE.match(lines[above]) or _is_original_line(lines[above])):
        return above
    return number


def _introduction(lines: list[str], number: int, ends: dict[int, bool]) -> tuple[int, int, bool] | None:
    """Return where an introduction such as "On …, Ada wrote:" begins, where what it introduces does, and whether it
    is one beyond doubt. It begins at `number`, on one line or wrapped over a few. `ends` remembers which lines may end
    one, as each is looked at from several that come before it.
    """
    for end in range(number, min(number + _MOST_SPAN, len(lines))):
        line = lines[end]
        if not line.strip() or (end > number and _QUOTED.match(line)):
            return None
        if end not in ends:
            ends[end] = _may_end(line)
        if not ends[end]:
            continue
        found = _introduction_ending(lines, end)
        if found is None or found[0] != number:
            continue
        following = end + 1
        while following < len(lines) and not lines[following].strip():
            following += 1
        is_quoted_next = following < len(lines) and _QUOTED.match(lines[following]) is not None
        if found[1] or is_quoted_next:
            return number, following, found[1]
    return None


def _may_end(line: str) -> bool:
    bare = line.rstrip(" *_\t\xa0>]‎‏‬")
    return (
        bare.endswith((":", "："))
        or _WROTE_JOINED.search(bare[-40:]) is not None
        or _OLD_GMAIL.match(line.strip()) is not None
        or bool(_WROTE.search(bare[-15:]))
    )


def _introduction_ending(lines: list[str], end: int) -> tuple[int, bool] | None:
    """Return where the introduction begins that ends with line `end`, and whether it is one beyond doubt."""
    weak: tuple[int, bool] | None = None
    for start in range(end, max(-1, end - _MOST_SPAN), -1):
        if not lines[start].strip() or _QUOTED.match(lines[start]):
            break
        joined = " ".join(line.strip() for line in lines[start : end + 1]).replace("< ", "<")
        if len(joined) > 600:
            break
        strength = _strength(joined)
        if strength == 2:
            return start, True
        if strength == 1 and weak is None:
            weak = (start, False)
    return weak


def _strength(line: str) -> int:
    """Return 2 for what introduces a quote, 1 for what does if quoted lines follow, else 0."""
    bare = line.strip(" *_\t\xa0‎‏‬")
    if _OLD_GMAIL.match(bare):
        return 2
    has_colon = bare.rstrip(">] ").endswith((":", "："))
    has_time = _TIME.search(bare) is not None
    has_address = _ADDRESS.search(bare) is not None
    verb = _WROTE_JOINED.search(bare) or _last_verb(bare)
    starts = _STARTS.match(bare) is not None
    if has_colon and verb and has_time and (starts or has_address):
        return 2 if _is_at_its_place(bare, verb) else 1
    if has_colon and has_time and has_address and (starts or bare[:1] in "\"'<") and _ends_with_address(bare):
        return 2
    if not has_colon:
        return 1 if verb and has_time and starts else 0
    if verb and has_address:
        return 1
    return 1 if has_time or has_address or verb or _QUOTING.match(bare) else 0


def _last_verb(line: str) -> re.Match[str] | None:
    found = None
    for match in _WROTE.finditer(line):
        found = match
    return found


def _is_at_its_place(line: str, verb: re.Match[str]) -> bool:
    """Return whether nothing but a name or an address stands between the verb and the colon."""
    behind = line[verb.end() :].strip(" :：>*_\xa0")
    return not behind or bool(_ADDRESS.search(behind)) or len(behind.split()) <= 6


def _ends_with_address(line: str) -> bool:
    return re.search(r"[<(\[][^<>\s]{1,200}@[^<>\s]{1,200}[>)\]]{1,3}\s*[:：]$", line) is not None


def introduces(text: str) -> bool:
    """Return whether a few lines are nothing but the introduction of a quote, or its headers."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or len(lines) > _MOST_BLOCK + 4:
        return False
    if _is_original_line(lines[0]) or _starts_header_block(lines, 0):
        return True
    if len(lines) > _MOST_SPAN:
        return False
    found = _introduction_ending(lines, len(lines) - 1)
    return found is not None and found[0] == 0
