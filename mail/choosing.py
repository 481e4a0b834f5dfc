"""From which of our addresses an agent may write a reply, besides that of all mails of the ticket (PARITY K21).

By the departments in which they may reply: what a department's mails come from, and its help topics' mails.
"""

from collections.abc import Mapping, Sequence

from django.db.models import Q

from accounts.models import Permission
from accounts.principal import Principal
from mail import senders
from mail.models import OwnAddress, Writer
from tickets import policy
from tickets.models import Department, Ticket

# A department and a help topic have one address at most.
MOST_WRITERS = 1_000


def offered(principal: Principal, ticket: Ticket) -> tuple[OwnAddress | None, list[OwnAddress]]:
    """Return the address of all mails of the ticket, None for MAIL_FROM, and the others that a reply may come from."""
    usual = senders.of_ticket(ticket)
    return usual, [one for one in _allowed(principal, ticket) if usual is None or one.pk != usual.pk]


def may_write_from(principal: Principal, ticket: Ticket, sender: int) -> bool:
    """Say whether a reply of this agent may come from the address with this key; the usual one always may."""
    usual = senders.of_ticket(ticket)
    return sender in {one.pk for one in (*_allowed(principal, ticket), usual) if one is not None}


def _allowed(principal: Principal, ticket: Ticket) -> list[OwnAddress]:
    writers = list(Writer.objects.select_related("address__account", "topic").order_by("pk")[:MOST_WRITERS])
    if not writers:
        return []
    places = _places(principal, ticket)
    of_departments = {one.department_id: one.address for one in writers if one.department_id is not None}
    found = [
        next((of_departments[pk] for pk in path if pk in of_departments), None)  # its own, else that of what it is in
        for path in places.values()
    ]
    found += [one.address for one in writers if one.topic is not None and one.topic.department_id in places]
    by_key = {one.pk: one for one in found if one is not None and senders.has_way(one.account)}
    return sorted(by_key.values(), key=lambda one: one.email)


def _places(principal: Principal, ticket: Ticket) -> Mapping[int, Sequence[int]]:
    """Return the ticket's department and those in which the agent may reply: each with what it is part of."""
    by_role = policy.departments_where(principal, Permission.REPLY)
    rows = Department.objects.filter(
        Q(pk=ticket.department_id) | Q(archived_at=None) & (Q(pk__in=by_role) | Q(manager=principal.user))
    )
    paths = rows.values_list("pk", "parent", "parent__parent")
    return {path[0]: [pk for pk in path if pk is not None] for path in paths}
