"""The crowd, made once for all tests of this folder, and what a page costs there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.crowd.crowd import Crowd, make_crowd


@pytest.fixture(scope="package")
def crowd(django_db_setup: None, django_db_blocker, long_run: bool) -> Iterator[Crowd]:
    """Nothing of it stays: each test runs in a savepoint of the transaction that made it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_crowd(is_whole=long_run)
        transaction.set_rollback(True)


@dataclass(frozen=True)
class Cost:
    """What a page asked of the database, and how much it sent. Printed, so that a budget can be set."""

    queries: int
    kilobytes: int
    options: int
    answer: HttpResponse


@pytest.fixture
def visit(db: None, crowd: Crowd, sign_in: Callable[[User], Client]) -> Callable[..., Cost]:
    """`visit(crowd.olga, "/desk/")`: what the page costs her, once a process knows the site."""
    clients: dict[int, Client] = {}

    def visit(user: User, path: str) -> Cost:
        client = clients.setdefault(user.pk, sign_in(user))
        client.get(path)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
        assert answer.status_code == 200, path
        cost = Cost(len(asked), len(answer.content) // 1024, answer.text.count("<option"), answer)
        print(f"{path}: {cost.queries} queries, {cost.kilobytes} KB, {cost.options} options")
        return cost

    return visit
