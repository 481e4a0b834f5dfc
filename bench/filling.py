"""`python -m bench.filling`: what script/bench load starts, with the settings of the new database."""

import argparse
import time
from datetime import UTC, datetime

import django

django.setup()

from django.core.management import call_command

from bench.load import fill, plan_for


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tickets", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--until", required=True)
    options = parser.parse_args()
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {what}", flush=True)

    call_command("prepare", only="database", verbosity=0)
    say("migrated")
    until = datetime.fromisoformat(options.until).replace(tzinfo=UTC)
    fill(plan_for(options.tickets, seed=options.seed), until=until, say=say)


if __name__ == "__main__":
    main()
