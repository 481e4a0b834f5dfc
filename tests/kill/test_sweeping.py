"""Four workers on 300 clocks due in the same minute, one of them killed: every effect happens exactly once.

The workers are processes, each claiming by itself, as if four relays were active at once. One seed, ten with --long;
KILL_SEED=n repeats a run.
"""

import json
import os
import random
import subprocess
import sys

import pytest
from django.conf import settings

from tests.kill.sweepers import OF_EACH, WORKERS
from tests.kill.theatre import ROOT, HelpDesk, Stage

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="forks"),
    pytest.mark.timeout(120),
]

ONCE_EACH = "SELECT count(*), count(DISTINCT ticket_id) FROM tickets_ticketevent WHERE kind = '{}'"


@pytest.fixture(scope="module")
def stage(tmp_path_factory, prepared):
    on_server = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    server = os.environ["DATABASE_URL"] if on_server else ""
    stage = Stage(tmp_path_factory.mktemp("sweep"), server, "tests.kill.sweepers", "sweep")
    stage.prepare(prepared)
    yield stage
    stage.drop()


@pytest.mark.parametrize("run", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 10))])
def test_every_warning_breach_and_step_happens_once(stage, run, capsys):
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(1_000_000))
    with stage.copy(f"run{run}") as environ:
        desk = HelpDesk(environ | {"HELPDESK_CLAIM_SECONDS": "3"})
        raced = subprocess.run(
            [sys.executable, "-m", "tests.kill.sweepers", "race", str(seed)],
            env=desk.environ,
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        told = json.loads(raced.stdout)
        with capsys.disabled():
            print(f"\nseed {seed}: {told}")
        counted = {
            kind: tuple(desk.ask(ONCE_EACH.format(kind))[0])
            for kind in ("clock_warned", "clock_breached", "escalated", "priority_changed", "note_added")
        }
        waiting = desk.ask("SELECT count(*), count(DISTINCT clock_id) FROM tickets_escalation")[0]
        unhandled = desk.ask("SELECT count(*) FROM tickets_setaside")[0][0]
        claimed = desk.ask("SELECT count(*) FROM tickets_ticketclock WHERE claim IS NOT NULL")[0][0]
        breached = desk.ask("SELECT count(*) FROM tickets_ticketclock WHERE breached_at = deadline_at")[0][0]

    once = (OF_EACH, OF_EACH)
    assert sorted(told["codes"]) == [-9, *[0] * (WORKERS - 1)]
    assert counted == {
        "clock_warned": once,
        "clock_breached": once,
        "escalated": once,
        "priority_changed": once,
        "note_added": (0, 0),
    }
    # The step of another day.
    assert tuple(waiting) == once
    assert (unhandled, claimed, breached) == (0, 0, OF_EACH)
