"""The worker as production starts it: `python -m tests.kill.watched_worker`.

Whenever its relay rests until its next look at the tables, it prints how many clocks are due and not handed out.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from django.utils.timezone import now  # noqa: E402

from helpdesk import relay  # noqa: E402
from helpdesk.celery import app  # noqa: E402
from tickets.models import TicketClock  # noqa: E402

_rest = relay._Pause.until_something_happens


def _told(pause: relay._Pause, within: float = relay.LOOK) -> None:
    if within >= relay.LOOK:
        # Celery takes what is printed for its log.
        os.write(1, b"%d\n" % TicketClock.objects.filter(due_at__lte=now()).count())
    _rest(pause, within)


if __name__ == "__main__":
    relay._Pause.until_something_happens = _told  # type: ignore[method-assign]
    given = "--quiet worker --pool threads --concurrency 4 --without-gossip --without-mingle --loglevel WARNING"
    app.worker_main(given.split())
