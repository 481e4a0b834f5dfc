"""What the tests of the requester's pages share: a form filled in, and a link to Ada's ticket."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from core.models import SiteSettings
from tests import cast
from tickets import actions, links
from tickets.models import Department, HelpTopic, Ticket


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes answers equally slow has tests of its own."""
    from datetime import timedelta

    from portal import pace

    monkeypatch.setattr(pace, "ANSWER_AFTER", timedelta())


@pytest.fixture
def browser() -> Client:
    """A browser of somebody who is not signed in. It checks CSRF as the real site does."""
    return Client()


@pytest.fixture
def filled_in(topic: HelpTopic) -> Callable[..., dict[str, object]]:
    """`filled_in(email="")`: the form of "Open a ticket", with what the test changes."""

    def fill(**changes: object) -> dict[str, object]:
        form: dict[str, object] = {
            "email": "ada@example.org",
            "name": "Ada",
            "topic": str(topic.pk),
            "subject": "The invoice of October is wrong",
            "text": "We were billed twice.",
            "request_key": "0123456789abcdef0123456789abcdef",
            "website": "",
        }
        return form | changes

    return fill


@pytest.fixture
def one_each(db: None) -> None:
    """One person may have one open ticket at a time."""
    SiteSettings.objects.update(most_open_tickets=1)


@pytest.fixture
def full(one_each: None, ada: User, topic: HelpTopic) -> Ticket:
    """Ada has as many open tickets as one may have."""
    return cast.make_ticket(ada, topic, at=timezone.now())


@pytest.fixture
def at() -> datetime:
    """Now, for what the pages compare with their own now."""
    return timezone.now()


@pytest.fixture
def token(ticket: Ticket) -> str:
    return links.token_for(ticket.participants.get())


@pytest.fixture
def page(token: str) -> str:
    """The address of Ada's ticket."""
    return reverse("portal:ticket", args=[token])


@pytest.fixture
def answered(ticket: Ticket, grace: User, at: datetime) -> Ticket:
    """Grace replied to Ada's ticket."""
    actions.reply(ticket=ticket, text="We look into it.", by=cast.principal(grace), at=at)
    ticket.refresh_from_db()
    return ticket


@pytest.fixture
def resolved(ticket: Ticket, grace: User, at: datetime) -> Ticket:
    """Grace took, answered and resolved Ada's ticket just now."""
    actions.claim(ticket=ticket, by=cast.principal(grace), at=at)
    actions.reply_and_resolve(ticket=ticket, text="You get your money back.", by=cast.principal(grace), at=at)
    ticket.refresh_from_db()
    return ticket


@pytest.fixture
def other_department(elsewhere: Department) -> Department:
    return elsewhere
