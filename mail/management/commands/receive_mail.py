"""manage.py receive_mail: one mail on stdin, as a mail server's pipe hands it over (PARITY I06)."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseFailed
from django.utils.timezone import now

from core.secrets import SecretUnreadable
from mail import intake
from mail.models import INTO_TICKETS, Door, IncomingMail, IncomingState, Mailbox, Reason

# What mail servers make of these: sysexits.h.
NO_INPUT_DATA = 65
NO_SUCH_MAILBOX = 66
TRY_AGAIN = 75

CHUNK = 1 << 20

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Stores the mail, takes it in, and prints what became of it as one line of JSON.

    {"state", "reason", "ticket", "entry", "message_id"}: `ticket` is the number of the ticket as text and `entry` the
    number within it, both null where the mail became no entry. Exit codes: 0 stored, in whatever state; 65 nothing
    came; 66 no mailbox of that name; 75 not stored, to be tried again.
    """

    help = "Read one mail (RFC 5322) on standard input, take it in, and print what became of it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--mailbox", metavar="NAME", default="", help="the mailbox that the mail was sent to")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mail = receive(sys.stdin.buffer, mailbox_name=options["mailbox"])
        except Refused as refusal:
            self.stderr.write(str(refusal))
            sys.exit(refusal.code)
        except (OSError, DatabaseFailed, SecretUnreadable) as error:
            self.stderr.write(f"The mail could not be stored: {' '.join(str(error).split())}")
            sys.exit(TRY_AGAIN)
        self.stdout.write(json.dumps(told(mail)))


class Refused(Exception):
    """The mail is not taken; `code` is the exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def receive(stream: IO[bytes], *, mailbox_name: str = "") -> IncomingMail:
    """Store and take in the mail that the stream holds. Raises Refused, and what intake.store raises.

    Once it is stored nothing is raised any more: what cannot be taken in now waits for the workers.
    """
    mailbox = None
    if mailbox_name:
        # Bytes that are no UTF-8 come as what no database can be asked for.
        is_name = mailbox_name.isprintable()
        mailbox = Mailbox.objects.filter(name=mailbox_name).first() if is_name else None
        if mailbox is None:
            shown = mailbox_name if is_name else ascii(mailbox_name)
            raise Refused(f"There is no mailbox “{shown}”.", NO_SUCH_MAILBOX)
    first = stream.read(CHUNK)
    if not first.strip():
        first += stream.read(CHUNK)
    if not first.strip():
        raise Refused("No mail came on standard input.", NO_INPUT_DATA)
    held = intake.store_held(_chunks(first, stream), door=Door.PIPE, at=now(), mailbox=mailbox)
    try:
        return intake.take_in_held(held)
    except Exception:
        # Whatever it was: a mail server that hears of it sends the mail once more, or back to its sender.
        logger.exception("mail %s is stored, and waits for the workers", held.mail.pk)
        return held.as_stored()


def told(mail: IncomingMail) -> dict[str, str | int | None]:
    """Return what the line says. A mail that is stored and not yet taken in counts as quarantined until it is."""
    is_waiting = mail.state == IncomingState.STORED
    has_entry = mail.entry is not None and mail.state in (*INTO_TICKETS, IncomingState.DUPLICATE)
    return {
        "state": str(IncomingState.QUARANTINED if is_waiting else mail.state),
        "reason": "waiting" if is_waiting else str(Reason(mail.reason)),
        "ticket": mail.ticket.number if has_entry and mail.ticket else None,
        "entry": mail.entry.number if has_entry and mail.entry else None,
        "message_id": mail.message_id or None,
    }


def _chunks(first: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    yield first
    while chunk := stream.read(CHUNK):
        yield chunk
