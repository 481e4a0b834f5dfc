"""Who is told what, by mail: event → rows in the outbox.

Handlers run inside the deed's transaction and only write rows; they may run twice, late and out of order.
Nobody is told of what they did themselves, and a person gets one mail per deed: the worker looks at all the
deed's events when it writes the words (mail.rendering).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Address, Team, User
from accounts.principal import Face
from mail import outbox
from mail.models import Template
from tickets import events
from tickets.models import CloseReason, DepartmentAccess, Kind, Participant, Ticket, TicketEvent
from tickets.models.people import Part

# --- To the requester's side ----------------------------------------------------------------------


def acknowledge(event: TicketEvent) -> None:
    """Tell the requester that the ticket is opened, by whomever.

    Help topic and department may want no mail that confirms it. What an agent opens for somebody is told always.
    """
    template = Template.TICKET_OPENED_FOR if event.face == Face.DESK else Template.TICKET_OPENED
    if template == Template.TICKET_OPENED and (event.data.get("quiet") or not event.ticket.is_acknowledged):
        return
    requester = _participants(event.ticket).filter(role=Part.REQUESTER)
    _write(event, template, [one.address for one in requester])


def tell_reply(event: TicketEvent) -> None:
    _write(event, Template.TICKET_REPLY, _requester_side(event))


def tell_message(event: TicketEvent) -> None:
    """Tell the others who take part what one of them wrote, unless the department leaves that out (PARITY N10, D07)."""
    if event.ticket.department.tells_participants:
        _write(event, Template.TICKET_MESSAGE, _requester_side(event))


def tell_resolved(event: TicketEvent) -> None:
    """Tell that the ticket is resolved. With a reply in the same deed, that mail says it already."""
    _write(event, Template.TICKET_RESOLVED, _requester_side(event))


def tell_closed(event: TicketEvent) -> None:
    """Tell that a resolved ticket closed. Not when the requester confirmed it, nor when it was never resolved."""
    if event.data["reason"] in {CloseReason.SILENCE, CloseReason.AGENT}:
        _write(event, Template.TICKET_CLOSED, _requester_side(event))


def welcome(event: TicketEvent) -> None:
    """Tell those who were added that they take part now, each with a link of their own."""
    added = _participants(event.ticket).filter(role=Part.COLLABORATOR, address__in=event.data["addresses"])
    _write(event, Template.TICKET_COLLABORATOR, [one.address for one in added])


def send_link(participant: Participant, *, at: datetime) -> None:
    """Mail a fresh link to the ticket, asked for at the portal."""
    outbox.write(
        [participant.address],
        Template.TICKET_LINK,
        deed=events.new_deed(),
        at=at,
        ticket_id=participant.ticket_id,
    )


# --- To agents ------------------------------------------------------------------------------------


def alert_new(event: TicketEvent) -> None:
    """Tell the department's agents about a ticket that is new to it, unless it was given to somebody at once.

    Who opened it by the API may have wanted no alerts.
    """
    if event.data.get("unalerted"):
        return
    routing = event.data.get("routing") or {}
    if any("skipped" not in routing[field] for field in ("assignee", "team") if field in routing):
        return
    _alert(event, Template.ALERT_NEW, _told(event.ticket))


def alert_message(event: TicketEvent) -> None:
    """Tell those who have the ticket that its requester wrote, or reopened it."""
    if event.by is not None and not _takes_part(event.ticket, event.by):
        return
    _alert(event, Template.ALERT_MESSAGE, _holders(event.ticket))


def alert_transfer(event: TicketEvent) -> None:
    """Tell the new department's agents, or only the one the ticket was transferred to."""
    if "assignee" in event.data:
        agents = _named(event.data["assignee"])
    else:
        agents = _told(event.ticket, department_id=event.data["to"])
    _alert(event, Template.ALERT_TRANSFER, agents)


def alert_assigned(event: TicketEvent) -> None:
    """Tell the agent, or the members of the team, if it wants alerts."""
    if event.data.get("unalerted"):
        return
    kind, _, pk = event.data["to"].partition(":")
    if kind == "team" and not Team.objects.filter(pk=int(pk), alerts=True).exists():
        return
    _alert(event, Template.ALERT_ASSIGNED, _named(event.data["to"]))


def alert_clock(event: TicketEvent) -> None:
    """Tell those who have the ticket that a deadline is near, or has passed.

    Once it has passed, the department's manager and the team's lead are told as well (PARITY D03, T01).
    """
    agents: list[int | None] = list(_holders(event.ticket).values_list("pk", flat=True))
    if event.kind == Kind.CLOCK_BREACHED:
        agents += [event.ticket.department.manager_id, event.ticket.team.lead_id if event.ticket.team else None]
    _alert(event, Template.ALERT_CLOCK, _there().filter(pk__in=[pk for pk in agents if pk]))


# --- Who ------------------------------------------------------------------------------------------


def _participants(ticket: Ticket) -> "QuerySet[Participant]":
    return Participant.objects.filter(ticket=ticket, user__is_active=True).select_related("address").order_by("pk")


def _requester_side(event: TicketEvent) -> Iterator[Address]:
    return (one.address for one in _participants(event.ticket) if one.user_id != event.by_id)


def _takes_part(ticket: Ticket, user: User) -> bool:
    return Participant.objects.filter(ticket=ticket, user=user).exists()


def _there() -> "QuerySet[User]":
    """Agents who are there to read it: who is on vacation gets no alerts (PARITY A02)."""
    return User.objects.agents().filter(on_vacation=False)


def _holders(ticket: Ticket) -> "QuerySet[User]":
    """The assignee, else the team, else the department's agents who want to be told."""
    if ticket.assignee_id is not None:
        assignee = _there().filter(pk=ticket.assignee_id)
        if assignee.exists():
            return assignee
    if ticket.team_id is not None:
        members = _members(ticket.team_id)
        if members.exists():
            return members
    return _told(ticket)


def _told(ticket: Ticket, *, department_id: int | None = None) -> "QuerySet[User]":
    access = DepartmentAccess.objects.told().filter(department=department_id or ticket.department_id)
    return _there().filter(pk__in=access.values("agent"))


def _members(team_id: int) -> "QuerySet[User]":
    return _there().filter(teams=team_id)


def _named(holder: str) -> "QuerySet[User]":
    """The agents behind "user:1" or "team:1"."""
    kind, _, pk = holder.partition(":")
    return _members(int(pk)) if kind == "team" else _there().filter(pk=int(pk))


# --- Writing --------------------------------------------------------------------------------------


def _alert(event: TicketEvent, template: Template, agents: "QuerySet[User]") -> None:
    """Write to the agents' primary addresses. Whether each may still see the ticket is asked again at sending."""
    addresses = Address.objects.filter(user__in=agents, is_primary=True).order_by("pk")
    _write(event, template, (one for one in addresses if one.user_id != event.by_id))


def _write(event: TicketEvent, template: Template, to: Iterable[Address]) -> None:
    outbox.write(to, template, deed=event.deed, at=event.at, event=event, entry=event.entry)
