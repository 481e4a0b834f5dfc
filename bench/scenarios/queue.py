"""The queue and the ticket page at the desk, through all of Django, for who sees all and who sees one department."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from random import Random
from uuid import uuid4

from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.principal import Principal
from bench import world
from bench.scenario import Case, Scenario
from tickets.models import Ticket

MOST_TICKETS = 2_000


def cases() -> Sequence[Case]:
    built = world.found()
    found: list[Case] = []
    for whose, agent in (("sees all", built.sees_all), ("sees one department", built.agents[1][0])):
        client = Client(SERVER_NAME="localhost")
        client.force_login(agent, backend=settings.AUTHENTICATION_BACKENDS[-1])
        found += [
            Case(f"queue “Open”, agent who {whose}", partial(_look, client), lambda: "/desk/queues/open/"),
            Case(f"ticket page, agent who {whose}", partial(_look, client), _tickets_of(agent)),
        ]
    return found


def _look(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.headers.get('Location', '')}"


def _tickets_of(agent: User) -> Callable[[], str]:
    """Return what returns the address of one of the agent's tickets, another one each time."""
    visible = Ticket.objects.visible_to(Principal.agent(agent)).working().order_by("-pk")
    numbers = list(visible.values_list("number", flat=True)[:MOST_TICKETS])
    Random(uuid4().int).shuffle(numbers)
    paths = cycle(numbers)
    return lambda: f"/desk/tickets/{next(paths)}/"


SCENARIO = Scenario(about="Pages of the desk, from the request to the finished answer.", cases=cases)
