"""What a clock does beside running: its warnings and steps of escalation, that came, wait, or are still to come."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import durations
from desk.names import Names
from sla.telling import Mark
from tickets import deadlines
from tickets.models import Escalation, EscalationStep, Kind, LeftOut, Ticket, TicketClock, TicketEvent
from tickets.models.escalation import step_words

# Of a page of clocks the latest so many warnings and steps are told; a clock has a dozen steps at most.
MOST_TOLD = 200


class Milestones:
    """The warnings and steps of some clocks of a ticket, asked for at once."""

    def __init__(self, ticket: Ticket, of: Sequence[TicketClock], at: datetime) -> None:
        self._at = at
        self._happened = _happened(ticket, of)
        self._names = Names([event for events in self._happened.values() for event in events])
        self._waiting = _waiting([clock for clock in of if clock.is_running and clock.breached_at])
        self._steps = _steps([clock for clock in of if _may_break(clock)])

    def of(self, clock: TicketClock) -> list[Mark]:
        """Return them in the order in which they came, and then will."""
        return [
            *(self._told(event) for event in self._happened.get(clock.pk, [])),
            *self._ahead(clock),
        ]

    def _told(self, event: TicketEvent) -> Mark:
        if event.kind == Kind.CLOCK_WARNED:
            words = _("Warned, %(share)s %% used up") if "share" in event.data else _("Warned")
            return Mark("warned", words % event.data, event.at)
        named = self._names.plain(event.data["to"]) if "to" in event.data else ""
        label = step_words(str(event.data.get("does")), named) or _("A step of escalation")
        if why := event.data.get("left_out"):
            reason = dict(LeftOut.choices).get(str(why), "?")
            return Mark("omitted", label, event.at, note=_("passed over: %(why)s") % {"why": reason})
        return Mark("step", label, event.at, note=_("done"))

    def _ahead(self, clock: TicketClock) -> Iterator[Mark]:
        for share, moment in deadlines.warnings_ahead(clock):
            yield warns(share, moment)
        for escalation in self._waiting.get(clock.pk, []):
            yield self._planned(escalation)
        if not _may_break(clock):
            return
        for step in self._steps.get(clock.plan_id, []):
            if step.target in ("", clock.target):
                at = deadlines.worked_off(clock, step.after) if clock.has_deadline else None
                yield if_broken(step, at)

    def _planned(self, escalation: Escalation) -> Mark:
        label = escalation.step.told()
        if not escalation.attempts:
            note = _("to come") if escalation.planned_at > self._at else _("due now")
            return Mark("step", label, escalation.planned_at, note=note, is_ahead=True)
        tries = ngettext("failed once", "failed %(count)s times", escalation.attempts) % {"count": escalation.attempts}
        if escalation.due_at is None:
            note = _("%(tries)s, and is left to administrators") % {"tries": tries}
            return Mark("omitted", label, escalation.planned_at, note=note)
        note = _("%(tries)s, tried again then") % {"tries": tries}
        return Mark("step", label, escalation.due_at, note=note, is_ahead=True)


def _happened(ticket: Ticket, of: Sequence[TicketClock]) -> Mapping[int, list[TicketEvent]]:
    """Return clock → events, the oldest first."""
    if not of:
        return {}
    kinds = (Kind.CLOCK_WARNED, Kind.ESCALATED)
    found = ticket.events.filter(kind__in=kinds, at__gte=min(clock.started_at for clock in of)).order_by("-number")
    if all(clock.stopped_at for clock in of):
        found = found.filter(at__lte=max(clock.stopped_at for clock in of if clock.stopped_at))
    events: dict[int, list[TicketEvent]] = defaultdict(list)
    for event in reversed(found[:MOST_TOLD]):
        events[int(event.data.get("clock", 0))].append(event)
    return events


def _waiting(of: Sequence[TicketClock]) -> Mapping[int, list[Escalation]]:
    found: dict[int, list[Escalation]] = defaultdict(list)
    if of:
        related = ("step__team", "step__agent", "step__priority")
        waiting = Escalation.objects.filter(clock__in=of).select_related(*related).order_by("planned_at", "pk")
        for escalation in waiting:
            found[escalation.clock_id].append(escalation)
    return found


def _steps(of: Sequence[TicketClock]) -> Mapping[int, list[EscalationStep]]:
    found: dict[int, list[EscalationStep]] = defaultdict(list)
    if of:
        steps = EscalationStep.objects.filter(plan__in={clock.plan_id for clock in of})
        for step in steps.select_related("team", "agent", "priority").order_by("after", "pk"):
            found[step.plan_id].append(step)
    return found


def _may_break(clock: TicketClock) -> bool:
    return clock.is_running and clock.breached_at is None


def if_broken(step: EscalationStep, at: datetime | None) -> Mark:
    """Return a step that comes if the promise is broken; `at` is None while it has no deadline."""
    label = step.told()
    if at is not None:
        return Mark("step", label, at, note=_("if it is not met by then"), is_ahead=True)
    if not step.after:
        return Mark("step", label, None, note=_("at the deadline, once there is one"), is_ahead=True)
    words = _("%(span)s of working time after the deadline, once there is one")
    return Mark("step", label, None, note=words % {"span": durations.spell(step.after)}, is_ahead=True)


def warns(share: int, at: datetime) -> Mark:
    """Return a warning that is to come."""
    return Mark("warned", _("Warns, %(share)s %% used up") % {"share": share}, at, is_ahead=True)
