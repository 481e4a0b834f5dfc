"""Parts in tickets that go from one person to another: handed over, or with an address that turned out to be theirs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import Address, User
from accounts.principal import Principal
from tickets import events
from tickets.actions.change import choose_plan_again
from tickets.models import EntryKind, Kind, Participant, ThreadEntry, Ticket
from tickets.models.people import Part
from tickets.routing import plan_for

# So many tickets are locked and changed at once.
BATCH = 200


def address_moved(address: Address, before: User, to: User, at: datetime) -> None:
    """Give `to` every part in a ticket that `before` had by the address, and what was written by whoever reads it.

    Somebody with an account may have written in these tickets themselves: theirs is the ticket no more, but what they
    wrote is; of them only the first message goes along, which came by a form where anybody could type the address.
    A guest was known by the address alone. Where somebody had only claimed it, the ticket leaves their organisation.
    """
    while parts := list(Participant.objects.filter(address=address, user=before).order_by("ticket")[:BATCH]):
        tickets = [part.ticket_id for part in parts]
        fields: dict[str, Any] = {"organization": None} if before.may_sign_in else {}
        give_parts(parts, to, by=Principal.requester(to), at=at, why="proved", **fields)
        written = ThreadEntry.objects.filter(ticket__in=tickets, author=before, kind=EntryKind.MESSAGE)
        give_entries(written.filter(number=1) if before.may_sign_in else written, to)


def give_parts(
    parts: Sequence[Participant], to: User, *, by: Principal, at: datetime, why: str = "", **fields: Any
) -> None:
    """Make `to` who takes part instead of the one person whose parts these are; `fields` go to tickets they asked for.

    Who takes part in a ticket already keeps one part in it: the requester's, if one of the two is that, else the one
    they had.
    """
    keys = sorted({part.ticket_id for part in parts})
    tickets = {one.pk: one for one in Ticket.objects.select_for_update().filter(pk__in=keys).order_by("pk")}
    had = {part.ticket_id: part for part in Participant.objects.filter(ticket__in=keys, user=to)}
    asked, dropped = [], []
    for part in parts:
        other = had.get(part.ticket_id)
        if part.role == Part.REQUESTER:
            asked.append(tickets[part.ticket_id])
            dropped += [other.pk] if other else []
        elif other:
            dropped.append(part.pk)
    Participant.objects.filter(pk__in=dropped).delete()
    Participant.objects.filter(pk__in=[part.pk for part in parts]).update(user=to)
    if asked:
        data = {"to": to.pk, "from": asked[0].requester_id} | ({"why": why} if why else {})
        Ticket.objects.filter(pk__in=[ticket.pk for ticket in asked]).update(requester=to, **fields)
        events.record_for_all(Kind.REQUESTER_CHANGED, asked, by=by, at=at, **data)
        if "organization" in fields:
            _choose_plans_again([ticket.pk for ticket in asked], at)


def _choose_plans_again(keys: Sequence[int], at: datetime) -> None:
    """Put open tickets under the plan that their organisation, another one now, leads to, if theirs is transient."""
    related = ("department__sla_plan", "sla_plan", "topic__sla_plan", "organization")
    found = Ticket.objects.working().filter(pk__in=keys, sla_plan__is_transient=True)
    for ticket in found.select_related(*related).order_by("pk"):
        plan, _why = plan_for(ticket.topic, ticket.department, ticket.organization)
        choose_plan_again(ticket, plan, at=at, deed=events.new_deed())


def give_entries(entries: "QuerySet[ThreadEntry]", to: User) -> None:
    """Make `to` the author. A form of theirs that is sent once more counts as new where both used one key."""
    used = ThreadEntry.objects.filter(author=to).exclude(request_key="").values("request_key")
    entries.filter(request_key__in=used).update(request_key="")
    entries.update(author=to)
