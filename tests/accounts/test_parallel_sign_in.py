"""50 wrong passwords at once, through two web processes on one database: at most 5 of them are looked at."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings

from accounts.models import User

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
MISMATCH = "E-mail address and password do not match."
TOO_MANY = "Too many tries to sign in."
PATIENCE = 30.0


class Web:
    """One web process of its own, on the database of the test."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            self.port: int = chosen.getsockname()[1]
        database = settings.DATABASES["default"]
        url = (
            f"sqlite:///{database['NAME']}"
            if "sqlite" in database["ENGINE"]
            else f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST'] or '127.0.0.1'}"
            f":{database['PORT'] or 5432}/{database['NAME']}"
        )
        command = f"granian --interface wsgi --host 127.0.0.1 --port {self.port} --blocking-threads 8 --log-level error"
        environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command.split(), "tests.accounts.wsgi:application"],
            cwd=ROOT,
            env=environ | {"DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL, "HELPDESK_DATA": str(data)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def wait_until_it_answers(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert self.process.poll() is None
            try:
                if self.get("/healthz")[0] == 200:
                    return
            except (OSError, HTTPException):
                time.sleep(0.1)
        pytest.fail("the web process does not answer")

    def get(self, path: str) -> tuple[int, str, str]:
        return self._ask("GET", path, "", "")

    def sign_in(self, email: str, password: str) -> tuple[int, str]:
        """Send the form as a browser does, with the token of its page."""
        _status, page, cookie = self.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None
        body = urlencode({"csrfmiddlewaretoken": token[1], "login": email, "password": password})
        status, page, _cookie = self._ask("POST", "/accounts/login/", body, cookie)
        return status, page

    def _ask(self, method: str, path: str, body: str, cookie: str) -> tuple[int, str, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            headers = {"Host": "localhost", "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            cookies = (response.getheader("Set-Cookie") or "").partition(";")[0]
            return response.status, response.read().decode(), cookies
        finally:
            connection.close()

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def two_processes(transactional_db: None, tmp_path: Path) -> Iterator[list[Web]]:
    running = [Web(tmp_path), Web(tmp_path)]
    try:
        for web in running:
            web.wait_until_it_answers()
        yield running
    finally:
        for web in running:
            web.end()


def test_fifty_wrong_passwords_at_once_let_at_most_five_through(two_processes: list[Web], grace: User):
    def one(number: int) -> tuple[int, str]:
        return two_processes[number % 2].sign_in("grace@example.com", f"wrong {number}")

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(one, range(50)))

    looked_at = [status for status, page in answers if MISMATCH in page]
    refused = [status for status, page in answers if TOO_MANY in page]
    assert 1 <= len(looked_at) <= 5
    assert len(looked_at) + len(refused) == 50
    assert set(refused) == {429}
