"""What one agent may do to one ticket now, as buttons: what is forbidden is not offered."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from desk.sidebar import Origin
from tickets.models import Awaiting, Ticket
from tickets.policy import Deed, Standing


@dataclass(frozen=True, slots=True)
class Button:
    """A deed as a button. With `is_post` it is done at once; otherwise it opens the form at its address.

    `is_main` puts it into the ticket's header; the others stand in the menu behind it.
    """

    deed: Deed
    name: str
    label: "str | Promise"
    icon: str
    key: str = ""
    is_post: bool = False
    is_danger: bool = False
    is_main: bool = False


BUTTONS = (
    Button(Deed.CLAIM, "claim", _("Claim"), "hand", "c", is_post=True, is_main=True),
    Button(Deed.ASSIGN, "assign", _("Assign"), "user-plus", "a", is_main=True),
    Button(Deed.TRANSFER, "transfer", _("Transfer"), "corner-up-right", "t", is_main=True),
    Button(Deed.REOPEN, "reopen", _("Reopen"), "rotate-ccw", is_post=True, is_main=True),
    Button(Deed.CLOSE, "close", _("Close"), "archive", is_post=True, is_main=True),
    Button(Deed.RESOLVE, "resolve", _("Resolve"), "circle-check", "e"),
    Button(Deed.WAKE, "wake", _("End the snooze"), "alarm-clock-off", is_post=True, is_main=True),
    Button(Deed.STOP_WAITING, "stop-waiting", _("It is our turn"), "play", is_post=True),
    Button(Deed.SNOOZE, "snooze", _("Snooze"), "alarm-clock"),
    Button(Deed.AWAIT_THIRD_PARTY, "await-third-party", _("Await a third party"), "hourglass", is_post=True),
    Button(Deed.RELEASE, "release", _("Give back"), "circle-dashed", is_post=True),
    Button(Deed.REFER, "refer", _("Let others read along"), "eye"),
    Button(Deed.CHANGE_PRIORITY, "priority", _("Change priority"), "flag"),
    Button(Deed.CHANGE_TOPIC, "topic", _("Change help topic"), "tag"),
    Button(Deed.CHANGE_PLAN, "plan", _("Change SLA plan"), "clock"),
    Button(Deed.SET_DUE_DATE, "due-date", _("Set the due date"), "calendar-clock"),
    Button(Deed.REMOVE_DUE_DATE, "remove-due-date", _("Remove the due date"), "calendar-x", is_post=True),
    Button(Deed.CHANGE_SOURCE, "source", _("Change source"), "inbox"),
    Button(Deed.ADD_COLLABORATOR, "add-collaborator", _("Add a collaborator"), "users"),
    Button(Deed.CLOSE_UNRESOLVED, "close", _("Close without an answer"), "circle-x", is_danger=True),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A button and where it leads, as desk/_deed.html draws it."""

    name: str
    label: "str | Promise"
    icon: str
    key: str
    url: str
    is_post: bool
    is_danger: bool
    is_main: bool


def offers(standing: Standing, ticket: Ticket, origin: Origin) -> dict[str, Offer]:
    """Return what this agent may do to this ticket in its state: name → offer, in the order to show."""
    return {
        button.name: Offer(
            name=button.name,
            label=button.label,
            icon=button.icon,
            key=button.key,
            url=deed_url(button.name, ticket.number, origin),
            is_post=button.is_post,
            is_danger=button.is_danger,
            is_main=button.is_main,
        )
        for button in BUTTONS
        if standing.may(button.deed, ticket) and not _is_moot(button.deed, ticket)
    }


def _is_moot(deed: Deed, ticket: Ticket) -> bool:
    """Say whether the deed would be allowed and change nothing."""
    return deed == Deed.AWAIT_THIRD_PARTY and ticket.awaiting == Awaiting.THIRD_PARTY


def deed_url(name: str, number: str, origin: Origin) -> str:
    return reverse(f"desk:{name}", args=[number]) + origin.query


def ticket_url(number: str, origin: Origin, fragment: str = "") -> str:
    """Return the address of a ticket that remembers the queue it was opened from."""
    return reverse("desk:ticket", args=[number]) + origin.query + (f"#{fragment}" if fragment else "")
