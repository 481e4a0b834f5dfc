"""Ticket numbers: unique, short, and by default telling nothing (PARITY G13, H04)."""

import secrets
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from core.models import Numbering, SiteSettings
from tickets.models import HelpTopic, Ticket

# How full the shortest numbers may be before new ones grow by a digit.
TRIES_PER_LENGTH = 3
LONGEST = 20


def reserve(topic: HelpTopic | None = None) -> str:
    """Return a number no ticket has, as `topic` wants them. Call it before the deed's transaction opens.

    A sequence is counted on in a transaction of its own, so gaps may appear and nobody waits. Random
    numbers grow by a digit when three tries in a row were taken; the unique constraint has the last word.
    """
    numbering, digits = SiteSettings.objects.values_list("numbering", "number_digits").get(pk=1)
    prefix = topic.number_prefix if topic else ""
    if topic and topic.numbering == Numbering.SEQUENCE:
        return _next_in_sequence(HelpTopic.objects.filter(pk=topic.pk), prefix, digits)
    if (topic.numbering if topic else "") != Numbering.RANDOM and numbering == Numbering.SEQUENCE:
        return _next_in_sequence(SiteSettings.objects.filter(pk=1), prefix, digits)
    lengths = range(digits, min(19, LONGEST + 1 - len(prefix)))
    # The shortest are crowded in a big help desk, so two lengths are asked for at once.
    for two in (lengths[at : at + 2] for at in range(0, len(lengths), 2)):
        candidates = [prefix + _random(length) for length in two for _ in range(TRIES_PER_LENGTH)]
        taken = set(Ticket.objects.filter(number__in=candidates).values_list("number", flat=True))
        if free := next((one for one in candidates if one not in taken), None):
            return free
    raise RuntimeError("no free ticket number was found")


def _random(length: int) -> str:
    return str(secrets.randbelow(9 * 10 ** (length - 1)) + 10 ** (length - 1))


def _next_in_sequence(counting: "QuerySet[Any]", prefix: str, digits: int) -> str:
    """Count on in the one row that counts."""
    while True:
        with transaction.atomic():
            counting.update(next_number=F("next_number") + 1)
            taken = counting.values_list("next_number", flat=True).get() - 1
        number = prefix + str(taken).zfill(digits)
        if not Ticket.objects.filter(number=number).exists():
            return number
