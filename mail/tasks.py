"""Doors for the worker."""

from uuid import UUID

from celery import shared_task

from mail import outbound


@shared_task
def send(pk: int, claim: str) -> None:
    outbound.send(pk, UUID(claim))
