"""SIGKILL of workers that reckon clocks anew: all come to what one undisturbed worker makes, and nothing twice.

Plan, calendar, department and site change at once, and the plan changes again while they are at it. 120 tickets and
five kills; 1,500 tickets, 20 kills and ten seeds with --long. KILL_SEED=n repeats a run.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings

from tests.kill.reckoners import WORKERS
from tests.kill.theatre import ROOT, HelpDesk, Stage

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="forks"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory, prepared, prepared_database, long_run):
    on_server = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    server = os.environ["DATABASE_URL"] if on_server else ""
    stage = Stage(tmp_path_factory.mktemp("reckon"), server, "tests.kill.reckoners", "reckon")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILL_TICKETS", "1500" if long_run else "120")
        stage.prepare(prepared, prepared_database)
    yield stage
    stage.drop()


@pytest.fixture(scope="module")
def calm(stage):
    """What one worker makes of the same changes when nobody is killed."""
    return play(stage, "calm", "calm")


def play(stage, name, *arguments):
    with stage.copy(name) as environ:
        desk = HelpDesk(environ | {"HELPDESK_CLAIM_SECONDS": "1"})
        played = subprocess.run(
            [sys.executable, "-m", "tests.kill.reckoners", *arguments],
            env=desk.environ,
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return json.loads(played.stdout)


@pytest.mark.parametrize("run", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 10))])
def test_every_clock_comes_to_the_same_and_nothing_is_done_twice(stage, calm, run, long_run, capsys):
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(1_000_000))
    kills = 20 if long_run else 5

    told = play(stage, f"run{run}", "race", str(seed), str(kills))
    with capsys.disabled():
        counts = " ".join(f"{done} done, {held} held;" for done, held in told["killed at"])
        print(f"\nseed {seed}: killed with {counts} first change done before: {told['finished before']}")

    assert sorted(told["codes"]) == [*[-9] * kills, *[0] * WORKERS]
    assert told["tickets"] == calm["tickets"]
    of_plan = {subject for subject, ticket in told["tickets"].items() if ticket[3][0][1] == "Long"}
    for subject, events in told["events"].items():
        # The second change of the plan moves its tickets once more; whoever looks again moves nothing.
        expected = len(calm["events"][subject])
        assert len(events) in ({expected, 2 * expected} if subject in of_plan else {expected})
        assert len({str(event) for event in events}) == len(events)
    for thing, row in told["reckonings"].items():
        other = calm["reckonings"][thing]
        assert (row["looked at"], row["failed"], row["over"]) == (other["looked at"], 0, True)
        # Of the plan some were moved by what the second change began anew.
        assert row["moved"] == row["events"] or thing.startswith("plan ")
        assert row["moved"] <= row["events"]
    # Once for each change that was done, however often its worker was killed.
    twice = [thing for thing in calm["audit"] if thing.startswith("sla.slaplan")] * told["finished before"]
    assert Counter(told["audit"]) == Counter(calm["audit"] + twice)


def test_what_is_compared_is_all_of_it(calm):
    rows = [clock for ticket in calm["tickets"].values() for clock in ticket[3]]
    moved = [events for events in calm["events"].values() if events]

    assert calm["codes"] == [0]
    assert len(moved) > len(calm["tickets"]) / 2
    assert {len(events) for events in moved} == {1}
    assert {clock[12] for clock in rows} == {"", "third_party"}
    assert {clock[13] for clock in rows} == {"", "met", "cancelled"}
    assert {clock[4] for clock in rows} == {True, False}
    assert len(calm["audit"]) == len(calm["reckonings"]) == 4
