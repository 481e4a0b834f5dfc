"""How promises were kept: figures, and the promises behind each.

A promise belongs to the period in which it was made, to the department that had the ticket when it was met or broken
(while it is open: that has it now), and to the plan by which it is reckoned now; one that was cancelled in time was
none, nor one that was cancelled with spam or a duplicate. It is kept, broken (met late is broken), or still open. So
what is made is always the sum of the three.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.principal import Principal
from reports.periods import Span
from sla.models import Target
from tickets.models import CloseReason, Department, Ticket, TicketClock
from tickets.models.clock import Outcome

KEPT = Q(outcome=Outcome.MET, breached_at=None)
BROKEN = Q(breached_at__isnull=False)
OPEN = Q(outcome=Outcome.RUNNING, breached_at=None)
# What was broken before it was cancelled stays broken: another plan or due date, or closing, makes nothing undone.
NO_PROMISE = Q(outcome=Outcome.CANCELLED) & (
    Q(breached_at=None) | Q(ticket__close_reason__in=[CloseReason.SPAM, CloseReason.DUPLICATE])
)


class Figure(TextChoices):
    MADE = "made", _("Made")
    MET = "met", _("Met")
    BREACHED = "breached", _("Breached")
    OPEN = "open", _("Still open")


CONDITIONS = {Figure.MADE: Q(), Figure.MET: KEPT, Figure.BREACHED: BROKEN, Figure.OPEN: OPEN}


@dataclass(frozen=True, slots=True)
class Line:
    """What became of the promises of a plan for one target; `plan` is None in the line that sums all up."""

    plan: int | None
    plan_name: str
    target: str
    made: int
    met: int
    breached: int
    open: int

    @property
    def target_label(self) -> str:
        return str(Target(self.target).label) if self.target else ""

    @property
    def share(self) -> int | None:
        """Return how many percent of what was decided was met, rounded down so that 100 means all; None for nothing."""
        decided = self.met + self.breached
        return self.met * 100 // decided if decided else None


def promises(
    principal: Principal,
    span: Span,
    department: Department | None = None,
    plan: int | None = None,
    target: str = "",
    figure: Figure = Figure.MADE,
) -> QuerySet[TicketClock]:
    """Return the promises on tickets that the principal may see. Served by clock_by_start."""
    tickets = Ticket.objects.visible_to(principal)
    found = TicketClock.objects.filter(started_at__gte=span.begins, started_at__lt=span.ends, ticket__in=tickets)
    if department is not None:
        found = found.filter(Q(department=department) | Q(department=None, ticket__department=department))
    if plan is not None:
        found = found.filter(plan=plan)
    if target:
        found = found.filter(target=target)
    return found.exclude(NO_PROMISE).filter(CONDITIONS[figure])


def attainment(principal: Principal, span: Span, department: Department | None = None) -> list[Line]:
    """Return a line for each plan and target, by name and then in the order of the targets. One query."""
    rows = (
        promises(principal, span, department)
        .values("plan", "plan__name", "target")
        .annotate(
            made=Count("pk"),
            met=Count("pk", filter=KEPT),
            breached=Count("pk", filter=BROKEN),
            open=Count("pk", filter=OPEN),
        )
        .order_by()
    )
    order = {target.value: number for number, target in enumerate(Target)}
    return [
        Line(row["plan"], row["plan__name"], row["target"], row["made"], row["met"], row["breached"], row["open"])
        for row in sorted(rows, key=lambda row: (row["plan__name"], row["plan"], order[row["target"]]))
    ]


def total(lines: Sequence[Line]) -> Line:
    def sum_of(name: str) -> int:
        return sum(getattr(line, name) for line in lines)

    return Line(None, "", "", sum_of("made"), sum_of("met"), sum_of("breached"), sum_of("open"))
