"""One process that starts the web server and the worker, restarts what dies, and takes all along when it goes.

Knows nothing of Django: it is given commands and keeps them running. Each child leads a process
group of its own and hangs on a pipe to the supervisor (`helpdesk.leash`).
"""

import errno
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

# A child that lives this long has started well; one that dies sooner, over and over, is given up.
SETTLED = 10.0
FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
MOST_EARLY_DEATHS = 6


@dataclass
class Child:
    """A program to keep running: `python -m` the command, on the leash."""

    name: str
    command: Sequence[str]
    # How long it may take to finish what it is doing after SIGTERM, in seconds.
    grace: float
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    early_deaths: int = 0

    @property
    def is_running(self) -> bool:
        return self.process is not None


@dataclass
class Supervisor:
    """Keeps `children` running until SIGINT or SIGTERM, then stops them in their order."""

    children: Sequence[Child]
    environ: Mapping[str, str]
    say: Callable[[str], None]
    # Asked after every start until it says True once; then `ready` is called.
    is_ready: Callable[[], bool] = lambda: True
    ready: Callable[[], None] = lambda: None
    _signals: list[int] = field(default_factory=list)

    def run(self) -> int:
        """Return the exit status: 0 after a signal, 1 when a child keeps dying."""
        leash, self._hold = os.pipe()
        woken, waker = socket.socketpair()
        for end in (woken, waker):
            end.setblocking(False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)
        signal.signal(signal.SIGCHLD, _wake)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            return self._keep_running(leash, woken)
        finally:
            self._stop(woken)

    def _keep_running(self, leash: int, woken: socket.socket) -> int:
        waiting_for_ready = True
        while not self._signals:
            now = time.monotonic()
            for child in self.children:
                if child.is_running and self._has_died(child, now) and child.early_deaths >= MOST_EARLY_DEATHS:
                    self.say(f"The {child.name} ended {child.early_deaths} times right after its start; giving up.")
                    return 1
                if not child.is_running and child.start_at <= now:
                    self._start(child, leash, now)
            if waiting_for_ready and self.is_ready():
                waiting_for_ready = False
                self.ready()
            _sleep(woken, 0.1 if waiting_for_ready else _until_next_start(self.children, now))
        return 0

    def _start(self, child: Child, leash: int, now: float) -> None:
        child.started_at = now
        child.process = subprocess.Popen(
            [sys.executable, "-m", "helpdesk.leash", str(leash), *child.command],
            stdin=subprocess.DEVNULL,
            env=self.environ,
            pass_fds=[leash],
            process_group=0,
        )

    def _has_died(self, child: Child, now: float) -> bool:
        assert child.process is not None
        status = child.process.poll()
        if status is None:
            return False
        # Its own children, such as the web server's workers, hold the port: they go with it.
        _kill_group(child.process.pid)
        child.process = None
        if now - child.started_at >= SETTLED:
            child.early_deaths = 0
        # SIGKILL came from outside (somebody, or the kernel short of memory): not a program that cannot start.
        if status != -signal.SIGKILL:
            child.early_deaths += 1
        wait = min(FIRST_WAIT * 2 ** max(child.early_deaths - 1, 0), LONGEST_WAIT)
        child.start_at = now + wait
        if child.early_deaths < MOST_EARLY_DEATHS:
            self.say(f"The {child.name} ended ({_describe(status)}); starting it again in {wait:g} s.")
        return True

    def _stop(self, woken: socket.socket) -> None:
        """Stop one child after the other; a second signal, or the end of its grace, kills it."""
        for child in self.children:
            if child.process is None:
                continue
            heard = len(self._signals)
            child.process.terminate()
            deadline = time.monotonic() + child.grace
            while child.process.poll() is None and time.monotonic() < deadline and len(self._signals) == heard:
                _sleep(woken, deadline - time.monotonic())
            if child.process.poll() is None:
                self.say(f"The {child.name} is still busy; killing it.")
            _kill_group(child.process.pid)
            child.process.wait()
            child.process = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)


def require_free_port(port: int, *, patience: float = 2.0) -> None:
    """Raise OSError (EADDRINUSE, EACCES) if nothing can listen on this port of this machine.

    Waits for `patience` seconds: after a supervisor was killed its web server needs a moment to go.
    """
    deadline = time.monotonic() + patience
    while (error := _try_to_bind(port)) is not None:
        if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
            raise error
        time.sleep(0.1)


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


def _try_to_bind(port: int) -> OSError | None:
    # localhost is both addresses: somebody else on the other one would get our visitors.
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            probe = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue
        with probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                    return error
    return None


def _until_next_start(children: Sequence[Child], now: float) -> float | None:
    waits = [child.start_at - now for child in children if not child.is_running]
    return max(min(waits), 0.0) if waits else None


def _sleep(woken: socket.socket, seconds: float | None) -> None:
    """Wait for a signal, at most this long."""
    select.select([woken], [], [], None if seconds is None else max(seconds, 0.0))
    with suppress(BlockingIOError):
        while woken.recv(1024):
            pass


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _describe(status: int) -> str:
    return f"status {status}" if status >= 0 else signal.Signals(-status).name


def _wake(number: int, frame: FrameType | None) -> None:
    """Only needed for its side effect: a handled signal writes to the wakeup pipe."""
