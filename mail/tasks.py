"""Doors for the worker."""

from uuid import UUID

from celery import shared_task

from mail import intake, outbound
from mail.fetching import fetcher


@shared_task
def send(pks: list[int], claim: str) -> None:
    outbound.send_all(pks, UUID(claim))


@shared_task
def take_in(pk: int, claim: str) -> None:
    intake.take_in(pk, UUID(claim))


@shared_task
def fetch(pk: int, claim: str) -> None:
    fetcher.fetch(pk, UUID(claim))
