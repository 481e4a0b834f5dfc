"""script/test: make the environment, look for a browser, then become pytest."""

import os
import subprocess
import sys

from environment import ROOT, Trouble, ensure

HELP = """\
usage: script/test [--long] [any pytest option or path]

Set up and run all tests, the browser's included.

  --long    also the long runs: more kills, more rounds (half an hour)

DATABASE_URL and REDIS_URL, when set, run the same tests on PostgreSQL and Redis. What this
machine lacks is skipped, and listed at the end with its reason.
"""


def main() -> None:
    arguments = sys.argv[1:]
    if arguments in (["--help"], ["-h"]):
        print(HELP, end="")
        return
    # Dozens of processes take part, among them whole help desks: without bytecode each would compile everything again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        python = ensure("dev")
    except Trouble as trouble:
        sys.exit(f"script/test: {trouble}")
    os.chdir(ROOT)
    # A browser is a help, not a condition: without one its tests are skipped and say why.
    subprocess.run([python, "-m", "tests.plugins.chromium"], stdin=subprocess.DEVNULL, check=False)
    sys.stdout.flush()
    os.execv(python, [str(python), "-m", "pytest", *side_by_side(arguments), *arguments])


def side_by_side(arguments: list[str]) -> list[str]:
    """Return what makes pytest use the cores there are, when it is to run everything. A file stays in one process.

    One process more than cores: those that kill servers or watch a browser wait a good part of their time.
    """
    cores = min(len(os.sched_getaffinity(0)), 4) if hasattr(os, "sched_getaffinity") else 1
    everything = all(argument.startswith(("--long", "--durations")) for argument in arguments)
    return ["-n", str(cores + 1), "--dist", "loadfile", "--no-loadscope-reorder"] if everything and cores > 1 else []


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
