"""Reckon open clocks anew after a change of what they are reckoned by, a batch at a time. Called by workers."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from accounts import audit
from accounts.models import AuditKind
from accounts.principal import Principal
from core import wakeups
from core.models.work import holding
from sla.models import BusinessHours, Reckoning, Scope, SLAPlan
from tickets import events, reckoning
from tickets.models import Cause, Department, Kind, Ticket

logger = logging.getLogger(__name__)

# So many tickets are locked and reckoned at once, found among so many keys: a step is short, however few there are.
BATCH = 100
SPAN = 20_000
# A worker does so many steps before others get their turn.
STEPS = 20

_THINGS = {Scope.PLAN: SLAPlan, Scope.HOURS: BusinessHours, Scope.DEPARTMENT: Department}


@transaction.atomic
def reckon_step(row: Reckoning, *, claim: UUID, at: datetime) -> bool:
    """Reckon the next tickets; say whether they were the last. Without the claim nothing is done, and it says so.

    What a clock was reckoned by before does not matter, so that a step done twice, or one that a second change began
    anew, changes nothing that is right already.
    """
    held = holding(Reckoning.objects.select_for_update(of=("self",)), row.pk, claim).first()
    if held is None:
        return True
    scope = Scope(held.scope)
    tickets = Ticket.objects.working().filter(reckoning.concerned_by(scope, held.number))
    until = held.after + SPAN
    keys = list(tickets.filter(pk__gt=held.after, pk__lte=until).order_by("pk").values_list("pk", flat=True)[:BATCH])
    held.after = keys[-1] if len(keys) == BATCH else until
    held.looked_at += len(keys)
    moved = _reckon_or_each(keys, held, at)
    held.moved += moved
    is_last = not Ticket.objects.filter(pk__gt=held.after).exists()
    if is_last:
        held.finished_at, held.due_at, held.claim = at, None, None
        _tell(held, at)
    held.save()
    return is_last


def reckon_for_a_while(row: Reckoning, *, claim: UUID, clock: Callable[[], datetime]) -> bool:
    """Do some steps, each at the time it is then; say whether that was all. The rest is due again at once."""
    for _step in range(STEPS):
        if reckon_step(row, claim=claim, at=clock()):
            return True
    if holding(Reckoning.objects.all(), row.pk, claim).update(due_at=clock(), claim=None):
        wakeups.wake()
    return False


def _reckon_or_each(keys: Sequence[int], held: Reckoning, at: datetime) -> int:
    """Reckon these tickets; where that fails each by itself, so that one does not stop the others."""
    try:
        with transaction.atomic():
            return _reckon(keys, held, at)
    except Exception:
        if connection.needs_rollback or not connection.is_usable():
            raise
        logger.exception("reckoning a batch of tickets anew failed; each is tried by itself")
    moved = 0
    for key in keys:
        try:
            with transaction.atomic():
                moved += _reckon([key], held, at)
        except Exception:
            if connection.needs_rollback or not connection.is_usable():
                raise
            logger.exception("the clocks of ticket %s cannot be reckoned anew", key)
            held.failed += 1
    return moved


def _reckon(keys: Sequence[int], held: Reckoning, at: datetime) -> int:
    # In order, as everybody locks several; then read, for what others wrote while this waited (locking.lock).
    list(Ticket.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))
    tickets = list(Ticket.objects.select_related("department", "sla_plan").filter(pk__in=keys).order_by("pk"))
    moved = reckoning.retarget_all(tickets, at=at, cause=Kind.RECKONED)
    by = Principal.system(f"{Cause.RECKONING}:{held.pk}")
    events.record_reckoned(moved, by=by, at=at, scope=held.scope, number=held.number)
    return len(moved)


def _tell(held: Reckoning, at: datetime) -> None:
    """Note in the audit log how many tickets the change moved, beside the change itself."""
    model = _THINGS.get(Scope(held.scope))
    thing = model._default_manager.filter(pk=held.number).first() if model else None
    changes = {"looked_at": (None, held.looked_at), "moved": (None, held.moved), "failed": (None, held.failed)}
    audit.record(AuditKind.RECKONED, by=held.asked_by, at=at, target=thing, changes=changes)
