"""Taking back a deed by its true opposite, which is a deed of its own and stands in the history.

A token names the opposite; it is signed for one agent and lasts as long as a toast may be looked at.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Team, User
from desk.sidebar import Origin
from tickets.events import ref
from tickets.models import Ticket

LASTS = timedelta(hours=1)
SALT = "desk.undo"


class UndoInvalid(Exception):
    """Forged, too old, or somebody else's."""


@dataclass(frozen=True, slots=True)
class Undo:
    """The opposite of a deed: "claim", "release", "reopen", "assign" `to` a holder ("user:1"); "add-collaborator"
    or "remove-collaborator", `to` an address ("address:1"); "move-entry", `to` an entry ("entry:1"); "wake",
    or "snooze", `to` a moment in ISO 8601; "stop-waiting"; "await-third-party"; "await-requester";
    "remove-due-date", or "set-due-date", `to` such a moment.
    """

    deed: str
    to: str = ""


def undo_of_giving(before: Ticket, to: User | Team) -> Undo | None:
    """Return what takes back giving the ticket, as it was `before`, to an agent or a team.

    None if nothing restores both assignee and team.
    """
    if before.held_by is None:
        return Undo("release")
    if isinstance(to, Team) and before.assignee is not None:
        return None if before.team_id != to.pk else Undo("assign", ref(before.assignee))
    return Undo("assign", ref(before.assignee or before.team))  # type: ignore[arg-type]  # one of them has it


def undo_of_release(before: Ticket, by: User) -> Undo | None:
    """Return what takes back a release of the ticket as it was `before`; None if it takes two steps."""
    if before.assignee is None:
        return Undo("assign", ref(before.team)) if before.team else None
    if before.team is not None:
        return None
    return Undo("claim") if before.assignee_id == by.pk else Undo("assign", ref(before.assignee))


def undo_url(request: HttpRequest, ticket: Ticket, undo: Undo) -> str:
    """Return the address to post to. It holds until others do something to the ticket."""
    seen = Ticket.objects.values_list("last_event_number", flat=True).get(pk=ticket.pk)
    token = signing.dumps([request.user.pk, ticket.pk, seen, undo.deed, undo.to], salt=SALT)
    return reverse("desk:undo", args=[ticket.number, token]) + Origin.read(request.GET).query


def read_undo(token: str, user: User, ticket: Ticket) -> tuple[Undo, int]:
    """Return what to do and the last event seen. Raises UndoInvalid."""
    try:
        data: list[Any] = signing.loads(token, salt=SALT, max_age=LASTS)
        user_id, ticket_id, seen, deed, to = data
    except (signing.BadSignature, ValueError) as error:
        raise UndoInvalid from error
    if (user_id, ticket_id) != (user.pk, ticket.pk):
        raise UndoInvalid
    return Undo(deed, to), seen
