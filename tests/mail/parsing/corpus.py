"""Mails that others published as test data, and how far parsing agrees with what their own tests state.

    .venv/bin/python -m tests.mail.parsing.corpus            print every disagreement
    .venv/bin/python -m tests.mail.parsing.corpus --write    write the table into docs/mail-in.md

The folder is MAIL_CORPUS, by default ../shared/mail-corpus; its INDEX.tsv tells what is expected.
"""

import argparse
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mail.parsing import ParsedMail, parse

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("MAIL_CORPUS", ROOT.parent / "shared" / "mail-corpus"))
PAGE = ROOT / "docs" / "mail-in.md"
BEGIN, END = "<!-- corpus: begin -->", "<!-- corpus: end -->"


@dataclass(frozen=True)
class Sample:
    """One file of the corpus. `expected` is what the software it comes from expects of itself."""

    name: str
    kind: str
    categories: tuple[str, ...]
    expected: dict[str, Any]

    @property
    def raw(self) -> bytes:
        return (FOLDER / self.name).read_bytes()


@dataclass(frozen=True)
class Verdict:
    sample: Sample
    asked: str
    agrees: bool
    found: str = ""


def samples() -> list[Sample]:
    lines = (FOLDER / "INDEX.tsv").read_text(encoding="utf-8").split("\n")[1:]
    rows = [line.split("\t") for line in lines if line]
    return [
        Sample(name, kind, tuple(categories.split("; ")), json.loads(expected))
        for name, kind, _, categories, expected in rows
    ]


def judged() -> Iterator[Verdict]:
    for sample in samples():
        yield from judge(sample)


def judge(sample: Sample) -> Iterator[Verdict]:
    """Yield a verdict for each thing expected of the file that we claim to do at all."""
    mail = read(sample)
    for asked, value in sample.expected.items():
        question = QUESTIONS.get(asked)
        if question is not None:
            agrees, found = question(mail, value)
            yield Verdict(sample, asked, agrees, found)


def read(sample: Sample) -> ParsedMail:
    """Return the file as a mail; a bare body as what it would be within one."""
    if sample.kind == "mail":
        return parse(sample.raw)
    subtype = b"html" if sample.kind == "html" else b"plain"
    return parse(b"Subject: Re: x\nContent-Type: text/" + subtype + b"; charset=utf-8\n\n" + sample.raw)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _reply(mail: ParsedMail, wanted: Any) -> tuple[bool, str]:
    alternatives = wanted if isinstance(wanted, list) else [wanted]
    return any(squeezed(mail.reply_text) == squeezed(one) for one in alternatives), mail.reply_text


def _contains(mail: ParsedMail, wanted: list[str]) -> tuple[bool, str]:
    return all(squeezed(one) in squeezed(mail.reply_text) for one in wanted), mail.reply_text


def _excludes(mail: ParsedMail, wanted: list[str]) -> tuple[bool, str]:
    return not any(squeezed(one) in squeezed(mail.reply_text) for one in wanted), mail.reply_text


def _starts(mail: ParsedMail, wanted: str) -> tuple[bool, str]:
    return squeezed(mail.reply_text).startswith(squeezed(wanted)), mail.reply_text


def _whole(mail: ParsedMail, wanted: bool) -> tuple[bool, str]:
    return (squeezed(mail.reply_text) == squeezed(mail.text)) is wanted, mail.reply_text


def _status(mail: ParsedMail, wanted: list[str]) -> tuple[bool, str]:
    """Numbers such as 5.0.910 are made up by that source for its own reasons: of these the class has to agree."""
    found = (mail.bounce.status if mail.bounce else None) or ""
    made_up = [one[:2] for one in wanted if one[2:5] == "0.9"]
    return found in wanted or "" in wanted or found[:2] in made_up, found


def _is_bounce(mail: ParsedMail, wanted: bool) -> tuple[bool, str]:
    return (mail.bounce is not None) is wanted, str(mail.bounce)


def _is_auto_reply(mail: ParsedMail, wanted: bool) -> tuple[bool, str]:
    return mail.auto_reply is wanted, str(mail.auto_reply)


def _names(mail: ParsedMail, wanted: list[dict[str, str]]) -> tuple[bool, str]:
    found = [one.name for one in mail.attachments]
    return all(one["filename"] in found for one in wanted), str(found)


def _text(mail: ParsedMail, wanted: str) -> tuple[bool, str]:
    return squeezed(mail.text) == squeezed(wanted), mail.text


def _address(mail: ParsedMail, wanted: str) -> tuple[bool, str]:
    found = mail.from_.address if mail.from_ else ""
    return found == wanted, found


def _name(mail: ParsedMail, wanted: str) -> tuple[bool, str]:
    found = mail.from_.name if mail.from_ else ""
    return found == wanted, found


def _no_sender(mail: ParsedMail, wanted: bool) -> tuple[bool, str]:
    return (mail.from_ is None or "@" not in mail.from_.address) is wanted, str(mail.from_)


QUESTIONS = {
    "reply": _reply,
    "reply_also": lambda mail, wanted: (True, ""),
    "reply_contains": _contains,
    "reply_excludes": _excludes,
    "reply_starts": _starts,
    "whole_text_is_reply": _whole,
    "status": _status,
    "is_bounce": _is_bounce,
    "is_auto_reply": _is_auto_reply,
    "attachments": _names,
    "body_text": _text,
    "from_email": _address,
    "from_name": _name,
    "no_sender": _no_sender,
}


def agreement() -> dict[str, tuple[int, int]]:
    """Return for each category how many of its verdicts agree, and how many there are."""
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for verdict in judged():
        for category in {_group(one) for one in verdict.sample.categories}:
            counted[category][0] += verdict.agrees
            counted[category][1] += 1
    return {category: (agreed, all_) for category, (agreed, all_) in sorted(counted.items())}


def _group(category: str) -> str:
    """Return the category without what program wrote the quote, and the languages as one."""
    return "not English" if category.startswith("lang:") else category.partition(" (")[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name}")
    if parser.parse_args().write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{_table()}{END}{rest.partition(END)[2]}", encoding="utf-8")
        return
    for verdict in judged():
        if not verdict.agrees:
            print(f"{verdict.sample.name}: {verdict.asked}\n  wanted {verdict.sample.expected[verdict.asked]!r}")
            print(f"  found  {verdict.found!r}\n")
    print(_table())


def _table() -> str:
    rows = [
        f"| {category} | {all_} | {agreed} | {agreed * 100 // all_} % |\n"
        for category, (agreed, all_) in agreement().items()
    ]
    return "| category | asked | agreed | |\n|---|--:|--:|--:|\n" + "".join(rows)


if __name__ == "__main__":
    main()
