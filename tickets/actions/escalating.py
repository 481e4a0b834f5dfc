"""What is done about a broken promise, step by step, each an ordinary action. The clock is its cause."""

import traceback
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Team, User
from accounts.principal import Principal
from core.models import SiteSettings
from core.models.work import holding
from core.prepared import Prepared, Question, insert_all
from core.retries import next_try
from sla.models import Priority
from tickets import deadlines, events, explaining, policy, variables
from tickets.actions.assign import assign
from tickets.actions.change import change_priority
from tickets.actions.locking import lock
from tickets.actions.note import add_note
from tickets.errors import DeedRefused
from tickets.models import Cause, Does, Escalation, EscalationStep, Kind, LeftOut, Source, Ticket, TicketClock
from tickets.vocabulary import EVERYTHING

# Of a team, so many are asked whether they see the ticket.
MOST_MEMBERS = 200

_STEPS = Prepared(lambda plan: EscalationStep.objects.filter(plan=plan))


class _Omitted(Exception):
    """The step is left out: `why` says for what reason."""

    def __init__(self, why: LeftOut) -> None:
        super().__init__(why)
        self.why = why


def steps_of(plan: int) -> Question:
    """Return what is asked for the steps of a plan."""
    return _STEPS, {"plan": plan}


def plan_steps(clock: TicketClock) -> None:
    """Let the steps of its plan wait for a clock that just broke its promise, by its own working time."""
    question, values = steps_of(clock.plan_id)
    steps = [step for step in question.all(**values) if step.target in ("", clock.target)]
    for step in steps:
        planned = deadlines.worked_off(clock, step.after)
        insert_all([Escalation(clock=clock, step=step, planned_at=planned, due_at=planned)])


@transaction.atomic
def escalate(*, escalation: Escalation, claim: UUID, at: datetime) -> None:
    """Do a step that is due, and record that it was done, or why not. Without the claim, or before its time, nothing.

    A promise that was kept meanwhile, or is not made any more, needs no step.
    """
    ticket = lock(escalation.clock.ticket)
    held = holding(Escalation.objects.all(), escalation.pk, claim)
    found = held.select_related("clock", "step__priority", "step__team", "step__agent").first()
    if found is None:
        return
    if at < found.planned_at:
        held.update(due_at=found.planned_at, claim=None)
        return
    held.delete()
    clock, step = found.clock, found.step
    if not clock.is_running:
        return
    by, deed = Principal.system(f"{Cause.CLOCK}:{clock.pk}"), events.new_deed()
    data: dict[str, Any] = {"clock": clock.pk, "target": clock.target, "deadline": clock.deadline_at.isoformat()}
    data |= {"step": step.pk, "does": step.does}
    try:
        data |= _do(step, ticket, by=by, at=at, deed=deed)
    except _Omitted as omitted:
        data["left_out"] = omitted.why.value
    except DeedRefused:
        data["left_out"] = LeftOut.REFUSED.value
    events.record(Kind.ESCALATED, lock(ticket), by=by, at=at, deed=deed, **data)


def put_off(escalation: Escalation, *, claim: UUID, error: Exception, at: datetime) -> None:
    """Try a step that failed again later; the breach stands, and so do the other steps."""
    first = escalation.failed_at or at
    holding(Escalation.objects.all(), escalation.pk, claim).update(
        attempts=escalation.attempts + 1,
        failed_at=first,
        error="".join(traceback.format_exception(error))[-10_000:],
        due_at=next_try(at, failures=escalation.attempts, since=first),
        claim=None,
    )


def _do(step: EscalationStep, ticket: Ticket, *, by: Principal, at: datetime, deed: UUID) -> dict[str, Any]:
    """Do it; return what the event says of it. Raises _Omitted, DeedRefused."""
    given: dict[str, Any] = {"ticket": ticket, "by": by, "at": at, "deed": deed}
    match step.does:
        case Does.RAISE:
            change_priority(to=_more_urgent(step, ticket), **given)
            return {}
        case Does.NOTE:
            add_note(text=_words(step, ticket), source=Source.OTHER, **given)
            return {}
        case Does.ASSIGN | Does.ASSIGN_MANAGER:
            assign(to=_checked(step, ticket, assigns=True), **given)
            return {}
    return {"to": events.ref(_checked(step, ticket, assigns=False))}


def _more_urgent(step: EscalationStep, ticket: Ticket) -> Priority:
    to = step.priority
    if to is None:
        higher = Priority.objects.filter(archived_at=None, level__lt=ticket.priority.level)
        to = higher.order_by("-level").first()
    if to is None or to.level >= ticket.priority.level:
        raise _Omitted(LeftOut.ALREADY)
    if to.archived_at is not None:
        raise _Omitted(LeftOut.NOBODY)
    return to


def _words(step: EscalationStep, ticket: Ticket) -> str:
    facts = variables.Facts(ticket, SiteSettings.load(), tells_typed=True, tells_personal=True)
    return variables.in_text(step.text, variables.Values(EVERYTHING, facts))


def _checked(step: EscalationStep, ticket: Ticket, *, assigns: bool) -> User | Team:
    """Return whom the step names, who can have the ticket, or be told of it, now. Raises _Omitted."""
    is_manager = step.does in {Does.ASSIGN_MANAGER, Does.NOTIFY_MANAGER}
    to = ticket.department.manager if is_manager else step.agent or step.team
    if to is None:
        raise _Omitted(LeftOut.NO_MANAGER if is_manager else LeftOut.GONE)
    people = _active(to, is_told=not assigns)
    if not people or (isinstance(to, Team) and to.archived_at is not None):
        raise _Omitted(LeftOut.NOBODY)
    if not assigns:
        if not explaining.who_sees(ticket, people):
            raise _Omitted(LeftOut.NO_ACCESS)
        return to
    if to == (ticket.assignee or ticket.team):
        raise _Omitted(LeftOut.ALREADY)
    if isinstance(to, User) and policy.why_not_assigned(ticket.department, to):
        raise _Omitted(LeftOut.NOBODY if to.on_vacation else LeftOut.NO_ACCESS)
    return to


def _active(to: User | Team, *, is_told: bool) -> list[int]:
    """Return who can have a ticket, or be told of it: nobody is told on vacation (tickets.audience)."""
    people = User.objects.agents().filter(**({"teams": to} if isinstance(to, Team) else {"pk": to.pk}))
    if is_told:
        people = people.filter(on_vacation=False)
    return list(people.values_list("pk", flat=True)[:MOST_MEMBERS])
