"""manage.py doctor: whether this help desk is well, for people and for monitoring."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.timezone import now

from helpdesk import doctor
from mail.models import Health

CODES = {Health.GREEN: 0, Health.AMBER: 1, Health.RED: 2}


class Command(BaseCommand):
    """One line per finding: how bad, and a sentence. Exit codes: 0 all is well, 1 look at it, 2 something is broken."""

    help = "Say whether this help desk is well, and what is not. Exit code 0: well, 1: look at it, 2: broken."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.examine(now())
        for one in found:
            self.stdout.write(f"{one.health.value:<6} {one.text}")
        sys.exit(CODES[doctor.worst(found)])
