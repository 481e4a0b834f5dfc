"""Doors for the worker."""

from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from core import periodic
from core.models import PeriodicJob


@shared_task
def run_periodic(pk: int, claim: str) -> None:
    job = PeriodicJob.objects.filter(pk=pk, claim=claim).first()
    if job is not None:
        periodic.run(job, claim=UUID(claim), at=now())
