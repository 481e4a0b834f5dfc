"""Mailboxes for their tests: on a Dovecot, and on a server that answers as a test has written it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
from django.utils.timezone import now

from core import secrets
from mail.fetching import fetcher
from mail.models import Mailbox, Protocol, Security
from tests.mail.fetching.scripted import ScriptedImap
from tests.plugins.dovecot import PASSWORD, Dovecot

_users = count(1)


@pytest.fixture
def dovecot(dovecot_server: Dovecot) -> Dovecot:
    return dovecot_server


@pytest.fixture
def user() -> str:
    """A user of the Dovecot whom no other test has."""
    return f"user{next(_users)}-{uuid4().hex[:6]}"


@pytest.fixture
def make_mailbox(dovecot: Dovecot, user: str, db: None) -> Callable[..., Mailbox]:
    """`make_mailbox(after_fetch=…)`: a mailbox of ours on the Dovecot."""

    def make(name: str = "support", **fields: object) -> Mailbox:
        protocol = fields.setdefault("protocol", Protocol.IMAP)
        usual = {
            "host": "127.0.0.1",
            "port": dovecot.imap if protocol == Protocol.IMAP else dovecot.pop3,
            "security": Security.NONE,
            "username": user,
            "secret": secrets.encrypt(PASSWORD.encode()),
            "due_at": now(),
        }
        return Mailbox.objects.create(name=name, address=f"{name}@example.com", **usual | fields)

    return make


@pytest.fixture
def fetch() -> Callable[[Mailbox], Mailbox]:
    """`fetch(mailbox)`: one turn of a worker; returns the mailbox as it stands then."""

    def fetch(mailbox: Mailbox) -> Mailbox:
        claim = uuid4()
        Mailbox.objects.filter(pk=mailbox.pk).update(claim=claim, due_at=now() + timedelta(minutes=2))
        fetcher.fetch(mailbox.pk, claim)
        return Mailbox.objects.get(pk=mailbox.pk)

    return fetch


@pytest.fixture
def scripted(settings: object) -> Iterator[ScriptedImap]:
    settings.SOCKET_TIMEOUT = 1.0
    with ScriptedImap() as server:
        yield server


@pytest.fixture
def scripted_mailbox(scripted: ScriptedImap, db: None) -> Mailbox:
    return Mailbox.objects.create(
        name="scripted",
        address="scripted@example.com",
        protocol=Protocol.IMAP,
        host="127.0.0.1",
        port=scripted.port,
        security=Security.NONE,
        username="support",
        secret=secrets.encrypt(b"secret"),
        due_at=now(),
    )
