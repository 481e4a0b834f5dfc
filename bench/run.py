"""Measuring: one process per database, told in turn what to do, so that all of them meet the same weather."""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import databases, machine, report
from bench.databases import Trouble

SCENARIOS = Path(__file__).parent / "scenarios"
# Until caches are filled, plans are made and imports are done.
WARM_UP_ROUNDS = 2


@dataclass
class Subject:
    """A process with a database. `figures` is case → {"python": […], "postgresql": […], "wall": […]} in ns."""

    database: str
    process: "subprocess.Popen[str]"
    facts: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    @classmethod
    def start(cls, scenario: str, database: str) -> "Subject":
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.subject", scenario],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=databases.environ(database),
        )
        subject = cls(database, process)
        subject.facts = subject._heard()
        return subject

    def measure(self, case: str, times: int) -> dict[str, list[int]]:
        assert self.process.stdin is not None
        print(json.dumps({"case": case, "times": times}), file=self.process.stdin, flush=True)
        return self._heard()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _heard(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise Trouble(f"the process that used {self.database} ended; what went wrong stands above.")
        heard: dict[str, Any] = json.loads(line)
        return heard


def scenarios() -> list[str]:
    return sorted(path.stem for path in SCENARIOS.glob("[a-z]*.py"))


def run(options: argparse.Namespace) -> None:
    """Measure what was asked for; print a table, and write all figures into a file if one is named."""
    databases.require_local()
    if unknown := set(options.scenario) - set(scenarios()):
        raise Trouble(f"there is no scenario {', '.join(sorted(unknown))}; there are {', '.join(scenarios())}.")
    names = options.database or databases.ours()
    if not names:
        raise Trouble("there is no database yet; script/bench load --tickets 10000 makes one.")
    for name in names:
        if name not in databases.ours():
            raise Trouble(f"{name} is no database of script/bench load; measuring writes into it.")
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.facts(),
        "rounds": options.rounds,
        "times": options.times,
        "scenarios": [_measure(one, names, options) for one in options.scenario or scenarios()],
    }
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    print(report.markdown(found))


def _measure(scenario: str, names: list[str], options: argparse.Namespace) -> dict[str, Any]:
    subjects = []
    try:
        for name in names:
            print(f"{scenario}: {name}", file=sys.stderr)
            subjects.append(Subject.start(scenario, name))
        subjects.sort(key=lambda one: int(one.facts["tickets"]))
        load = machine.load()
        yardsticks = _rounds(subjects, options.rounds, options.times)
    finally:
        for subject in subjects:
            subject.stop()
    first = subjects[0].facts
    return {
        "scenario": scenario,
        "about": first["about"],
        "targets": first["targets"],
        "load_before": load,
        "load_after": machine.load(),
        "yardsticks": yardsticks,
        "databases": [
            {
                "name": one.database,
                "tickets": one.facts["tickets"],
                "postgresql": one.facts["postgresql"],
                "figures": one.figures,
            }
            for one in subjects
        ],
    }


def _rounds(subjects: list[Subject], rounds: int, times: int) -> list[float]:
    """Measure, and return what the yardstick took in each round."""
    yardsticks = []
    for number in range(-WARM_UP_ROUNDS, rounds):
        # Each database is the first one as often as any other.
        order = subjects if number % 2 else subjects[::-1]
        for case in subjects[0].facts["cases"]:
            for subject in order:
                spent = subject.measure(case, times)
                if number >= 0:
                    kept = subject.figures.setdefault(case, {name: [] for name in spent})
                    for name, values in spent.items():
                        kept[name] += values
        yardsticks.append(machine.yardstick())
        print(f"\rround {max(number + 1, 0)} of {rounds}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return yardsticks
