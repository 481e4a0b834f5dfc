"""A burst: 200 tickets that 50 agents are told of, 10,000 mails. What sending them costs, and the desk meanwhile."""

import atexit
import smtplib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from random import Random
from time import sleep
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from accounts.models import Address, Role, User
from accounts.principal import Principal
from bench import world
from bench.mails import SENTENCES
from bench.scenario import Case, Scenario, Target
from helpdesk import relay
from mail import composing, outbound
from mail.common import Common
from mail.models import MailState, OutgoingMail
from mail.url import SmtpServer, parse
from tickets import actions
from tickets.models import Department, DepartmentAccess, Source, Ticket

ALERTS, REPLIES, QUIET, BUSY = (
    "alert, one of a burst",
    "reply, each to another requester",
    "queue “Open”, nothing waits to be sent",
    "queue “Open”, 10,000 mails wait to be sent",
)
# A server takes one mail after another, each in so many seconds.
PACE = 0.02
AT_ONCE_BY_US, AT_ONCE_BY_SMTPLIB, PACED_BY_US, PACED_BY_SMTPLIB = (
    "four threads of a worker, a server that takes each at once",
    "smtplib alone with these mails, four threads, the same server",
    "four threads of a worker, a server that takes 20 ms for each",
    "smtplib alone with these mails, four threads, that server",
)
BURST, TOLD, TICKETS = "Burst", 50, 200
# What is sent in one time: as much as the relay hands out at once.
AT_ONCE = relay.BATCH
# At a server's pace several of these follow each other, as in a burst.
IN_A_ROW = 4
KIND = next(kind for kind in relay.KINDS if kind.model is OutgoingMail)


def cases() -> Sequence[Case]:
    fast, slow = f"smtp://127.0.0.1:{_mail_server()}", f"smtp://127.0.0.1:{_mail_server(PACE)}"
    settings.MAIL_URL = fast
    # What the load left waiting, and an earlier run.
    OutgoingMail.objects.filter(due_at__isnull=False).update(due_at=None, claim=None, state=MailState.CANCELLED)
    burst = _Burst()
    client = Client(SERVER_NAME="localhost")
    client.force_login(burst.sees_all, backend=settings.AUTHENTICATION_BACKENDS[-1])
    paced = IN_A_ROW * AT_ONCE
    return [
        Case(QUIET, lambda _none: _look(client), lambda: burst.let_wait(0)),
        Case(BUSY, lambda _none: _look(client), lambda: burst.let_wait(TOLD * TICKETS)),
        Case(ALERTS, _send, lambda: burst.let_wait_for(fast, AT_ONCE), each=AT_ONCE),
        Case(REPLIES, _send, lambda: burst.answer(fast), each=AT_ONCE),
        Case(AT_ONCE_BY_SMTPLIB, _send_bare, lambda: burst.composed(fast, AT_ONCE), each=AT_ONCE),
        Case(AT_ONCE_BY_US, _send_by_threads, lambda: burst.let_wait_for(fast, AT_ONCE), each=AT_ONCE),
        Case(PACED_BY_SMTPLIB, _send_bare, lambda: burst.composed(slow, paced), each=paced),
        Case(PACED_BY_US, _send_by_threads, lambda: burst.let_wait_for(slow, paced), each=paced),
    ]


class _Burst:
    def __init__(self) -> None:
        built = world.found()
        self.people: list[Address] = built.people
        self.sees_all = built.sees_all
        self.department, _made = Department.objects.get_or_create(
            name=BURST, parent=None, defaults={"acknowledges": False}
        )
        role = Role.objects.get(name="All access")
        agents = list(User.objects.agents().order_by("pk")[:TOLD])
        DepartmentAccess.objects.bulk_create(
            (DepartmentAccess(agent=agent, department=self.department, role=role) for agent in agents),
            ignore_conflicts=True,
        )
        self.numbers = count()
        self.random = Random(1)

    def let_wait(self, mails: int) -> None:
        """Let so many alerts wait, and nothing else: others are put aside, or fetched from there."""
        queued = OutgoingMail.objects.filter(state=MailState.QUEUED)
        waiting = queued.filter(due_at__isnull=False).count()
        if waiting > mails:
            pks = queued.filter(due_at__isnull=False).order_by("-pk").values("pk")[: waiting - mails]
            queued.filter(pk__in=list(pks.values_list("pk", flat=True))).update(due_at=None)
        if waiting < mails:
            aside = queued.filter(due_at=None).order_by("pk").values_list("pk", flat=True)
            waiting += queued.filter(pk__in=list(aside[: mails - waiting])).update(due_at=now())
        while waiting < mails:
            self._open(next(self.numbers))
            waiting += TOLD
        with connection.cursor() as cursor:
            # PostgreSQL does it by itself after so many changes, some time; what it costs is not counted either way.
            cursor.execute("VACUUM mail_outgoingmail")

    def let_wait_for(self, server: str, mails: int) -> int:
        """Let so many alerts wait, which go to that server; return how many."""
        settings.MAIL_URL = server
        self.let_wait(mails)
        return mails

    def composed(self, server: str, mails: int) -> tuple[str, list[tuple[str, bytes]]]:
        """Return the server and so many alerts, (recipient, message), which go on waiting."""
        self.let_wait(mails)
        waiting = OutgoingMail.objects.filter(due_at__isnull=False).select_related("ticket", "address__user")
        first = list(waiting.order_by("pk")[:mails])
        common = Common(first)
        return server, [(mail.recipient, composing.compose(mail, common).message().as_bytes()) for mail in first]

    def answer(self, server: str) -> int:
        """Let nothing wait but replies to so many requesters, which go to that server; return how many."""
        settings.MAIL_URL = server
        self.let_wait(0)
        for _each in range(AT_ONCE):
            number = next(self.numbers)
            ticket = self._open(number)
            OutgoingMail.objects.filter(ticket=ticket).update(due_at=None, state=MailState.CANCELLED)
            actions.reply(ticket=ticket, text="\n".join(SENTENCES[:4]), by=Principal.agent(self.sees_all), at=now())
        return AT_ONCE

    def _open(self, number: int) -> Ticket:
        return actions.open_received(
            address=self.people[number % len(self.people)],
            topic=None,
            subject="Receipts are missing",
            text="\n".join(self.random.sample(SENTENCES, 4)),
            source=Source.MAIL,
            by=Principal.system("bench"),
            at=now(),
            department=self.department,
            request_key=uuid4().hex,
        )


def _send(mails: int) -> None:
    """Do what relay and workers do, but for the broker between them."""
    out: list[tuple[Sequence[int], UUID]] = []
    relay.hand_out(KIND, at=now(), send=lambda pks, claim: out.append((pks, claim)))
    _require_sent([outbound.send_all(pks, claim) for pks, claim in out], mails)


def _send_by_threads(mails: int) -> None:
    """Do the same by as many threads as a worker has, the relay giving them more as often as it looks."""
    sent: list[Future[dict[int, MailState]]] = []
    out = 0
    while out < mails:
        out += relay.hand_out(
            KIND, at=now(), send=lambda pks, claim: sent.append(_threads.submit(outbound.send_all, pks, claim))
        )
        if out < mails:
            sleep(relay.GLANCE)
    _require_sent([bundle.result() for bundle in sent], mails)


def _send_bare(prepared: tuple[str, list[tuple[str, bytes]]]) -> None:
    """Hand over finished messages, which is the pace that the server can be given them at."""
    address, messages = prepared
    server = parse(address)
    assert isinstance(server, SmtpServer)
    size = len(messages) // relay.THREADS

    def hand_over(start: int) -> None:
        with smtplib.SMTP(server.host, server.port) as smtp:
            for recipient, message in messages[start : start + size]:
                smtp.sendmail("support@helpdesk.example", recipient, message)

    list(_threads.map(hand_over, range(0, len(messages), size)))


def _require_sent(bundles: Sequence[Mapping[int, MailState]], mails: int) -> None:
    became = [state for bundle in bundles for state in bundle.values()]
    assert became == [MailState.SENT] * mails, f"{len(became)} mails: {set(became)}"


# As those of a worker: they are there all the time, each with its connection to the database.
_threads = ThreadPoolExecutor(relay.THREADS)


def _look(client: Client) -> None:
    answer = client.get("/desk/queues/open/")
    assert answer.status_code == 200


def _mail_server(pace: float = 0.0) -> int:
    """Start a mail server that takes everything, each in so many seconds; its time is its own and not counted."""
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.mailserver", str(pace)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    atexit.register(server.terminate)
    return int(server.stdout.readline())


SCENARIO = Scenario(
    about="Mails to a server on loopback that takes each at once: from the row that is due to the row that says it is "
    "sent, a hundred at a time as the relay hands them out, without the broker, and four hundred where the server has "
    "a pace. 50 agents are told of each ticket. A figure is for one mail. What the server itself can take is measured "
    "by smtplib alone.",
    cases=cases,
    targets=[
        Target(ALERTS, most_ms=6.0),
        Target(BUSY, most_times=1.1, over=QUIET),
        Target(PACED_BY_US, most_times=1.1, over=PACED_BY_SMTPLIB, of_wall=True),
    ],
)
