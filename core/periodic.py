"""Periodic jobs: what comes back by itself. The rows are PeriodicJob; helpdesk hands over the table at start."""

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core.models import PeriodicJob
from core.models.work import holding

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """`run` is called with the time, every `every`. It must bear being run twice."""

    run: Callable[[datetime], object]
    every: timedelta


_jobs: dict[str, Job] = {}


def schedule(table: Mapping[str, Job]) -> None:
    """Replace the table of jobs. Called once, when the apps are ready."""
    _jobs.clear()
    _jobs.update(table)


def ensure_rows(at: datetime) -> None:
    """Make the rows of new jobs, due at once; drop those of jobs that are gone."""
    PeriodicJob.objects.exclude(name__in=_jobs).delete()
    PeriodicJob.objects.bulk_create([PeriodicJob(name=name, due_at=at) for name in _jobs], ignore_conflicts=True)


def intervals() -> dict[str, timedelta]:
    """Return how often each job comes."""
    return {name: job.every for name, job in _jobs.items()}


def run(job: PeriodicJob, *, claim: UUID, at: datetime) -> None:
    """Run the job and say when it comes back. A failure is kept on its row, and the next turn tries again."""
    known = _jobs.get(job.name)
    if known is None:
        holding(PeriodicJob.objects.all(), job.pk, claim).delete()
        return
    try:
        known.run(at)
    except Exception as error:
        logger.exception("periodic job %s failed", job.name)
        failure = "".join(traceback.format_exception(error))[-5_000:]
    else:
        failure = ""
    holding(PeriodicJob.objects.all(), job.pk, claim).update(
        due_at=at + known.every, claim=None, last_run_at=at, last_error=failure
    )
