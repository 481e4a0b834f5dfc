"""TicketQuerySet: the questions asked of many tickets."""

from collections.abc import Mapping, Set
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from accounts.models import Team, User
from accounts.principal import Principal
from tickets.models.grants import BROAD_GRANTS, OWN_GRANTS, grants_of
from tickets.models.people import Referral
from tickets.models.states import WORKING, Awaiting, Status

if TYPE_CHECKING:
    from tickets.models.ticket import Ticket  # noqa: F401 - named below, where ruff does not look


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Questions, chainable. Reads start from `visible_to`."""

    def live(self) -> "TicketQuerySet":
        """Neither in the trash nor merged into another."""
        return self.filter(trashed_at=None, merged_into=None)

    def visible_to(self, principal: Principal, by: Set[str] | None = None) -> "TicketQuerySet":
        """Tickets that `principal` may read: the union of `grants_of`, or of those that `by` names."""
        grants = grants_of(principal)
        return self.granted(grants if by is None else {name: grants[name] for name in grants if name in by})

    def granted(self, grants: Mapping[str, Q]) -> "TicketQuerySet":
        """Tickets for which one of these conditions holds.

        Each condition has an index, which databases do not use for an OR of them. Who has few tickets gets a union of
        keys, found each by its own index; where a condition takes in much of the table, lists are read in their order
        until a page is full, and an OR is what lets them.
        """
        if not grants:
            return self.none()
        if grants.keys() & BROAD_GRANTS or grants.keys() <= OWN_GRANTS or len(grants) == 1:
            return self.live().filter(reduce(or_, grants.values()))
        first, *others = (self.model.objects.filter(grant).values("pk") for grant in grants.values())
        return self.live().filter(pk__in=first.union(*others, all=True))

    def working(self) -> "TicketQuerySet":
        """Open, assigned and reopened: what the queue "Open" holds."""
        return self.filter(status__in=WORKING)

    def resolved(self) -> "TicketQuerySet":
        return self.filter(status=Status.RESOLVED)

    def closed(self) -> "TicketQuerySet":
        return self.filter(status=Status.CLOSED)

    def unassigned(self) -> "TicketQuerySet":
        return self.filter(assignee=None, team=None)

    def assigned_to(self, agent: User) -> "TicketQuerySet":
        """Assigned to the agent, or to a team of theirs and to nobody in it yet."""
        # A condition, not a join: a ticket of a team with many members is still one ticket.
        teams = Team.members.through.objects.filter(user=agent).values("team")
        return self.filter(Q(assignee=agent) | Q(assignee=None, team__in=teams))

    def awaiting_requester(self) -> "TicketQuerySet":
        return self.filter(awaiting=Awaiting.REQUESTER)

    def awaiting_third_party(self) -> "TicketQuerySet":
        return self.filter(awaiting=Awaiting.THIRD_PARTY)

    def snoozed(self, at: datetime) -> "TicketQuerySet":
        return self.filter(snoozed_until__gt=at)

    def awake(self, at: datetime) -> "TicketQuerySet":
        """Not snoozed at `at`, or no longer."""
        return self.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=at))

    def overdue(self, at: datetime) -> "TicketQuerySet":
        """With a running promise that is broken at `at`."""
        return self.filter(next_due_at__lte=at)

    def handed_over_by(self, agent: User) -> "TicketQuerySet":
        """Given away by the agent, who kept access."""
        # A list of keys, not a condition on each row: SQLite would ask it of every ticket.
        kept = Referral.objects.filter(agent=agent).values("ticket")
        return self.filter(pk__in=kept).exclude(assignee=agent)
