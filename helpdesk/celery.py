"""The Celery application; its messages are wake-ups, the database holds the work."""

import os
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

app = Celery("helpdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Workers take from both in turns: a mail server that does not answer must not hold up clocks.
app.conf.task_queues = [Queue("celery"), Queue("mail")]
app.conf.task_routes = {"mail.tasks.*": {"queue": "mail"}}
app.autodiscover_tasks()

STOPPING = 5.0

# The relay and the watcher of mailboxes: threads of this worker.
_threads: list[Any] = []


@worker_ready.connect
def _start_threads(**kwargs: Any) -> None:
    # Loaded now and not at the top: models exist only once the apps are ready.
    _threads.append(import_module("helpdesk.relay").Relay())
    _threads.append(import_module("mail.fetching.watching").Watcher())
    for thread in _threads:
        thread.start()


@worker_shutting_down.connect
def _stop_threads(**kwargs: Any) -> None:
    """Hand nothing out any more; what is in hand is finished."""
    for thread in _threads:
        thread.stop()


@worker_shutdown.connect
def _end_threads(**kwargs: Any) -> None:
    while _threads:
        _threads.pop().stop(wait=STOPPING)
