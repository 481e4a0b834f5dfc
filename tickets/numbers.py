"""Ticket numbers: unique, short, and by default telling nothing (PARITY G13)."""

import secrets

from django.db import transaction
from django.db.models import F

from core.models import Numbering, SiteSettings
from tickets.models import Ticket

# How full the shortest numbers may be before new ones grow by a digit.
TRIES_PER_LENGTH = 3


def reserve() -> str:
    """Return a number no ticket has. Call it before the deed's transaction opens.

    A sequence is counted on in a transaction of its own, so gaps may appear and nobody waits. Random
    numbers grow by a digit when three tries in a row were taken; the unique constraint has the last word.
    """
    site = SiteSettings.load()
    if site.numbering == Numbering.SEQUENCE:
        return _next_in_sequence(site.number_digits)
    for length in range(site.number_digits, 19):
        for _ in range(TRIES_PER_LENGTH):
            number = str(secrets.randbelow(9 * 10 ** (length - 1)) + 10 ** (length - 1))
            if not Ticket.objects.filter(number=number).exists():
                return number
    raise RuntimeError("no free ticket number was found")


def _next_in_sequence(digits: int) -> str:
    while True:
        with transaction.atomic():
            SiteSettings.objects.filter(pk=1).update(next_number=F("next_number") + 1)
            taken = SiteSettings.objects.get(pk=1).next_number - 1
        number = str(taken).zfill(digits)
        if not Ticket.objects.filter(number=number).exists():
            return number
