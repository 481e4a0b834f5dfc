"""manage.py create_administrator: an administrator without a browser."""

import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.timezone import now

from accounts import audit, second_factor, tries
from accounts.models import AuditKind, User
from accounts.people import AddressTaken, normalise, person_who_signs_in
from helpdesk import first_run


class Command(BaseCommand):
    help = (
        "Make an administrator, who is an agent in the default department too. "
        "Somebody who signs in with the address already gets the password, and becomes administrator; "
        "a lock after failed tries is cleared."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", default="", help="by default the part of the address before the @")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")

        parser.add_argument(
            "--reset-second-factor", action="store_true", help="also take passkeys, app and recovery codes away"
        )

    def handle(
        self,
        *args: Any,
        email: str,
        name: str,
        password_stdin: bool,
        reset_second_factor: bool = False,
        **options: Any,
    ) -> None:
        email = normalise(email)
        name = name.strip() or email.partition("@")[0]
        password = sys.stdin.readline().rstrip("\r\n") if password_stdin else self._ask()
        try:
            validate_email(email)
            validate_password(password, User(name=name, email=email))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        known = person_who_signs_in(email)
        if known is not None and (known.is_agent or known.is_administrator):
            self._promote(known, password)
            tries.unlock_account(known)
            self._see_to_second_factor(known, reset=reset_second_factor)
            self.stdout.write(f"{known.display_name} is an administrator and signs in with {email}.")
            return
        try:
            user = first_run.make_administrator(name=name, email=email, password=password)
        except AddressTaken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{user.display_name} is an administrator and signs in with {email}.")

    @transaction.atomic
    def _promote(self, person: User, password: str) -> None:
        """Give somebody who works here already every right and the password. What changed stands in the audit log."""
        at, fields = now(), ("is_administrator", "is_active")
        rights = {name: (False, True) for name in fields if not getattr(person, name)}
        person.is_administrator = person.is_active = True
        person.set_password(password)
        person.save(update_fields=[*fields, "password"])
        if rights:
            audit.record(AuditKind.RIGHTS, by=None, at=at, target=person, changes=rights)
        audit.record(AuditKind.PASSWORD, by=None, at=at, target=person)

    def _see_to_second_factor(self, person: User, *, reset: bool) -> None:
        if reset:
            count = second_factor.reset(person, by=None, at=now())
            self.stdout.write(f"Second factors taken away: {count}.")
        elif second_factor.has_one(person):
            self.stdout.write("The second factor stays. Is it lost? Run this again with --reset-second-factor.")

    def _ask(self) -> str:
        if not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask for a password: pass it with --password-stdin.")
        password = getpass("Password: ")
        if getpass("Password again: ") != password:
            raise CommandError("The two passwords differ.")
        return password
