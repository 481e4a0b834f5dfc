"""manage.py parse_mail: what parsing makes of mails, one JSON line for each file, without storing anything."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.core.management.base import BaseCommand

from mail.parsing import ParsedMail, Remark, parse, remarks
from mail.parsing.printing import as_data


class Command(BaseCommand):
    help = "Print what parsing makes of each mail as one line of JSON, without storing anything."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="a mail as it came (RFC 5322)")

    def handle(self, *, files: list[str], **options: object) -> None:
        for line in described(files):
            self.stdout.write(line)


def described(files: Iterable[str]) -> Iterator[str]:
    """Yield a line of JSON for each file. One that can't be read has all keys and says "unreadable_file"."""
    for name in files:
        yield json.dumps({"file": name, **as_data(_read(name))})


def _read(name: str) -> ParsedMail:
    try:
        raw = Path(name).read_bytes()
    except (OSError, ValueError):
        return ParsedMail(warnings=(Remark(remarks.UNREADABLE_FILE),))
    return parse(raw)
