"""The lines by which an agent says in a mail what is to be done: "#close", "#assign Grace Hopper". Reads text only."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

MOST_COMMANDS = 20
LONGEST_SHOWN = 80
MOST_COMPARED = 500
# "#48231" and "# 48231" name a ticket and command nothing.
_COMMAND = re.compile(r"#\s*(?P<name>[^\W\d_][\w-]*)[ \t]*:?(?P<argument>.*)", re.DOTALL)


class Name(StrEnum):
    NOTE = "note"
    ASSIGN = "assign"
    PRIORITY = "priority"
    DUE = "due"
    SNOOZE = "snooze"
    WAIT = "wait"
    RESOLVE = "resolve"
    CLOSE = "close"


# What is said of somebody or something.
WITH_ARGUMENT = frozenset({Name.ASSIGN, Name.PRIORITY, Name.DUE, Name.SNOOZE})


@dataclass(frozen=True, slots=True)
class Line:
    """One line that begins like a command. `name` is None for one that nobody knows, or that says too much."""

    name: Name | None
    argument: str
    shown: str


def split(text: str) -> tuple[list[Line], str]:
    """Return the commands at the top of a text, and the words below them; without commands the text as it is.

    Whatever begins with # and a letter is meant as one: a mistyped command must not be taken for words.
    """
    lines = text.split("\n")
    found: list[Line] = []
    for number, line in enumerate(lines):
        plain = _plain(line)
        if not plain:
            continue
        command = _COMMAND.fullmatch(plain)
        if command is None or len(found) == MOST_COMMANDS:
            found += _misplaced(lines[number:])
            return (found, "\n".join(lines[number:]).strip("\n")) if found else ([], text)
        found.append(_line(plain, command))
    return found, ""


def _misplaced(lines: list[str]) -> list[Line]:
    """Return a line below the first words that is nothing but a command: somebody wrote a greeting above it."""
    for line in lines:
        if "#" in (plain := _plain(line)) and (command := _COMMAND.fullmatch(plain)) and _line(plain, command).name:
            return [Line(None, "", _shown(plain))]
    return []


def _line(plain: str, command: "re.Match[str]") -> Line:
    argument = " ".join(command["argument"].split())
    try:
        name = Name(command["name"].casefold())
    except ValueError:
        return Line(None, argument, _shown(plain))
    # "#note He lies": the words belong below. Taken for a command without them they would be lost.
    fits = bool(argument) == (name in WITH_ARGUMENT)
    return Line(name if fits else None, argument, _shown(plain))


def _shown(plain: str) -> str:
    return plain if len(plain) <= LONGEST_SHOWN else f"{plain[: LONGEST_SHOWN - 1]}…"


def _plain(line: str) -> str:
    """Return the line as it is compared: a broad # is one, and what cannot be seen is nothing."""
    normal = unicodedata.normalize("NFKC", line).strip()[:MOST_COMPARED]
    return "".join(c for c in normal if c == "\t" or unicodedata.category(c) not in {"Cc", "Cf"}).strip()
