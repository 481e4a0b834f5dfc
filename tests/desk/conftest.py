"""What the tests of the desk share: an agent at work, with a test client."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tickets.models import Ticket


@dataclass
class AtDesk:
    """An agent who is signed in. What a form needs beside the test's own data is filled in."""

    client: Client
    agent: User

    def look(self, ticket: Ticket, query: str = "") -> HttpResponse:
        return self.client.get(reverse("desk:ticket", args=[ticket.number]) + query)

    def form(self, ticket: Ticket, name: str, query: str = "", **headers: str) -> HttpResponse:
        return self.client.get(reverse(f"desk:{name}", args=[ticket.number]) + query, headers=headers)

    def send(self, ticket: Ticket, name: str, /, query: str = "", htmx: bool = False, **data: object) -> HttpResponse:
        """Send the form or press the button of that name, having seen all there is."""
        seen = Ticket.objects.values_list("last_event_number", flat=True).get(pk=ticket.pk)
        headers = {"HX-Request": "true"} if htmx else {}
        url = reverse(f"desk:{name}", args=[ticket.number]) + query
        # What was to be said before has been read.
        self.client.cookies.pop("messages", None)
        return self.client.post(url, {"seen": seen} | data, headers=headers)

    def undo(self, undone: HttpResponse) -> HttpResponse:
        """Press Undo in the toast of that answer."""
        path = undo_of(undone)
        self.client.cookies.pop("messages", None)
        return self.client.post(path)

    def reply(self, ticket: Ticket, name: str = "reply", **data: object) -> HttpResponse:
        filled_in = {"kind": "reply", "then": "await", "body": "Which invoice?", "request_key": "k" * 22}
        return self.send(ticket, name, **(filled_in | data))


@pytest.fixture
def at_desk(sign_in: Callable[[User], Client]) -> Callable[[User], AtDesk]:
    """`at_desk(ken)`: Ken at his desk."""
    return lambda agent: AtDesk(sign_in(agent), agent)


@pytest.fixture
def desk(at_desk: Callable[[User], AtDesk], grace: User) -> AtDesk:
    """Grace at her desk."""
    return at_desk(grace)


def offered(answer: HttpResponse, field: str) -> list[str]:
    """Return the values that the dialog's list offers, in groups or not; the empty one is left out."""
    choices = list(answer.context["dialog"].form.fields[field].widget.choices)
    flat = [each for value, label in choices for each in (label if isinstance(label, list) else [(value, label)])]
    return [str(value) for value, _label in flat if str(value)]


def toasts(answer: HttpResponse) -> list[str]:
    """Return what the answer leaves to be said on the next page."""
    return [str(message) for message in get_messages(answer.wsgi_request)]


def undo_of(answer: HttpResponse) -> str:
    """Return where the toast's Undo posts to, "" where it offers none."""
    tags = " ".join(message.extra_tags or "" for message in get_messages(answer.wsgi_request))
    return next((tag.removeprefix("undo:") for tag in tags.split() if tag.startswith("undo:")), "")
