"""Checks of the settings that Django runs at start and in `manage.py check`."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

PER_PROCESS = ("locmem.LocMemCache", "dummy.DummyCache")


def caches_are_shared(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """Refuse caches that each process keeps for itself: throttles would count per process, or not at all."""
    return [
        Error(
            f"The cache “{name}” lives in one process, so throttles would not count.",
            hint="Set REDIS_URL, or leave CACHES as settings.py has it: the database keeps the cache then.",
            id="core.E001",
        )
        for name, cache in settings.CACHES.items()
        if str(cache["BACKEND"]).endswith(PER_PROCESS)
    ]
