"""Filling a help desk: one block of tickets by the actions, all others like it by SQL."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.apps import apps
from django.db import connection, transaction

from bench import indexes, world
from bench.multiply import Multiplier, Plan
from bench.seeds import CannotMultiply, Reader, multiplied_models
from bench.stories import LASTS, SPAN, Teller, start_of
from core.models import Blob
from tickets.models import Ticket

# Twenty kinds of stories, each by all its ways.
BLOCK = 200
# What actions write besides the rows of tickets, and needs no more of with more tickets.
NOT_MULTIPLIED = {Blob._meta.label}


def plan_for(tickets: int, *, block: int = BLOCK, seed: int = 1) -> Plan:
    """Return how so many tickets are spread over SPAN."""
    blocks = -(-tickets // block)
    return Plan(tickets, block, timedelta(seconds=max(1, int(SPAN.total_seconds()) // max(blocks, 1))), seed)


def fill(plan: Plan, *, until: datetime, people: int = world.PEOPLE, say: Callable[[str], None] = print) -> None:
    """Fill an empty, migrated help desk; every story is over at `until`.

    Raises CannotMultiply, before anything but the block's own tickets is written, for rows that it has no rule for.
    """
    if Ticket.objects.exists():
        raise CannotMultiply("There are tickets already; a load needs an empty help desk.")
    built = world.build(until - LASTS - SPAN, people=people)
    say(f"people: {people:,}, agents: {world.AGENTS}, departments: {len(built.departments)}")
    before = _sizes()
    teller = Teller(built, start=start_of(until), step=plan.step, block=plan.block, seed=plan.seed)
    told = [teller.tell(number).pk for number in range(plan.block)]
    _require_nothing_else(before)
    say(f"a block of {plan.block} tickets by the actions")
    tables = Reader({pk: place for place, pk in enumerate(told)}, built.people).read()
    names = [connection.ops.quote_name(table.model._meta.db_table) for table in tables]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '256MB'")
            cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
            cursor.execute(f"TRUNCATE {', '.join(names)}")
        taken_off = indexes.take_off(names)
        Multiplier(plan, tables, built.people).run(say)
        taken_off.put_back(say)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _sizes() -> dict[str, int]:
    ours = set(multiplied_models())
    others = [model for model in apps.get_models(include_auto_created=True) if model not in ours]
    return {one._meta.label: one._base_manager.count() for one in others if not one._meta.proxy and one._meta.managed}


def _require_nothing_else(before: dict[str, int]) -> None:
    """Raise CannotMultiply if the actions wrote rows that no key leads from to a ticket."""
    grown = [label for label, size in _sizes().items() if size != before[label] and label not in NOT_MULTIPLIED]
    if grown:
        raise CannotMultiply(
            f"Opening and closing tickets wrote into {', '.join(grown)}, which hangs on no ticket by a key. "
            "Say in bench/load.py how a load gets such rows."
        )
