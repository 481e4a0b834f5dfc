"""Robots that answer robots: every pair falls silent after a handful of mails, within an hour of their time.

Two of our own help desks write to each other, and one of ours to three robots that do not say what they are: a vacation
note, a server that returns everything, and an echo. Mails take twenty seconds each way.
"""

import json
import os
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import pytest

from tests.cast import HOUR, MONDAY

pytestmark = [pytest.mark.once]

ROOT = Path(__file__).parents[2]
ON_THE_WAY = timedelta(seconds=20)
# A person's mail, our confirmation, and what two machines say until one of them is not answered.
HANDFUL = 12

Robot = Callable[[EmailMessage], EmailMessage | None]


@dataclass
class Desk:
    """A help desk behind a pipe."""

    address: str
    process: "subprocess.Popen[str]"
    states: list[str] = field(default_factory=list)

    def __call__(self, raw: bytes | None, at: datetime) -> list[bytes]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"at": at.isoformat(), "mail": b64encode(raw).decode() if raw else None}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if raw:
            self.states.append(answer["state"])
        return [b64decode(one) for one in answer["sent"]]


def _environment(folder: Path, domain: str) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return given | {
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
        "HELPDESK_DATA": str(folder),
        "MAIL_FROM": f"support@{domain}",
        "MAIL_URL": "smtp://127.0.0.1:9",
        "PUBLIC_URL": f"https://{domain}",
    }


@pytest.fixture(scope="module")
def empty_desk(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a help desk that nobody used yet, without keys."""
    folder = tmp_path_factory.mktemp("empty")
    shutil.copy(prepared / "helpdesk.sqlite3", folder)
    return folder


@pytest.fixture(scope="module")
def desks(empty_desk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Desk]]:
    """`desks("a.example")`: a help desk of that domain, with keys of its own."""
    tmp_path = tmp_path_factory.mktemp("desks")
    running: list[subprocess.Popen[str]] = []

    def start(domain: str) -> Desk:
        folder = tmp_path / domain
        shutil.copytree(empty_desk, folder)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.loops.desk"],
            cwd=ROOT,
            env=_environment(folder, domain),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        running.append(process)
        return Desk(f"support@{domain}", process)

    yield start
    for process in running:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def desk(desks: Callable[[str], Desk]) -> Desk:
    """One that all robots write to, each from a domain of its own."""
    return desks("desk.example")


def play(desk: Desk, others: dict[str, Callable[[bytes, datetime], list[bytes]]], first: bytes) -> int:
    """Let mails travel for an hour, the first to `desk`; return how many there were. Nobody's mail goes to nobody."""
    under_way = [(MONDAY, desk.address, first)]
    end, count = MONDAY + HOUR, 0
    while under_way:
        under_way.sort(key=lambda one: one[0])
        at, to, raw = under_way.pop(0)
        if at > end:
            break
        count += 1
        assert count < 500, "they go on for ever"
        answers = desk(raw, at) if _is_at(to, desk.address) else others[_domain(to)](raw, at)
        under_way += [(at + ON_THE_WAY, _recipient(answer), answer) for answer in answers]
    return count


def _recipient(raw: bytes) -> str:
    return parseaddr(str(message_from_bytes(raw, policy=policy.default)["To"]))[1]


def _domain(email: str) -> str:
    return email.rpartition("@")[2]


def _is_at(email: str, address: str) -> bool:
    return _domain(email) == _domain(address)


def letter(sender: str, to: str, text: str = "The printer is on fire.", subject: str = "Fire") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = f"<{os.urandom(8).hex()}@{_domain(sender)}>"
    message["Date"] = "Mon, 02 Nov 2026 09:00:00 +0000"
    message.set_content(text)
    return message


# --- The robots -----------------------------------------------------------------------------------


def vacation(got: EmailMessage) -> EmailMessage:
    """Answers whatever comes, and says that it does so by itself."""
    note = letter(
        f"jane@{_domain_of(got)}", _answer_to(got), "I am away until Monday.", f"Out of office: {got['Subject']}"
    )
    note["Auto-Submitted"], note["In-Reply-To"] = "auto-replied", got["Message-ID"]
    return note


def rude_vacation(got: EmailMessage) -> EmailMessage:
    """Says nothing of the kind, and threads nothing."""
    return letter(f"jane@{_domain_of(got)}", _answer_to(got), "Thank you, I will answer soon.", "Your mail")


def returning(got: EmailMessage) -> EmailMessage:
    """Returns everything, in words of its own."""
    text = f"Your message could not be delivered:\n\n550 mailbox unavailable\n\nMessage-ID: {got['Message-ID']}\n"
    return letter(f"MAILER-DAEMON@{_domain_of(got)}", _answer_to(got), text, "Undelivered Mail Returned to Sender")


def echo(got: EmailMessage) -> EmailMessage:
    """Sends back what it gets, threaded as a person's program does."""
    body = got.get_body(("plain",))
    back = letter(
        f"jane@{_domain_of(got)}", _answer_to(got), body.get_content() if body else "", f"Re: {got['Subject']}"
    )
    back["In-Reply-To"], back["References"] = got["Message-ID"], got["Message-ID"]
    return back


def stubborn_echo(got: EmailMessage) -> EmailMessage:
    """Sends it to the address that everybody knows, each time with other words, and threads nothing."""
    return letter(f"jane@{_domain_of(got)}", str(got["From"]), f"Again: {os.urandom(8).hex()}", "Again")


def _domain_of(got: EmailMessage) -> str:
    return _domain(_recipient(got.as_bytes()))


def _answer_to(got: EmailMessage) -> str:
    return str(got["Reply-To"] or got["From"])


@pytest.mark.parametrize(
    "robot", [vacation, rude_vacation, returning, echo, stubborn_echo], ids=lambda robot: robot.__name__
)
def test_a_robot_is_left_alone_after_a_handful(robot: Robot, desk: Desk) -> None:
    def answer(raw: bytes, at: datetime) -> list[bytes]:
        got = message_from_bytes(raw, policy=policy.default)
        assert isinstance(got, EmailMessage)
        made = robot(got)
        return [made.as_bytes()] if made else []

    domain = f"{robot.__name__.replace('_', '-')}.example"
    before = len(desk.states)
    count = play(desk, {domain: answer}, letter(f"jane@{domain}", desk.address).as_bytes())

    assert desk.states[before] == "ticket"
    assert 2 <= count <= HANDFUL


@pytest.mark.parametrize("strips", ["nothing", "headers"])
def test_two_of_our_own_desks_fall_silent(strips: str, desks: Callable[[str], Desk]) -> None:
    """Also where a gateway between them takes away whatever tells a machine's mail from a person's."""
    ours, theirs = desks(f"{strips}.ours.example"), desks(f"{strips}.theirs.example")

    def through(desk: Desk) -> Callable[[bytes, datetime], list[bytes]]:
        return lambda raw, at: desk(_stripped(raw) if strips == "headers" else raw, at)

    count = play(ours, {_domain(theirs.address): through(theirs)}, letter(theirs.address, ours.address).as_bytes())

    assert ours.states[0] == "ticket"
    assert 2 <= count <= HANDFUL


def _stripped(raw: bytes) -> bytes:
    message = message_from_bytes(raw, policy=policy.default)
    for name in ("Auto-Submitted", "X-Auto-Response-Suppress", "X-Helpdesk-Loop", "Precedence"):
        del message[name]
    return message.as_bytes()
