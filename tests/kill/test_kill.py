"""SIGKILL of the worker or the supervisor while work is in flight: nothing is lost, nothing is done twice.

Thirty tickets live their lives (tests/kill/lives.py) against the real supervisor, web server and worker, with a
real SMTP server at the end. What becomes of them must be what becomes of them when nobody is killed. One seed on each
database, fifty with --long; KILL_SEED=n repeats a run.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager

import pytest
from django.conf import settings

from helpdesk.management.commands.serve import WORKER_THREADS
from tests.kill.theatre import ROOT, HelpDesk, Stage, eventually
from tests.mail.sink import Sink

KILLS = 2
# How long the mail server thinks before it takes a mail, and again before it says so.
THINKS = 0.02
# The embedded worker takes up what the one before had in hand; others wait for the claims to end.
CLAIM_SECONDS = 4

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks for the worker in /proc"),
    pytest.mark.timeout(300),
]


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        runs = 50 if metafunc.config.getoption("--long") else 1
        if given := os.environ.get("KILL_SEED"):
            seeds = [int(given)]
        else:
            # Side by side, every process has to find the same tests.
            run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or random.SystemRandom().getrandbits(64)
            first = random.Random(run).randrange(1_000_000)
            seeds = [first + i for i in range(runs)]
        metafunc.parametrize("seed", seeds)


@pytest.fixture(scope="module")
def stage(tmp_path_factory, prepared, prepared_database):
    on_server = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    stage = Stage(tmp_path_factory.mktemp("kill"), os.environ["DATABASE_URL"] if on_server else "")
    stage.prepare(prepared, prepared_database)
    yield stage
    stage.drop()


@pytest.fixture(scope="module")
def undisturbed(stage):
    """What becomes of the tickets when nobody is killed."""
    with performance(stage, "undisturbed", seed=0) as (desk, sink, driver):
        told = end_of(desk, driver)
        assert states(desk) == {"sent"}
        assert accepted_otherwise(desk, sink) == []
    assert len(told["tickets"]) == 30
    return told


def test_nothing_is_lost_and_nothing_is_done_twice(stage, undisturbed, seed, capsys):
    dice = random.Random(seed)
    started, seen = time.monotonic(), []

    with performance(stage, f"run{seed}", seed=seed) as (desk, sink, driver):
        for _ in range(KILLS):
            seen.append(kill_something(desk, dice))
        told = end_of(desk, driver)
        wrong = accepted_otherwise(desk, sink)
        perhaps = desk.ask("SELECT count(*) FROM mail_outgoingmail WHERE state = 'perhaps_sent'")[0][0]
        mails = desk.ask("SELECT count(*) FROM mail_outgoingmail")[0][0]

    with capsys.disabled():
        print(f"\nseed {seed}: {mails} mails, {perhaps} perhaps sent, {time.monotonic() - started:.1f} s")
        for victim, counts in seen:
            print(f"  {victim} killed with {', '.join(f'{n} {what}' for what, n in counts.items() if n)} in flight")
    assert wrong == []
    assert perhaps <= KILLS * WORKER_THREADS
    assert told == undisturbed


@contextmanager
def performance(stage, name, *, seed):
    """Run a help desk over a fresh copy, its mail going to a sink, and the lives against it."""
    with Sink(delay=THINKS, answer_delay=THINKS) as sink, stage.copy(name) as environ:
        desk = HelpDesk(
            environ
            | {
                "MAIL_URL": f"smtp://127.0.0.1:{sink.port}",
                "HELPDESK_CLAIM_SECONDS": str(CLAIM_SECONDS),
                "HELPDESK_RETRY_SECONDS": "0.2",
            }
        )
        driver = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.lives", "play", str(seed)],
            env=desk.environ,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            desk.start()
            yield desk, sink, driver
        except BaseException:
            print("in flight:", desk.in_flight())
            print(desk.log())
            raise
        finally:
            driver.kill()
            driver.communicate()
            desk.stop()


def kill_something(desk, dice):
    """Kill the worker or the supervisor at a moment when work is in flight; tell which, and the rows left behind."""
    # Not while the one before lies dead: its successor must have begun.
    eventually(desk.has_begun, "no relay has started", within=90)
    time.sleep(dice.uniform(0.05, 1.0))
    stage = dice.choice(["sending", "handed over"])
    eventually(lambda: desk.in_flight()[stage], f"nothing was {stage}")
    if dice.random() < 0.5:
        time.sleep(dice.uniform(0.0, 0.1))
    victim = dice.choice(["worker", "worker", "supervisor"])
    desk.kill(victim)
    counts = desk.in_flight()
    if victim == "supervisor":
        desk.start()
    return victim, counts


def end_of(desk, driver):
    """Wait until all lives are lived and all work is done; return what became of the tickets."""
    assert driver.stdout.readline() == "played\n"
    # Silent tickets close 1.5 s after they were resolved, and clocks of an hour ago run out.
    eventually(lambda: desk.is_quiet(within_seconds=5), "it never became quiet", within=120)
    output, _ = driver.communicate("\n")
    return json.loads(output)


def states(desk):
    return {state for (state,) in desk.ask("SELECT DISTINCT state FROM mail_outgoingmail")}


def accepted_otherwise(desk, sink):
    """List the mails whose row does not say what the mail server saw."""
    accepted = Counter((one.message["Message-ID"], one.recipient) for one in list(sink.received))
    rows = desk.ask("SELECT message_id, recipient, state, template FROM mail_outgoingmail")
    allowed = {"sent": {1}, "perhaps_sent": {0, 1}}
    wrong = [(*row, accepted[row[:2]]) for row in rows if accepted[row[:2]] not in allowed.get(row[2], set())]
    unknown = set(accepted) - {tuple(row[:2]) for row in rows}
    return wrong + [("unknown", mail) for mail in unknown]
