"""script/bench load, run, seen, drop."""

import argparse
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

from bench import databases, run
from bench.databases import Trouble


def main() -> None:
    options = _parser().parse_args()
    try:
        options.do(options)
    except (Trouble, psycopg.Error) as error:
        sys.exit(f"script/bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description="Fill help desks of any size and measure what they cost. docs/benchmarks.md tells more.",
    )
    doors = parser.add_subparsers(required=True)
    load = doors.add_parser("load", help="fill a new PostgreSQL database")
    load.add_argument("--tickets", type=_number, required=True, metavar="N")
    load.add_argument("--database", metavar="NAME", help="by default bench_N")
    load.add_argument("--seed", type=_number, default=1, metavar="N", help="another seed, other stories (default 1)")
    load.add_argument("--until", type=_day, metavar="DAY", help="when all stories are over; by default today")
    load.add_argument("--replace", action="store_true", help="drop a database of this name first, if load made it")
    load.set_defaults(do=_load)
    measure = doors.add_parser("run", help="measure what things cost in databases that load made")
    measure.add_argument("scenario", nargs="*", help=f"which of {', '.join(run.scenarios())}; by default all")
    measure.add_argument(
        "--database", action="append", metavar="NAME", help="several times: small to large; by default all of load's"
    )
    measure.add_argument("--rounds", type=_number, default=30, metavar="N", help="per case (default %(default)s)")
    measure.add_argument("--times", type=_number, default=10, metavar="N", help="in a round (default %(default)s)")
    measure.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    measure.set_defaults(do=run.run)
    seen = doors.add_parser("seen", help="measure how soon broken promises are seen, by the processes of production")
    seen.add_argument("--database", metavar="NAME", help="by default the largest of load's")
    seen.add_argument(
        "--clocks", type=_number_or_none, default=60, metavar="N", help="one by one (default %(default)s)"
    )
    seen.add_argument(
        "--backlog",
        type=_number_or_none,
        default=10_000,
        metavar="N",
        help="due before the start (default %(default)s)",
    )
    seen.set_defaults(do=_seen)
    gone = doors.add_parser("drop", help="drop databases that load made")
    gone.add_argument("database", nargs="+", metavar="NAME")
    gone.set_defaults(do=_drop)
    return parser


def _load(options: argparse.Namespace) -> None:
    name = databases.require_name(options.database or f"bench_{options.tickets}")
    databases.create(name, replace=options.replace)
    until = options.until or datetime.now(UTC).date()
    arguments = [f"--tickets={options.tickets}", f"--seed={options.seed}", f"--until={until.isoformat()}"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bench.filling", *arguments], env=databases.environ(name, waits_for_disk=False)
        )
    except BaseException:
        databases.drop(name)
        raise
    if done.returncode != 0:
        databases.drop(name)
        raise Trouble(f"{name} could not be filled, and is dropped again; what went wrong stands above.")
    print(f"{name} is ready.")


def _seen(options: argparse.Namespace) -> None:
    ours = databases.ours()
    if not ours:
        raise Trouble("there is no database yet; script/bench load --tickets 10000 makes one.")
    name = options.database or ours[-1]
    if name not in ours:
        raise Trouble(f"{name} is no database of script/bench load; measuring writes into it.")
    arguments = [f"--clocks={options.clocks}", f"--backlog={options.backlog}"]
    done = subprocess.run([sys.executable, "-m", "bench.seeing", *arguments], env=databases.environ(name))
    sys.exit(done.returncode)


def _drop(options: argparse.Namespace) -> None:
    for name in options.database:
        databases.drop(name)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 50_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 50,000,000")
    return int(text)


def _number_or_none(text: str) -> int:
    return 0 if text == "0" else _number(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a day such as 2026-11-02") from None


if __name__ == "__main__":
    main()
