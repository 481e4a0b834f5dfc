"""Doors for the worker: what time does to tickets, and handlers tried again."""

import logging
from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from sla.models import Reckoning
from tickets import actions, events
from tickets.models import Erasure, Escalation, FailedHandler, HeldReply, TicketTimer

logger = logging.getLogger(__name__)


@shared_task
def run_clocks(pks: list[int], claim: str) -> None:
    actions.sweep_clocks(pks, claim=UUID(claim), at=now())


@shared_task
def run_escalation(pk: int, claim: str) -> None:
    found = Escalation.objects.select_related("clock__ticket").filter(pk=pk, claim=claim).first()
    if found is None:
        return
    try:
        actions.escalate(escalation=found, claim=UUID(claim), at=now())
    except Exception as error:
        if events.is_lost():
            raise
        logger.exception("an escalation of clock %s failed", found.clock_id)
        actions.put_off(found, claim=UUID(claim), error=error, at=now())


@shared_task
def run_timer(pk: int, claim: str) -> None:
    timer = TicketTimer.objects.select_related("ticket").filter(pk=pk, claim=claim).first()
    if timer is not None:
        actions.let_time_act(timer=timer, claim=UUID(claim), at=now())


@shared_task
def send_held_reply(pk: int, claim: str) -> None:
    held = HeldReply.objects.select_related("ticket").filter(pk=pk, claim=claim).first()
    if held is None:
        return
    try:
        actions.send_when_due(held=held, claim=UUID(claim), at=now())
    except Exception:
        if events.is_lost():
            raise
        logger.exception("the held reply %s could not be sent", pk)
        actions.try_again_later(held=held, claim=UUID(claim), at=now())


@shared_task
def retry_handler(pk: int, claim: str) -> None:
    failed = FailedHandler.objects.select_related("event__ticket", "event__by").filter(pk=pk, claim=claim).first()
    if failed is not None:
        events.retry(failed, claim=UUID(claim), at=now())


@shared_task
def go_on_erasing(pk: int, claim: str) -> None:
    erasure = Erasure.objects.filter(pk=pk, claim=claim).first()
    if erasure is not None:
        actions.go_on_for_a_while(erasure, at=now())


@shared_task
def go_on_reckoning(pk: int, claim: str) -> None:
    row = Reckoning.objects.filter(pk=pk, claim=claim).first()
    if row is not None:
        actions.reckon_for_a_while(row, claim=UUID(claim), clock=now)
