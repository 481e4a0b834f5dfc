"""manage.py demo: load the demo help desk, and say how to sign in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.models import SiteSettings
from helpdesk.demo import loading


class Command(BaseCommand):
    help = "Load the demo help desk into a database that nobody has used yet. Sends nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-new", action="store_true", help="do nothing where there are people or tickets already"
        )

    def handle(self, *args: Any, if_new: bool, **options: Any) -> None:
        try:
            if loading.is_new():
                self.stdout.write("Loading the demo.")
            count = loading.load(timezone.now())
            self.stdout.write(f"The demo has {count} tickets. No mail was sent.")
        except loading.InUse as error:
            if not if_new and not SiteSettings.load().is_demo:
                raise CommandError(
                    "This help desk is in use; the demo would stand among real tickets. Choose another folder."
                ) from error
        self._tell_sign_ins()

    def _tell_sign_ins(self) -> None:
        if not (sign_ins := loading.sign_ins()):
            return
        self.stdout.write("Demo sign-ins, from this machine only:")
        for sign_in in sign_ins:
            self.stdout.write("  {email:22} {password:18} {name}, {role}".format(**sign_in))
