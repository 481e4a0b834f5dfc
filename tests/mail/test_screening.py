"""How much a sender may write, counted by the latest mails alone."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import SiteSettings
from mail import screening
from mail.models import Door, IncomingMail, IncomingState, Reason
from tests.cast import HOUR, MINUTE, MONDAY
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

ADA = "ada@example.org"


def came(ago: timedelta, ticket: Ticket | None = None, sender: str = ADA) -> IncomingMail:
    state, reason = (IncomingState.MESSAGE, Reason.SUBJECT) if ticket else (IncomingState.TICKET, Reason.NEW)
    at = MONDAY - ago
    return IncomingMail.objects.create(
        door=Door.PIPE, sender=sender, size=1, stored_at=at, arrived_at=at, taken_in_at=at, state=state, reason=reason,
        ticket=ticket,
    )  # fmt: skip


@pytest.mark.parametrize("says_who_sent_it", [True, False])
@pytest.mark.parametrize(("lately", "is_too_much"), [("2", False), ("3", True)])
def test_an_hour_is_an_hour(lately: str, is_too_much: bool, says_who_sent_it: bool) -> None:
    """The mail itself counts, whether or not it is written already what it says of its sender."""
    site = SiteSettings(most_mails_an_hour=2)
    for ago in (3 * HOUR, 2 * HOUR, HOUR):
        came(ago)
    for _ in range(int(lately) - 1):
        came(10 * MINUTE)
        came(5 * MINUTE, sender="bob@example.net")
    mail = came(MINUTE, sender=ADA if says_who_sent_it else "")

    assert screening.writes_too_much(mail, ADA, site=site, at=MONDAY) is is_too_much


@pytest.mark.parametrize(("lately", "is_too_much"), [("9", False), ("10", True)])
def test_ten_into_one_ticket_within_ten_minutes(ticket: Ticket, lately: str, is_too_much: bool) -> None:
    for _ in range(5):
        came(10 * MINUTE, ticket)
    for _ in range(int(lately)):
        came(9 * MINUTE, ticket)
        came(9 * MINUTE)

    assert screening.writes_too_much_into(ticket, ADA, MONDAY) is is_too_much


def test_what_a_sender_ever_wrote_is_not_looked_through() -> None:
    """The order is by key, so a condition on the time would be tried on each mail of a busy sender."""
    mail = came(MINUTE)
    with CaptureQueriesContext(connection) as queries:
        screening.writes_too_much(mail, ADA, site=SiteSettings(), at=MONDAY)

    (query,) = queries
    assert "stored_at" not in query["sql"].partition("WHERE")[2]
