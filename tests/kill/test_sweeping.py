"""300 clocks due in the same minute: every effect happens exactly once, whoever dies, and none waits for another look.

Four workers are processes, each claiming by itself, as if four relays were active at once, and one of them is killed.
One seed, ten with --long; KILL_SEED=n repeats a run. And after an outage the worker of production finds all of them.
"""

import json
import os
import random
import subprocess
import sys
import time

import pytest
from django.conf import settings

from tests.kill.sweepers import OF_EACH, WORKERS
from tests.kill.theatre import ROOT, HelpDesk, Stage

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="forks"),
    pytest.mark.timeout(300),
]

COUNTED = "SELECT kind, count(*), count(DISTINCT ticket_id) FROM tickets_ticketevent GROUP BY kind"


@pytest.fixture(scope="module")
def stage(tmp_path_factory, prepared, prepared_database):
    on_server = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    server = os.environ["DATABASE_URL"] if on_server else ""
    stage = Stage(tmp_path_factory.mktemp("sweep"), server, "tests.kill.sweepers", "sweep")
    stage.prepare(prepared, prepared_database)
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
        assert sorted(told["codes"]) == [-9, *[0] * (WORKERS - 1)]
        require_once_each(desk)


def test_a_backlog_is_handed_out_without_waiting_for_another_look(stage, capsys):
    with stage.copy("outage") as environ:
        desk = HelpDesk(environ)
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.watched_worker"],
            env=desk.environ,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            ended_by = time.monotonic() + 180
            while (done := effects(desk)) != EFFECTS:
                assert time.monotonic() < ended_by, f"the backlog is not done: {done}"
                # Every look is a connection of its own.
                time.sleep(0.5)
        finally:
            worker.terminate()
            try:
                rests = [int(line) for line in worker.communicate(timeout=20)[0].splitlines() if line.isdigit()]
            except subprocess.TimeoutExpired:
                worker.kill()
                raise
        require_once_each(desk)

    with capsys.disabled():
        print(f"\nclocks that were due when the relay rested: {rests}")
    assert rests
    assert set(rests) == {0}


ONCE = (OF_EACH, OF_EACH)
EFFECTS = {
    "clock_warned": ONCE,
    "clock_breached": ONCE,
    "escalated": ONCE,
    "priority_changed": ONCE,
    "note_added": (0, 0),
}


def effects(desk):
    found = {kind: (events, tickets) for kind, events, tickets in desk.ask(COUNTED)}
    return {kind: found.get(kind, (0, 0)) for kind in EFFECTS}


def require_once_each(desk):
    waiting = desk.ask("SELECT count(*), count(DISTINCT clock_id) FROM tickets_escalation")[0]
    unhandled = desk.ask("SELECT count(*) FROM tickets_setaside")[0][0]
    claimed = desk.ask("SELECT count(*) FROM tickets_ticketclock WHERE claim IS NOT NULL")[0][0]
    breached = desk.ask("SELECT count(*) FROM tickets_ticketclock WHERE breached_at = deadline_at")[0][0]

    assert effects(desk) == EFFECTS
    # The step of another day.
    assert tuple(waiting) == ONCE
    assert (unhandled, claimed, breached) == (0, 0, OF_EACH)
