"""The supervisor and the leash, on programs that do nothing but live and die."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpdesk import supervisor

pytestmark = pytest.mark.once

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(*modes: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.ops.nursery", "supervise", str(tmp_path), *modes]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
    # What a failed test left behind would outlive it.
    for pid in pids(tmp_path):
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_sigterm_stops_the_children_in_their_order_and_ends_well(start, tmp_path):
    process = start("first", "second")
    wait_for(tmp_path, "first-started", "second-started")

    process.terminate()

    assert process.wait(timeout=10) == 0
    assert [word for word in words(tmp_path) if word.endswith("ended")] == ["first-ended", "second-ended"]


def test_sigint_stops_them_too(start, tmp_path):
    process = start("first")
    wait_for(tmp_path, "first-started")

    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=10) == 0


def test_sigkill_leaves_no_orphan_with_nothing_but_the_pipe(start, tmp_path):
    process = start("pipe_only", "parent")
    wait_for(tmp_path, "pipe_only-started", "parent-started", "grandchild-started")

    process.kill()
    process.wait()

    eventually(lambda: not any(map(is_alive, pids(tmp_path))))


def test_what_a_dead_child_left_behind_is_killed_before_it_starts_again(start, tmp_path):
    start("parent")
    wait_for(tmp_path, "parent-started", "grandchild-started")
    before = pids(tmp_path)

    os.kill(pid_of(tmp_path, "parent-started"), signal.SIGKILL)

    eventually(lambda: words(tmp_path).count("grandchild-started") == 2)
    assert not any(map(is_alive, before))


def test_a_grandchild_goes_when_its_parent_and_the_supervisor_die_together(start, tmp_path):
    process = start("parent")
    wait_for(tmp_path, "parent-started", "grandchild-started")

    process.send_signal(signal.SIGSTOP)
    os.kill(pid_of(tmp_path, "parent-started"), signal.SIGKILL)

    eventually(lambda: not is_alive(pid_of(tmp_path, "grandchild-started")))


def test_a_child_that_keeps_dying_is_given_up_and_said_so(start, tmp_path):
    process = start("sleep", "dying")

    assert process.wait(timeout=60) == 1
    assert "The dying ended 6 times right after its start; giving up." in process.stdout.read()
    assert words(tmp_path).count("dying-started") == 6
    assert not any(map(is_alive, pids(tmp_path)))


def test_a_child_that_does_not_listen_is_killed_after_its_grace(start, tmp_path):
    process = start("stubborn")
    wait_for(tmp_path, "stubborn-started")

    process.terminate()

    assert process.wait(timeout=10) == 0
    assert "The stubborn is still busy; killing it." in process.stdout.read()
    assert not any(map(is_alive, pids(tmp_path)))


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_port_that_somebody_listens_on_is_found(family, host):
    try:
        listener = socket.create_server((host, 0), family=family, reuse_port=True)
    except OSError:
        pytest.skip(f"this machine has no {host}")

    with listener, pytest.raises(OSError, match="in use"):
        supervisor.require_free_port(listener.getsockname()[1], patience=0)


def words(folder: Path) -> list[str]:
    try:
        return [line.split()[0] for line in (folder / "notes").read_text().splitlines()]
    except FileNotFoundError:
        return []


def pids(folder: Path) -> list[int]:
    try:
        return [int(line.split()[1]) for line in (folder / "notes").read_text().splitlines()]
    except FileNotFoundError:
        return []


def pid_of(folder: Path, word: str) -> int:
    return pids(folder)[words(folder).index(word)]


def wait_for(folder: Path, *expected: str) -> None:
    eventually(lambda: set(expected) <= set(words(folder)))


def eventually(condition: Callable[[], bool], within: float = 15.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
