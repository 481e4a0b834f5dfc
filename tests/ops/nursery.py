"""Programs for the supervisor's tests: `python -m tests.ops.nursery MODE…`."""

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

from helpdesk import leash, supervisor


def supervise(folder: Path, *modes: str) -> None:
    """Run one child per mode under a supervisor whose waits are short."""
    supervisor.FIRST_WAIT = 0.05
    supervisor.LONGEST_WAIT = 0.1
    children = [
        supervisor.Child(mode, ["tests.ops.nursery", mode, str(folder)], grace=1.0 if mode == "stubborn" else 10.0)
        for mode in modes
    ]
    running = supervisor.Supervisor(
        children, os.environ, say=lambda text: print(text, flush=True), ready=lambda: print("ready", flush=True)
    )
    sys.exit(running.run())


def sleep(folder: Path, name: str = "sleep") -> None:
    """Sleep until SIGTERM, and note both in files named by the order of time."""
    signal.signal(signal.SIGTERM, lambda *_: (_note(folder, f"{name}-ended"), os._exit(0)))
    _note(folder, f"{name}-started")
    while True:
        time.sleep(60)


def first(folder: Path) -> None:
    sleep(folder, "first")


def second(folder: Path) -> None:
    sleep(folder, "second")


def pipe_only(folder: Path) -> None:
    """Sleep, with the kernel's own help (PDEATHSIG) taken back."""
    _forget_kernel()
    sleep(folder, "pipe_only")


def parent(folder: Path) -> None:
    """Make a child as the web server makes its workers, then sleep."""
    multiprocessing.get_context("fork").Process(target=_grandchild, args=(folder,)).start()
    sleep(folder, "parent")


def _grandchild(folder: Path) -> None:
    leash.end_with_parent()
    _forget_kernel()
    sleep(folder, "grandchild")


def stubborn(folder: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _note(folder, "stubborn-started")
    while True:
        time.sleep(60)


def dying(folder: Path) -> None:
    _note(folder, "dying-started")
    sys.exit(3)


def _note(folder: Path, what: str) -> None:
    with (folder / "notes").open("a") as notes:
        notes.write(f"{what} {os.getpid()}\n")


def _forget_kernel() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(leash.PR_SET_PDEATHSIG, 0)


if __name__ == "__main__":
    mode, folder, *more = sys.argv[1:]
    globals()[mode](Path(folder), *more)
