"""SIGKILL of the worker, which fetches and takes in, and of PostgreSQL: server and ledger agree to the mail.

Mails arrive in a folder of a real IMAP server while the help desk fetches them; afterwards each is in the ledger once,
with its very bytes, became one ticket, and the server was told. Two seeds of a hundred mails, twenty of a thousand with
--long; KILL_SEED=n repeats a run.
"""

import hashlib
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tests.kill.cluster import cluster
from tests.kill.theatre import ROOT, HelpDesk, Stage, eventually
from tests.mail import samples

KILLS = 3
AFTER = ("seen", "move", "delete")
KEY = "a2lsbCB0ZXN0IGtleSwgMzIgYnl0ZXMgbG9uZyEhISE="

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for the worker in /proc"),
    pytest.mark.timeout(900),
]


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        if given := os.environ.get("KILL_SEED"):
            seeds = [int(given)]
        else:
            # Side by side, every process has to find the same tests.
            run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or random.SystemRandom().getrandbits(64)
            first = random.Random(f"mail {run}").randrange(1_000_000)
            seeds = [first + i for i in range(20 if metafunc.config.getoption("--long") else 1)]
        metafunc.parametrize("seed", seeds)


@pytest.fixture(scope="module")
def scene(tmp_path_factory, dovecot_server, request):
    """A help desk over its own cluster, with a mailbox for every seed, switched off."""
    seeds = [item.callspec.params["seed"] for item in request.session.items if item.path == Path(__file__)]
    with cluster() as own:
        folder = tmp_path_factory.mktemp("mail")
        environ = Stage(folder, "").environ(folder, "") | {
            "DATABASE_URL": own.url,
            "FIELD_KEYS": KEY,
            "HELPDESK_CLAIM_SECONDS": "4",
            "HELPDESK_RETRY_SECONDS": "0.2",
        }
        environ.pop("REDIS_URL", None)
        users = [f"seed{seed}={after_of(seed)}" for seed in seeds]
        for command in (
            ["manage.py", "prepare", "--only", "database"],
            ["-m", "tests.kill.postman", str(dovecot_server.imap), *users],
        ):
            subprocess.run([sys.executable, *command], env=environ, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        desk = HelpDesk(environ)
        desk.start()
        try:
            eventually(desk.has_begun, "no relay has started", within=90)
            yield desk, own
        finally:
            desk.stop()


def test_server_and_ledger_agree_to_the_mail(scene, dovecot_server, long_run, seed, capsys):
    desk, own = scene
    dice, user, count = random.Random(seed), f"seed{seed}", 1_000 if long_run else 100
    mails = [letter(seed, number) for number in range(count)]
    dovecot_server.deliver(user=user, folder="Done")
    dovecot_server.deliver(*mails[: count // 2], user=user)
    started, told = time.monotonic(), []

    desk.ask(f"UPDATE mail_mailbox SET is_active = true, due_at = now() WHERE name = '{user}' RETURNING 1")
    with arriving(dovecot_server, user, mails[count // 2 :]):
        for share in sorted(dice.uniform(0.02, 0.9) for _ in range(KILLS if long_run else 2)):
            eventually(lambda s=share: stored(desk, user) >= s * count, "nothing is stored any more", within=120)
            time.sleep(dice.uniform(0.0, 0.05))
            victim = dice.choice(["worker", "PostgreSQL"])
            told.append(f"{victim} at {stored(desk, user)}")
            kill(victim, desk, own)
    try:
        eventually(lambda: is_done(desk, user, count), "it never became quiet", within=300)
        eventually(lambda: is_told(dovecot_server, user, seed, count), "the server was not told", within=60)
    except BaseException:
        print(desk.ask(f"SELECT last_error, failures, last_uid FROM mail_mailbox WHERE name = '{user}'"), desk.log())
        raise

    with capsys.disabled():
        print(f"\nseed {seed}: {count} mails, {after_of(seed)}, killed: {', '.join(told)}", end="")
        print(f"; {time.monotonic() - started:.1f} s")
    rows = desk.ask(
        "SELECT b.sha256, m.state, m.place, m.ticket_id "
        "FROM mail_incomingmail m JOIN core_blob b ON b.id = m.raw_id "
        f"JOIN mail_mailbox x ON x.id = m.mailbox_id WHERE x.name = '{user}'"
    )
    assert Counter(row[0] for row in rows) == Counter(hashlib.sha256(mail).hexdigest() for mail in mails)
    assert Counter(row[1] for row in rows) == {"ticket": count}
    assert len({row[2] for row in rows}) == len({row[3] for row in rows}) == count
    subjects = desk.ask(f"SELECT subject FROM tickets_ticket WHERE subject LIKE 'Seed {seed} mail %'")
    assert Counter(subject for (subject,) in subjects) == {f"Seed {seed} mail {number}": 1 for number in range(count)}
    files = Path(desk.environ["HELPDESK_DATA"]) / "files"
    lost = [digest for digest, *_ in rows if not (files / digest[:2] / digest[2:4] / digest).exists()]
    assert lost == []
    desk.ask(f"UPDATE mail_mailbox SET is_active = false WHERE name = '{user}' RETURNING 1")


def letter(seed, number):
    mail = samples.mail(
        f"Question number {number}.",
        sender=f"Asker <asker{number}@seed{seed}.example.org>",
        subject=f"Seed {seed} mail {number}",
        message_id=f"<{seed}.{number}@example.org>",
    )
    return mail.replace(b"\n", b"\r\n")


def after_of(seed):
    return AFTER[seed % len(AFTER)]


@contextmanager
def arriving(server, user, mails):
    """Let mails arrive while the block runs; all have arrived at its end."""

    def post():
        for begin in range(0, len(mails), 10):
            server.deliver(*mails[begin : begin + 10], user=user)

    thread = threading.Thread(target=post)
    thread.start()
    yield
    thread.join()


def kill(victim, desk, own):
    if victim == "PostgreSQL":
        own.kill()
        own.start()
        return
    desk.kill("worker")
    eventually(desk.has_begun, "no relay has started", within=90)


def stored(desk, user):
    with suppress(psycopg.Error):
        return desk.ask(
            "SELECT count(*) FROM mail_incomingmail m JOIN mail_mailbox x ON x.id = m.mailbox_id "
            f"WHERE x.name = '{user}'"
        )[0][0]
    return 0


def is_done(desk, user, count):
    with suppress(psycopg.Error):
        waiting = desk.ask(
            "SELECT count(*) FROM mail_incomingmail m JOIN mail_mailbox x ON x.id = m.mailbox_id "
            f"WHERE x.name = '{user}' AND m.state = 'stored'"
        )[0][0]
        return not waiting and stored(desk, user) >= count
    return False


def is_told(server, user, seed, count):
    """Say whether the folders are as they should be: all are marked, or in the archive once each, or gone."""
    inbox, done = server.flags(user=user), server.flags(user=user, folder="Done")
    match after_of(seed):
        case "seen":
            return len(inbox) == count and all("\\Seen" in flags for flags in inbox.values()) and not done
        case "move":
            return not inbox and len(done) == count
        case _:
            return not inbox and not done
