"""Workers as processes, each claiming by itself, as if as many relays were active at once. They can be killed."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection, connections
from django.utils.timezone import now

from helpdesk.relay import WorkKind, hand_out


def fork(kinds: Sequence[WorkKind], *, most: int, dies_after: int = 0) -> int:
    """Start a worker that takes at most so many rows at once; return its process id. It ends when all is done.

    With `dies_after` it kills itself within its work, when so many queries were begun or answered.
    """
    for one in connections.all():
        one.close()
        if one.vendor == "postgresql":
            # The pool's threads stay behind when a process forks.
            one.close_pool()
    if pid := os.fork():
        return pid
    try:
        _work(kinds, most, _Death(dies_after) if dies_after else None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def wait_for(pid: int) -> int:
    """Return how it ended: 0 when all was done, -9 when it was killed."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class _Death:
    """Comes at the so-manieth beginning or end of a query."""

    def __init__(self, after: int) -> None:
        self._left = after

    def __call__(self, execute: Callable[..., Any], *query: Any) -> Any:
        self._step()
        answer = execute(*query)
        self._step()
        return answer

    def _step(self) -> None:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


def _work(kinds: Sequence[WorkKind], most: int, death: _Death | None) -> None:
    """Claim and do what is due, as a relay and a worker of its own, until nothing is due or in anybody's hand."""
    while True:
        taken = sum(_take(kind, most, death) for kind in kinds)
        soon = now() + settings.CLAIM_TIME
        if not taken and not any(kind.model._default_manager.filter(due_at__lte=soon).exists() for kind in kinds):
            return
        if not taken:
            time.sleep(0.02)


def _take(kind: WorkKind, most: int, death: _Death | None) -> int:
    out: list[tuple[Sequence[int], UUID]] = []
    taken = hand_out(kind, at=now(), limit=most, send=lambda pks, claim: out.append((pks, claim)))
    for pks, claim in out:
        watched: AbstractContextManager[Any] = connection.execute_wrapper(death) if death else nullcontext()
        with watched, _survived():
            kind.task(list(pks) if kind.bundle else pks[0], str(claim))
    return taken


@contextmanager
def _survived() -> Iterator[None]:
    """Live on as a worker does whose task waited too long for SQLite; the row comes again when its claim is over."""
    try:
        yield
    except OperationalError as fault:
        if "database is locked" not in str(fault):
            raise
