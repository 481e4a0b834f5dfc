"""Ticket numbers: unique, short, and by default telling nothing (PARITY G13, H04)."""

import secrets
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from core.models import Numbering, SiteSettings
from core.prepared import Prepared
from tickets.models import HelpTopic, Ticket

# How full the shortest numbers may be before new ones grow by a digit.
TRIES_PER_LENGTH = 3
LONGEST = 20

_TAKEN = Prepared(lambda numbers: Ticket.objects.filter(number__in=numbers).values_list("number", flat=True))


def draw(topic: HelpTopic | None = None) -> str:
    """Return a number that hardly any ticket can have, as `topic` wants them; where one has it, `reserve` another.

    Nothing is asked about a random one: the row that cannot be written tells that it is taken.
    """
    site = SiteSettings.load()
    if _is_random(topic, site):
        return (topic.number_prefix if topic else "") + _random(site.number_digits)
    return reserve(topic)


def reserve(topic: HelpTopic | None = None) -> str:
    """Return a number no ticket has, as `topic` wants them. Call it before the deed's transaction opens.

    A sequence is counted on in a transaction of its own, so gaps may appear and nobody waits. Random
    numbers grow by a digit when three tries in a row were taken; the unique constraint has the last word.
    """
    site = SiteSettings.load()
    prefix, digits = topic.number_prefix if topic else "", site.number_digits
    if not _is_random(topic, site):
        counting: QuerySet[Any] = SiteSettings.objects.filter(pk=1)
        if topic is not None and topic.numbering == Numbering.SEQUENCE:
            counting = HelpTopic.objects.filter(pk=topic.pk)
        return _next_in_sequence(counting, prefix, digits)
    lengths = range(digits, min(19, LONGEST + 1 - len(prefix)))
    # The shortest are crowded in a big help desk, so two lengths are asked for at once.
    for two in (lengths[at : at + 2] for at in range(0, len(lengths), 2)):
        candidates = [prefix + _random(length) for length in two for _ in range(TRIES_PER_LENGTH)]
        taken = set(_TAKEN.all(numbers=candidates))
        if free := next((one for one in candidates if one not in taken), None):
            return free
    raise RuntimeError("no free ticket number was found")


def _is_random(topic: HelpTopic | None, site: SiteSettings) -> bool:
    return ((topic.numbering if topic else "") or site.numbering) == Numbering.RANDOM


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
