"""Transfer to another department."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from accounts.principal import Principal
from tickets import clocks, events, policy
from tickets.actions.assign import HOLDER_FIELDS, give
from tickets.actions.change import choose_plan_again
from tickets.actions.locking import check_unchanged, lock
from tickets.actions.note import add_note
from tickets.actions.waiting import drop_snooze
from tickets.models import Awaiting, Department, DepartmentAccess, Kind, Referral, Ticket
from tickets.policy import Deed
from tickets.routing import plan_after_transfer


@transaction.atomic
def transfer(
    *,
    ticket: Ticket,
    to: Department,
    by: Principal,
    at: datetime,
    note: str = "",
    assignee: User | None = None,
    keep_access: bool = True,
    seen: int | None = None,
    deed: UUID | None = None,
) -> Ticket:
    """Hand the ticket to another department; nobody in it has it, unless `assignee` is named.

    Its clocks count by the business hours that hold there, as if they had since they started. A transient plan gives
    way to the one that holds there.

    `keep_access` leaves the giving department and agent a referral: they go on reading and may write notes. Raises
    NotAllowed if `by` may not transfer, the department is archived or the same, or the assignee has no access to it.
    """
    ticket = lock(ticket)
    policy.require(by, Deed.TRANSFER, ticket, to=to)
    check_unchanged(ticket, by, seen)
    deed = deed or events.new_deed()
    if note.strip():
        add_note(ticket=ticket, text=note, by=by, at=at, deed=deed)
        ticket = lock(ticket)
    giver, held_by = ticket.department, ticket.held_by
    clocks.leave(ticket, at=at)
    drop_snooze(ticket)
    ticket.transfer(to)
    ticket.awaiting = Awaiting.AGENT
    ticket.save(update_fields=[*HOLDER_FIELDS, "department", "awaiting"])
    if keep_access:
        _refer(ticket, giver, by, at)
    # Who works there needs no referral any more: for them the ticket is not handed over but theirs.
    workers = DepartmentAccess.objects.filter(department=to, agent__sees_only_assigned=False).values("agent")
    manager = Department.objects.filter(pk=to.pk, manager__isnull=False).values("manager")
    ticket.referrals.filter(Q(department=to) | Q(agent__in=workers) | Q(agent__in=manager)).delete()
    clocks.retarget(ticket, at=at, cause=Kind.TRANSFERRED)
    data: dict[str, object] = {"to": to.pk, "from": giver.pk, "kept_access": keep_access}
    if held_by is not None:
        data["held_by"] = events.ref(held_by)
    if assignee is not None:
        data["assignee"] = events.ref(assignee)
    events.record(Kind.TRANSFERRED, ticket, by=by, at=at, deed=deed, **data)
    if ticket.sla_plan is not None and ticket.sla_plan.is_transient:
        choose_plan_again(ticket, plan_after_transfer(ticket.topic, to, ticket.organization), at=at, deed=deed)
    if assignee is not None:
        # Asked of the new department: the giver may have no say in it beyond this deed.
        policy.require_target(Deed.ASSIGN, ticket, assignee)
        give(ticket, assignee, by=by, at=at, deed=deed)
    return ticket


def _refer(ticket: Ticket, giver: Department, by: Principal, at: datetime) -> None:
    given = {"referred_by": by.user, "created_at": at}
    Referral.objects.get_or_create(ticket=ticket, department=giver, defaults=given)
    if by.user is not None:
        Referral.objects.get_or_create(ticket=ticket, agent=by.user, defaults=given)
