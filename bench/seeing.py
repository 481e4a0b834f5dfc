"""`python -m bench.seeing --clocks N --backlog N`: how soon a broken promise is seen, by the processes of production.

In one database that script/bench load filled `manage.py serve` runs as it always does: web server, worker, relay. From
outside it is watched when the event of a breach is committed, and when the queue shows the ticket.
"""

import argparse
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median, quantiles
from typing import Any

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import Max, QuerySet
from django.test import Client
from django.utils.timezone import now

from bench import machine, world
from bench.databases import ROOT
from core.models import PeriodicJob
from helpdesk import relay
from mail.models import MailState, OutgoingMail
from tickets.models import Kind, Ticket, TicketClock, TicketEvent
from tickets.queues import BY_SLUG, cursor_of

# The issue of the SLA engine promises it for 150,000 open tickets.
MOST_SECONDS = 10.0
# Clocks become due one after the other, so far apart; every so many of them is looked for in the queue, too.
APART = timedelta(milliseconds=700)
IN_QUEUE = 4
# How often the events are asked for: no figure is more exact than that.
GLANCE = 0.02
# After so many seconds without anything new, what is missing is missing.
PATIENCE = 120.0
READY_WITHIN = 90.0
SETTLED = 5.0
TICK = timedelta(microseconds=1)


@dataclass
class Waits:
    """How many seconds passed from each deadline to what is measured."""

    seconds: list[float] = field(default_factory=list)

    def told(self) -> str:
        low, _middle, high = quantiles(self.seconds, n=4) if len(self.seconds) > 1 else self.seconds * 3
        return f"{median(self.seconds):.2f} s | {low:.2f} to {high:.2f} s | {max(self.seconds):.2f} s"


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench seen")
    parser.add_argument("--clocks", type=int, required=True)
    parser.add_argument("--backlog", type=int, required=True)
    options = parser.parse_args()
    call_command("prepare", verbosity=0, stdout=sys.stderr)
    before, lines, is_met = machine.load(), [], True
    _let_nothing_be_due()
    if options.clocks:
        found, is_met = _one_by_one(options.clocks)
        lines += ["", *found]
    if options.backlog:
        _let_nothing_be_due()
        lines += ["", *_all_at_once(options.backlog)]
    _let_nothing_be_due()
    print(_where(before))
    print("\n".join(lines))
    sys.exit(0 if is_met else 1)


def _where(load_before: float) -> str:
    facts, working = machine.facts(), Ticket.objects.working().count()
    waiting = TicketClock.objects.running().filter(due_at__isnull=False).count()
    return (
        f"{facts['cores']} cores ({facts['processor']}), {facts['memory_gb']} GB of memory; Python {facts['python']}, "
        f"{'with' if facts['redis'] else 'without'} Redis. {Ticket.objects.count():,} tickets, {working:,} of them "
        f"open; {waiting:,} clocks wait for a time. Load of the machine: {load_before} before, {machine.load()} after."
    )


# --- One by one -------------------------------------------------------------------------------------------


def _one_by_one(count: int) -> tuple[list[str], bool]:
    """Let clocks become due one after the other; return a table, and whether none was seen too late."""
    cookie = _signed_in()
    with _processes() as port:
        _say("the processes run")
        time.sleep(SETTLED)
        due = _let_become_due(count)
        breached, shown = Waits(), Waits()
        sample = due[::IN_QUEUE]
        with ThreadPoolExecutor(len(sample)) as looking:
            for clock in sample:
                looking.submit(_look_for, clock, port, cookie, shown)
            handled = _wait_for_events({clock.pk: clock.deadline_at for clock in due}, breached)
    _say(f"{len(handled)} of {count} breaches were recorded")
    worst = max(breached.seconds + shown.seconds, default=MOST_SECONDS + 1)
    is_met = len(handled) == count and len(shown.seconds) == len(sample) and worst <= MOST_SECONDS
    table = [
        "| from the deadline to | times | median | middle half | longest |",
        "|---|---:|---:|---:|---:|",
        f"| the committed event of the breach | {len(breached.seconds)} | {breached.told()} |",
        f"| the queue “Overdue” with the ticket in it, as an agent gets it | {len(shown.seconds)} | {shown.told()} |",
        "",
        f"- {'met' if is_met else '**not met**'}: each within {MOST_SECONDS:g} s",
    ]
    return table, is_met


def _let_become_due(count: int) -> list[TicketClock]:
    """Let the promises of so many open tickets be broken one after the other; return their clocks."""
    chosen = list(_running().order_by("?").select_related("ticket")[:count])
    first = now() + timedelta(seconds=5)
    for number, clock in enumerate(chosen):
        clock.deadline_at = clock.warn_at = clock.due_at = first + number * APART
        clock.warned_at, clock.warned_share = now(), 90
        clock.save(update_fields=["deadline_at", "warn_at", "due_at", "warned_at", "warned_share"])
        Ticket.objects.filter(pk=clock.ticket_id).update(next_due_at=clock.deadline_at)
        clock.ticket.next_due_at = clock.deadline_at
    return chosen


def _wait_for_events(due: dict[int, datetime], waits: Waits) -> list[int]:
    """Note when the breach of each clock is committed; return the clocks, as often as they breached."""
    breaches = _breaches_from_now_on()
    seen: set[int] = set()
    give_up = max(due.values()) + timedelta(seconds=PATIENCE)
    while len(seen) < len(due) and now() < give_up:
        found, at = {event.data["clock"] for event in breaches.all()}, now()
        for clock in (found - seen) & due.keys():
            waits.seconds.append((at - due[clock]).total_seconds())
        seen |= found & due.keys()
        time.sleep(GLANCE)
    return [event.data["clock"] for event in breaches.all() if event.data["clock"] in due]


def _look_for(clock: TicketClock, port: int, cookie: str, waits: Waits) -> None:
    """Ask for the queue again and again, from where the ticket has its place, until it stands there."""
    ticket = clock.ticket
    ticket.next_due_at = clock.deadline_at - TICK
    path = f"/desk/queues/overdue/?after={cursor_of(BY_SLUG['overdue'], ticket)}"
    time.sleep(max((clock.deadline_at - now()).total_seconds(), 0.0))
    while now() < clock.deadline_at + timedelta(seconds=PATIENCE):
        if f"/desk/tickets/{ticket.number}/" in _get(port, path, cookie):
            waits.seconds.append((now() - clock.deadline_at).total_seconds())
            return
        time.sleep(GLANCE)


def _get(port: int, path: str, cookie: str) -> str:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        asked.request("GET", path, headers={"Host": f"localhost:{port}", "Cookie": cookie})
        answer = asked.getresponse()
        page = answer.read().decode()
    finally:
        asked.close()
    assert answer.status == 200, f"{path}: {answer.status} {answer.headers.get('Location', '')}"
    return page


def _signed_in() -> str:
    client = Client(SERVER_NAME="localhost")
    client.force_login(world.found().sees_all, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


# --- All at once ------------------------------------------------------------------------------------------


def _all_at_once(count: int) -> list[str]:
    """Let so many clocks be due while nothing runs, start the processes, and say how they went."""
    pks = list(_running().order_by("?").values_list("pk", flat=True)[:count])
    ago = now() - timedelta(minutes=30)
    broken = {"deadline_at": ago, "warn_at": ago, "due_at": ago, "warned_at": ago, "warned_share": 90, "claim": None}
    TicketClock.objects.filter(pk__in=pks).update(**broken)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM tickets_ticketclock")
    ours = _breaches_from_now_on()
    moments: list[tuple[float, int]] = []
    with _processes():
        started = time.monotonic()
        while not moments or (moments[-1][1] < len(pks) and time.monotonic() - started < 60 * PATIENCE):
            done = ours.count()
            if done and (not moments or done != moments[-1][1]):
                moments.append((time.monotonic(), done))
            elif moments and time.monotonic() - moments[-1][0] > PATIENCE:
                break
            time.sleep(0.1)
        waiting = OutgoingMail.objects.filter(due_at__isnull=False).count()
    breached = sorted(event.data["clock"] for event in ours.iterator())
    begun, ended = moments[0][0], moments[-1][0]
    pauses = [later[0] - earlier[0] for earlier, later in pairwise(moments)]
    exactly = "each once" if breached == sorted(pks) else f"**{len(breached)} of {len(pks)} clocks**"
    return [
        f"{len(pks):,} clocks due before the start: {exactly}, the last {ended - begun:.0f} s after the first, "
        f"{len(pks) / max(ended - begun, 0.1):.0f} a second; the longest pause between two looks at what was done "
        f"{max(pauses, default=0.0):.1f} s. {waiting:,} mails about them waited then.",
    ]


# --- What runs ----------------------------------------------------------------------------------------------


@contextmanager
def _processes() -> Iterator[int]:
    """Run web server and worker as `manage.py serve` does, and a mail server that takes everything; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with _started([sys.executable, "-m", "bench.mailserver"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sink:
        assert sink.stdout is not None
        environ = os.environ | {
            "MAIL_URL": f"smtp://127.0.0.1:{int(sink.stdout.readline())}",
            "PUBLIC_URL": f"http://localhost:{port}",
        }
        command = [sys.executable, "manage.py", "serve", "--port", str(port)]
        with _started(command, env=environ, stdout=subprocess.DEVNULL):
            _until(lambda: _answers(port), "the web server does not answer")
            yield port


@contextmanager
def _started(command: Sequence[str], **given: Any) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(command, cwd=ROOT, **given)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _until(condition: Callable[[], bool], otherwise: str) -> None:
    give_up = time.monotonic() + READY_WITHIN
    while not condition():
        assert time.monotonic() < give_up, otherwise
        time.sleep(0.1)


# --- What waits ---------------------------------------------------------------------------------------------


def _breaches_from_now_on() -> "QuerySet[TicketEvent]":
    last = TicketEvent.objects.aggregate(last=Max("pk"))["last"] or 0
    return TicketEvent.objects.filter(pk__gt=last, kind=Kind.CLOCK_BREACHED).order_by("pk")


def _running() -> Any:
    """Return clocks that nobody has missed yet, one of a ticket at most."""
    return TicketClock.objects.running().filter(
        target="resolution", breached_at=None, due_at__gt=now(), paused_by="", ticket__in=Ticket.objects.working()
    )


def _let_nothing_be_due() -> None:
    """Put away what the load, or an earlier run, left waiting: only what is measured is to be due."""
    soon, later = now() + timedelta(hours=1), now() + timedelta(days=30)
    OutgoingMail.objects.filter(due_at__isnull=False).update(due_at=None, claim=None, state=MailState.CANCELLED)
    for kind in relay.KINDS:
        rows = kind.model._default_manager.filter(due_at__lte=soon)
        if kind.model not in (OutgoingMail, PeriodicJob) and (put_away := rows.update(due_at=later, claim=None)):
            _say(f"put away: {put_away:,} of {kind.model.__name__}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
