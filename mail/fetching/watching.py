"""Watching: IDLE (RFC 2177). Servers that tell of new mail by themselves make a mailbox due at once.

One thread in every worker; each mailbox is watched by one of them, by a lease. News only brings forward what polling
does anyway, so losing any of it loses nothing.
"""

import logging
import os
import selectors
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

from django.db import DatabaseError, InterfaceError, connections
from django.utils.timezone import now
from imap_tools import BaseMailBox

from core import lease, wakeups
from mail.fetching.connecting import connect_imap, port_of, sign_in_imap
from mail.models import Mailbox, Protocol
from mail.trouble import Trouble, plain_words

logger = logging.getLogger(__name__)

LOOK = 5.0
LEASE_LASTS = timedelta(seconds=60)
# Servers hang up after half an hour of silence (RFC 2177 section 3).
ANEW_AFTER = 20 * 60.0
FIRST_BACKOFF, LONGEST_BACKOFF = 15.0, 900.0
# Who offers no IDLE is asked again after so long.
WITHOUT_IDLE = 3600.0
MOST = 100


@dataclass(slots=True)
class Watch:
    """A connection on which a server may speak at any time."""

    pk: int
    # What it was opened with: another way to the mailbox needs another connection.
    way: tuple[Any, ...]
    client: BaseMailBox
    since: float
    has_news: bool = False


class Watcher:
    """The thread of one worker. `start` and `stop` are called once each."""

    def __init__(self) -> None:
        self.holder = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid4().hex[:8]}"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._watches: dict[int, Watch] = {}
        self._not_before: dict[int, float] = {}
        self._waits: dict[int, float] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, wait: float = 0.0) -> None:
        self._stopped.set()
        if wait and self._thread.is_alive():
            self._thread.join(wait)

    def turn(self, at: datetime) -> None:
        """Watch what is to be watched and nothing else; pass news on that could not be passed on before."""
        wanted = {box.pk: box for box in self._wanted(at)}
        for pk in [pk for pk, watch in self._watches.items() if pk not in wanted or watch.way != _way(wanted[pk])]:
            self._end(pk)
        for pk, box in wanted.items():
            if pk not in self._watches and monotonic() >= self._not_before.get(pk, 0.0):
                self._begin(box)
        for watch in list(self._watches.values()):
            if monotonic() - watch.since > ANEW_AFTER:
                self._end(watch.pk)
            elif watch.has_news:
                watch.has_news = not _make_due(watch.pk, now())

    def listen(self, seconds: float) -> None:
        """Wait so long for news, or until there is some."""
        with selectors.DefaultSelector() as selector:
            for watch in self._watches.values():
                selector.register(watch.client.client.sock, selectors.EVENT_READ, watch)
            if not self._watches:
                self._stopped.wait(seconds)
                return
            for key, _events in selector.select(seconds):
                self._hear(key.data)

    def close(self) -> None:
        for pk in list(self._watches):
            self._end(pk)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.turn(now())
                self.listen(LOOK)
            except (DatabaseError, InterfaceError) as error:
                logger.warning("the watcher waits for the database: %s", " ".join(str(error).split()))
                _let_go()
                self._stopped.wait(LOOK)
            except Exception:
                logger.exception("the watcher failed and goes on")
                self._stopped.wait(LOOK)
        self.close()
        _let_go()

    def _wanted(self, at: datetime) -> Iterable[Mailbox]:
        """Yield the mailboxes that are ours to watch: they work, and no other worker has them."""
        boxes = Mailbox.objects.filter(is_active=True, protocol=Protocol.IMAP, failing_since=None)
        for box in boxes.exclude(connected_at=None).order_by("pk")[:MOST]:
            if lease.take(_lease(box.pk), holder=self.holder, at=at, lasts=LEASE_LASTS):
                yield box

    def _begin(self, box: Mailbox) -> None:
        try:
            client = connect_imap(box)
        except Trouble as trouble:
            self._wait(box.pk, trouble)
            return
        try:
            sign_in_imap(client, box)
            if "IDLE" not in client.client.capabilities:
                self._not_before[box.pk] = monotonic() + WITHOUT_IDLE
                _shut(client)
                return
            with plain_words(box.host, port_of(box)):
                client.folder.set(box.folder, readonly=True)
                client.idle.start()  # type: ignore[no-untyped-call]
        except Exception as trouble:
            # Whatever a server said: its connection is closed, and the mailboxes behind it have their turn.
            _shut(client)
            self._wait(box.pk, trouble)
            return
        self._waits.pop(box.pk, None)
        # What came since the last fetch and before this moment would be told by nobody.
        self._watches[box.pk] = Watch(box.pk, _way(box), client, monotonic(), has_news=True)

    def _hear(self, watch: Watch) -> None:
        try:
            lines = watch.client.idle.poll(timeout=0)
        except Exception:
            lines = []
        if not lines:
            # It hung up.
            self._end(watch.pk)
            self._wait(watch.pk, None)
        elif any(b"EXISTS" in line for line in lines):
            watch.has_news = not _make_due(watch.pk, now())

    def _wait(self, pk: int, trouble: Exception | None) -> None:
        """Try again later, and later each time. What is wrong the fetcher says."""
        if trouble is not None and not isinstance(trouble, Trouble):
            logger.error("mailbox %s cannot be watched", pk, exc_info=trouble)
        wait = self._waits[pk] = min(self._waits.get(pk, FIRST_BACKOFF / 2) * 2, LONGEST_BACKOFF)
        self._not_before[pk] = monotonic() + wait
        logger.info("mailbox %s is not watched for %d s: %s", pk, wait, trouble or "its server hung up")

    def _end(self, pk: int) -> None:
        _shut(self._watches.pop(pk).client)
        with suppress(DatabaseError, InterfaceError):
            lease.give_back(_lease(pk), holder=self.holder)


def _make_due(pk: int, at: datetime) -> bool:
    """Let the mailbox be fetched from now; say whether that was possible: not while somebody fetches."""
    rows = Mailbox.objects.filter(pk=pk, is_active=True, claim=None)
    if rows.filter(due_at__gt=at).update(due_at=at):
        wakeups.wake()
        return True
    return rows.exists()


def _way(box: Mailbox) -> tuple[Any, ...]:
    secret = bytes(box.secret or b"")
    return (box.host, port_of(box), box.security, box.username, box.authentication, box.folder, secret)


def _lease(pk: int) -> str:
    return f"idle:{pk}"


def _shut(client: BaseMailBox) -> None:
    with suppress(Exception):
        client.client.shutdown()


def _let_go() -> None:
    with suppress(DatabaseError, InterfaceError):
        connections.close_all()
