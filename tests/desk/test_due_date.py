"""Setting the due date of a ticket at the desk, and taking it away again."""

from datetime import datetime, timedelta

import pytest
from django.utils.timezone import localtime, now

from desk.deeds import offers
from desk.sidebar import Origin
from tests import cast
from tests.desk.conftest import AtDesk, toasts
from tickets import policy
from tickets.models import Ticket


def soon(days: int) -> datetime:
    return localtime(now() + timedelta(days=days)).replace(second=0, microsecond=0)


def typed(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M")


def due_of(ticket: Ticket) -> datetime | None:
    return Ticket.objects.get(pk=ticket.pk).manual_due_at


def offered_to(agent, ticket: Ticket) -> set[str]:
    ticket = Ticket.objects.get(pk=ticket.pk)
    standing = policy.standing(cast.principal(agent), ticket)
    return {"due-date", "remove-due-date"} & set(offers(standing, ticket, Origin()))


def test_it_is_typed_in_the_readers_zone_shown_with_who_set_it_and_undone(ticket: Ticket, desk: AtDesk) -> None:
    desk.agent.time_zone = "Asia/Kathmandu"
    desk.agent.save()
    wanted = soon(3)

    answer = desk.send(ticket, "due-date", due_at=wanted.strftime("%Y-%m-%dT%H:%M"))

    kathmandu = timedelta(hours=5, minutes=45)
    assert due_of(ticket) == wanted - kathmandu + wanted.utcoffset()
    assert toasts(answer)[0].startswith(f"#{ticket.number} is due ")
    page = desk.look(ticket).text
    assert f"set by <bdi>{desk.agent.name}</bdi>" in page
    assert f'value="{typed(wanted)}"' in desk.client.get(f"/desk/tickets/{ticket.number}/due-date/").text

    desk.undo(answer)
    assert due_of(ticket) is None
    assert "As promised" in desk.look(ticket).text


def test_moving_and_removing_it_are_undone_to_what_it_was(ticket: Ticket, desk: AtDesk) -> None:
    first, second = soon(3), soon(5)
    desk.send(ticket, "due-date", due_at=typed(first))

    desk.undo(desk.send(ticket, "due-date", due_at=typed(second)))
    assert due_of(ticket) == first

    answer = desk.send(ticket, "remove-due-date")
    assert due_of(ticket) is None
    desk.undo(answer)
    assert due_of(ticket) == first


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "Say by when."),
        ({"due_at": ""}, "Say by when."),
        ({"due_at": "soon"}, "Write day and time like"),
        ({"due_at": "2020-01-01T09:00"}, "Choose a time within the next two years."),
        ({"due_at": "2999-01-01T09:00"}, "Choose a time within the next two years."),
        ({"due_at": "2026-02-30T09:00"}, "Write day and time like"),
    ],
)
def test_a_wrong_time_is_told_and_not_lost(given: dict[str, str], why: str, ticket: Ticket, desk: AtDesk) -> None:
    refused = desk.send(ticket, "due-date", **given)

    assert (refused.status_code, due_of(ticket)) == (422, None)
    assert why in refused.text
    assert f'value="{given["due_at"]}"' in refused.text if given.get("due_at") else True


def test_only_what_is_set_can_be_removed(ticket: Ticket, desk: AtDesk) -> None:
    assert offered_to(desk.agent, ticket) == {"due-date"}

    desk.send(ticket, "due-date", due_at=typed(soon(3)))

    assert offered_to(desk.agent, ticket) == {"due-date", "remove-due-date"}


def test_the_history_and_the_clocks_say_who_set_it(ticket: Ticket, desk: AtDesk) -> None:
    desk.send(ticket, "due-date", due_at=typed(soon(3)))
    desk.send(ticket, "due-date", due_at=typed(soon(4)))

    history = desk.client.get(f"/desk/tickets/{ticket.number}/history/").text
    assert "set the due date to" in history
    assert "moved the due date from" in history
    clocks = desk.client.get(f"/desk/tickets/{ticket.number}/clocks/").text
    assert f"as <bdi>{desk.agent.name}</bdi> set it by hand" in clocks
