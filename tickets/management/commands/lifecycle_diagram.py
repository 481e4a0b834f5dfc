"""Print docs/lifecycle.md, or write it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from tickets import lifecycle


class Command(BaseCommand):
    help = "Print the page about the life of a ticket, as the code has it; with --write into docs/lifecycle.md."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="write docs/lifecycle.md instead of printing")

    def handle(self, *args: Any, write: bool, **options: Any) -> None:
        if write:
            (settings.BASE_DIR / "docs" / "lifecycle.md").write_text(lifecycle.page())
        else:
            self.stdout.write(lifecycle.page(), ending="")
