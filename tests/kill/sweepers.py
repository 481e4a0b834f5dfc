"""Four workers and 300 clocks, as a program: `python -m tests.kill.sweepers stage | race SEED`.

`stage` opens 150 tickets whose promise is broken and 150 that are near it, all due in the same minute. `race` forks the
workers, kills one of them when so much is done as the seed says, waits for the others, and prints which it was.
"""

import json
import os
import random
import signal
import sys
import time
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from django.db import transaction  # noqa: E402
from django.utils.timezone import now  # noqa: E402

from accounts.models import User  # noqa: E402
from helpdesk import relay, subscriptions  # noqa: E402
from tests import cast  # noqa: E402
from tests.cast import HOUR, MINUTE  # noqa: E402
from tests.kill import pack  # noqa: E402
from tickets.models import Department, Escalation, EscalationStep, Kind, TicketClock, TicketEvent  # noqa: E402

WORKERS, OF_EACH = 4, 150
KINDS = [kind for kind in relay.KINDS if kind.model in (TicketClock, Escalation)]


def stage() -> None:
    department = Department.objects.get(name="Support")
    grace = cast.make_agent("Grace", department)
    warned = cast.make_plan("Warned", first_response=4 * HOUR / 3)
    breached = cast.make_plan("Breached", first_response=HOUR)
    # One that is done at once, one that waits for another day, one of another promise.
    steps = (("raise", timedelta(0), ""), ("note", 24 * HOUR, ""), ("raise", timedelta(0), "resolution"))
    for does, after, target in steps:
        EscalationStep.objects.create(plan=breached, does=does, after=after, target=target, text="Look at it.")
    ada = cast.make_person("ada@example.org", "Ada")
    since = now() - HOUR
    with transaction.atomic():
        for plan in (warned, breached):
            topic = cast.make_topic(plan.name, department=department, sla_plan=plan)
            for number in range(OF_EACH):
                cast.make_ticket(ada, topic, at=since - number * MINUTE / OF_EACH)
    TicketClock.objects.filter(plan=breached).update(due_at=since + HOUR)
    assert grace.is_agent


def race(seed: int) -> None:
    dice = random.Random(seed)
    enough = dice.randrange(20, OF_EACH)
    before = _done()
    workers = [pack.fork(KINDS, most=8) for _each in range(WORKERS)]
    while _done() - before < enough:
        time.sleep(0.005)
    victim = dice.randrange(WORKERS)
    os.kill(workers[victim], signal.SIGKILL)
    out = {kind.model.__name__: kind.model._default_manager.filter(claim__isnull=False).count() for kind in KINDS}
    codes = [pack.wait_for(pid) for pid in workers]
    print(json.dumps({"victim": victim, "codes": codes, "done": enough, "in hand": out}))


def _done() -> int:
    return TicketEvent.objects.exclude(kind=Kind.OPENED).count()


if __name__ == "__main__":
    subscriptions.install()
    if sys.argv[1] == "stage":
        stage()
    else:
        race(int(sys.argv[2]))
    assert User.objects.filter(name="Grace").exists()
