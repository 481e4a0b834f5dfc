"""`python -m bench.subject SCENARIO`: one process with one database, that does what it is told and says what it cost.

Reads one JSON object per line, {"case": …, "times": …}, and answers with one: {"python": […], "postgresql": […],
"wall": […]}, nanoseconds per time.
"""

import importlib
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command
from django.db import connection

from bench.scenario import Case, Scenario
from tickets.models import Ticket


def main() -> None:
    scenario: Scenario = importlib.import_module(f"bench.scenarios.{sys.argv[1]}").SCENARIO
    call_command("prepare", verbosity=0, stdout=sys.stderr)
    cases = {case.name: case for case in scenario.cases()}
    _say(
        {
            "about": scenario.about,
            "cases": list(cases),
            "targets": [asdict(target) for target in scenario.targets],
            "tickets": Ticket.objects.count(),
            "postgresql": _version(),
        }
    )
    for line in sys.stdin:
        order = json.loads(line)
        _say(measure(cases[order["case"]], order["times"]))


def measure(case: Case, times: int) -> dict[str, list[int]]:
    """Return what each time cost: CPU of this process, CPU of its server processes, and how long it took."""
    spent: dict[str, list[int]] = {"python": [], "postgresql": [], "wall": []}
    for _time in range(times):
        prepared = case.prepare()
        connection.ensure_connection()
        servers = _servers()
        server, wall, python = _server_time(servers), time.monotonic_ns(), time.process_time_ns()
        case.act(prepared)
        # This process's own time is read last before and first after: the reading itself would count otherwise.
        spent["python"].append((time.process_time_ns() - python) // case.each)
        spent["wall"].append((time.monotonic_ns() - wall) // case.each)
        spent["postgresql"].append((_server_time(servers) - server) // case.each)
    return spent


def _servers() -> list[int]:
    """Return the server processes that work for this database; nobody else uses it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return [pid for (pid,) in cursor.fetchall()]


def _server_time(pids: list[int]) -> int:
    """Return the CPU time of these processes, in nanoseconds: they have one thread each."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids)


def _version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0]).split()[0]


def _say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
