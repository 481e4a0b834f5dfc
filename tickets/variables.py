"""Variables in texts that administrators write, such as {{ ticket.number }}: canned responses and mails.

A list of names (tickets.vocabulary), each with what it stands for; no logic, no filters. A text is taken apart once and
put together with its values, so a value that looks like a variable stays as it is. Each name says to whom it may be
told: what somebody typed into a form is left out for unconfirmed addresses (`typed`), what is for agents alone is known
to no text that requesters read (`internal`), what belongs to one person is left out for the others (`personal`).
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from functools import lru_cache
from html import escape
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import User
from core.models import SiteSettings
from core.words import one_line, paragraphs
from tickets.models import Ticket

LONGEST_LINE = 250
LONGEST_LINES = 20_000

# Editors like to write a space as an entity.
_SPACE = r"(?:\s|&nbsp;)*"
_NAME = r"[a-z]+(?:[._][a-z]+)*"
_VARIABLE = re.compile(rf"\{{\{{{_SPACE}({_NAME}){_SPACE}\}}\}}")
# What looks as if it was meant as a variable, and braces that have no other half.
_MEANT = re.compile(r"\{\{([^{}]{0,200})\}\}|\{\{|\}\}")
_TAG = re.compile(r"<[a-z/](?:[^\">]|\"[^\"]*\")*+>")
_LINK = re.compile(rf" href=\"\{{\{{{_SPACE}({_NAME}){_SPACE}\}}\}}\"")
_EMPTY_PARAGRAPH = re.compile(r"<(p|h[1-6])(?: [^<>]*)?>(?:\s|&nbsp;|<br ?/?>)*</\1>\n?")
_ALONE = re.compile(rf"<(p|div)>{_SPACE}(\{{\{{{_SPACE}({_NAME}){_SPACE}\}}\}}){_SPACE}</\1>")
# Behind one of these no space is missed.
_NEEDS_NO_SPACE = frozenset(" ,.;:!?)<\n")


class Shape(Enum):
    """How a value is put into HTML."""

    LINE = "line"
    LINES = "lines"
    # An address of ours: the only thing that may stand in a tag, as the whole of its href.
    LINK = "link"
    # HTML that we made, which is no part of a paragraph; text has a way of its own to say it.
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Block:
    """What is more than a line of words, made by us: values in it are escaped already."""

    html: str
    text: str

    def __bool__(self) -> bool:
        return bool(self.html or self.text)


@dataclass(frozen=True, slots=True)
class Worded:
    """A description made of two, in the language of whoever reads it."""

    words: "str | Promise"
    what: "str | Promise | Worded"

    def __str__(self) -> str:
        return str(self.words) % {"what": self.what}


@dataclass(slots=True)
class Facts:
    """What the values are taken from. `ticket` is read along with its relations."""

    ticket: Ticket
    site: SiteSettings
    agent: User | None = None
    tells_typed: bool = False
    tells_personal: bool = False
    tells_written: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    description: "str | Promise | Worded"
    read: Callable[[Facts], "str | Block"]
    shape: Shape = Shape.LINE
    typed: bool = False
    internal: bool = False
    personal: bool = False
    # What stands in the thread: who only administers reads nothing of it.
    written: bool = False


Vocabulary = Mapping[str, Variable]


class Values:
    """The values of one text for one reader, each read when first asked for. `left_out` names what was kept back."""

    def __init__(self, vocabulary: Vocabulary, facts: Facts) -> None:
        self._vocabulary, self._facts = vocabulary, facts
        self._known: dict[str, str | Block] = {}
        self.left_out: set[str] = set()

    def get(self, name: str) -> "str | Block":
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def shape(self, name: str) -> Shape:
        variable = self._vocabulary.get(name)
        return variable.shape if variable else Shape.LINE

    def _read(self, name: str) -> "str | Block":
        variable = self._vocabulary.get(name)
        if variable is None:
            # Texts are checked when they are saved; a name that went since then says nothing.
            return ""
        facts = self._facts
        if (
            (variable.typed and not facts.tells_typed)
            or (variable.personal and not facts.tells_personal)
            or (variable.written and not facts.tells_written)
        ):
            self.left_out.add(name)
            return ""
        value = variable.read(facts)
        if isinstance(value, Block):
            return value
        if variable.shape == Shape.LINK:
            # Of our own making, and worth nothing when it is cut.
            return "".join(value.split())
        return paragraphs(value, LONGEST_LINES) if variable.shape == Shape.LINES else one_line(value, LONGEST_LINE)


# --- Putting together ------------------------------------------------------------------------------


def in_html(text: str, values: Values) -> str:
    """Return the HTML with its variables' values, escaped. A paragraph in which nothing is left goes."""

    def shown(name: str) -> str:
        value = values.get(name)
        if isinstance(value, Block):
            return value.html
        safe = escape(value)
        return safe.replace("\n", "<br>") if values.shape(name) == Shape.LINES else safe

    return _EMPTY_PARAGRAPH.sub("", _filled(text, shown))


def in_text(text: str, values: Values) -> str:
    """Return the plain text with its variables' values, and at most one blank line in a row."""

    def shown(name: str) -> str:
        value = values.get(name)
        return value.text if isinstance(value, Block) else value

    return re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", _filled(text, shown)).strip("\n")


def in_line(text: str, values: Values) -> str:
    """Return one line with its variables' values: for a subject, which nothing can make a second header of."""

    def shown(name: str) -> str:
        value = values.get(name)
        return one_line(value.text if isinstance(value, Block) else value, LONGEST_LINE)

    return one_line(_filled(text, shown), LONGEST_LINE)


def unwrapped(html: str, blocks: Collection[str]) -> str:
    """Return the HTML with the variables that are blocks out of the paragraphs that hold nothing else."""
    return _ALONE.sub(lambda alone: alone[2] if alone[3] in blocks else alone[0], html)


def names_in(text: str) -> tuple[str, ...]:
    """Return the names that the text uses, as often as it does."""
    return _parts(text)[1::2]


def gapped(text: str) -> str:
    """Return the text with an ellipsis for each value, for who looks for it in a list."""
    return _filled(text, lambda name: "…")


@lru_cache(maxsize=1024)
def _parts(text: str) -> tuple[str, ...]:
    """Return words and names by turns, words first and last."""
    return tuple(_VARIABLE.split(text))


def _filled(text: str, shown: Callable[[str], str]) -> str:
    words, *rest = _parts(text)
    written = [words]
    for name, words in zip(rest[::2], rest[1::2], strict=True):
        value = shown(name)
        if not value and written[-1].endswith(" ") and words[:1] in _NEEDS_NO_SPACE:
            written[-1] = written[-1][:-1]
        written += value, words
    return "".join(written)


# --- Checking --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a text, and where: lines and columns count from 1."""

    line: int
    column: int
    sentence: str

    def __str__(self) -> str:
        place = _("Line %(line)s, column %(column)s:") % {"line": self.line, "column": self.column}
        return f"{place} {self.sentence}"


MOST_PROBLEMS = 10


def problems(text: str, vocabulary: Vocabulary, *, known: Vocabulary | None = None) -> list[Problem]:
    """Return what of the text is no variable of the vocabulary, though it was meant as one, in order.

    `known` holds the names that other texts may use, to say that of one of them.
    """
    found = []
    for meant in _MEANT.finditer(text):
        sentence = _wrong(meant, vocabulary, known or vocabulary)
        if sentence:
            found.append(_at(text, meant.start(), sentence))
        if len(found) == MOST_PROBLEMS:
            break
    return found


def problems_of_subject(text: str, vocabulary: Vocabulary, *, known: Vocabulary | None = None) -> list[Problem]:
    """Return what is wrong with a subject: it takes only what is one line."""
    return problems(text, vocabulary, known=known) or [
        _at(text, match.start(), _("“%(name)s” is more than one line can hold.") % {"name": match[1]})
        for match in _VARIABLE.finditer(text)
        if vocabulary[match[1]].shape in {Shape.LINES, Shape.BLOCK}
    ]


def problems_of_html(
    raw: str, cleaned: str, vocabulary: Vocabulary, *, known: Vocabulary | None = None
) -> list[Problem]:
    """Return what is wrong with HTML, as somebody wrote it and as it was cleaned; places are those of `raw`."""
    found = problems(raw, vocabulary, known=known) or problems(cleaned, vocabulary, known=known)
    if found:
        return found
    for tag in _TAG.finditer(cleaned):
        rest = _LINK.sub(lambda link: "" if vocabulary[link[1]].shape == Shape.LINK else link[0], tag[0])
        if "{{" in rest:
            place = max(raw.find("{{", raw.find("<")), 0)
            words = _("Inside a tag only a link can stand, as the whole of its href.")
            found.append(_at(raw, place, words))
            break
    return found


def _wrong(meant: "re.Match[str]", vocabulary: Vocabulary, known: Vocabulary) -> str:
    if meant[1] is None:
        if meant[0] == "{{":
            return _("a variable begins here and does not end. Write it like {{ ticket.number }}.")
        return _("a variable ends here that does not begin. Write it like {{ ticket.number }}.")
    exact = _VARIABLE.fullmatch(meant[0])
    if exact and exact[1] in vocabulary:
        return ""
    name = one_line(re.sub(r"<[^<>]*>|&nbsp;", " ", meant[1]), 60)
    if exact and exact[1] in known:
        return _("“%(name)s” cannot be used in this text: only agents may read it, or it belongs to other texts.") % {
            "name": name
        }
    near = get_close_matches(name.lower().replace(" ", ""), vocabulary, n=1, cutoff=0.6)
    if exact or near:
        told_name = {"name": name, "near": near[0] if near else ""}
        if near:
            return _("there is no variable “%(name)s”. Did you mean “%(near)s”?") % told_name
        return _("there is no variable “%(name)s”.") % told_name
    return _("“%(name)s” is no variable. Write a name alone, like {{ ticket.number }}.") % {"name": name}


def _at(text: str, place: int, sentence: str) -> Problem:
    before = text[:place]
    return Problem(before.count("\n") + 1, place - (before.rfind("\n") + 1) + 1, sentence)


def vocabulary(*groups: Iterable[Variable]) -> Vocabulary:
    """Return the variables of the groups by name."""
    return {variable.name: variable for group in groups for variable in group}
