"""SQLite learns how its tables are filled; PostgreSQL knows."""

import pytest
from django.db import connection

from core import statistics
from helpdesk.relay import PERIODIC
from tests.cast import MONDAY

pytestmark = pytest.mark.django_db


def test_sqlite_looks_at_its_indexes_and_postgresql_is_asked_nothing(ticket, django_assert_num_queries):
    with django_assert_num_queries(2 if connection.vendor == "sqlite" else 0):
        statistics.refresh(MONDAY)

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT idx FROM sqlite_stat1 WHERE tbl = 'tickets_ticket'")
            assert "ticket_by_requester" in {name for (name,) in cursor.fetchall()}


def test_that_is_done_by_itself():
    assert statistics.refresh in {job.run for job in PERIODIC.values()}
