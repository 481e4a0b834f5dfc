"""Ticket: its facts, and the transitions between its five states."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from accounts.models import Organization, Team, User
from core.models import SiteSettings
from sla.models import Priority, SLAPlan, Wait
from tickets.models.department import Department
from tickets.models.states import FAR_FUTURE, WORKING, Awaiting, CloseReason, Source, Status
from tickets.models.ticket_queries import TicketQuerySet
from tickets.models.topic import HelpTopic

if TYPE_CHECKING:
    from tickets.models.thread import ThreadEntry

_WAITS: Mapping[Awaiting, Wait | None] = {
    Awaiting.AGENT: None,
    Awaiting.REQUESTER: Wait.REQUESTER,
    Awaiting.THIRD_PARTY: Wait.THIRD_PARTY,
}


class Ticket(FSMModelMixin, models.Model):
    """A request and where it stands. Its facts are kept by actions; status changes only by transition."""

    number = models.CharField(_("number"), max_length=32)
    subject = models.CharField(_("subject"), max_length=1000)
    status = FSMField(_("status"), max_length=10, choices=Status, default=Status.OPEN, protected=True)
    awaiting = models.CharField(_("awaiting"), max_length=10, choices=Awaiting, default=Awaiting.AGENT)
    source = models.CharField(_("source"), max_length=10, choices=Source)

    requester = models.ForeignKey(  # indexed by ticket_by_requester
        User, models.PROTECT, related_name="tickets", db_index=False, verbose_name=_("requester")
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="tickets", verbose_name=_("organisation")
    )
    # Few values, each on a large share of the tickets: no list is read by them, so topic, priority and plan have no
    # index. Every write of a ticket would pay for it.
    topic = models.ForeignKey(
        HelpTopic,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        db_index=False,
        verbose_name=_("help topic"),
    )
    department = models.ForeignKey(  # indexed by ticket_by_department
        Department, models.PROTECT, related_name="tickets", db_index=False, verbose_name=_("department")
    )
    priority = models.ForeignKey(
        Priority, models.PROTECT, related_name="tickets", db_index=False, verbose_name=_("priority")
    )
    sla_plan = models.ForeignKey(
        SLAPlan,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        db_index=False,
        verbose_name=_("SLA plan"),
    )
    # What is mostly null, or is asked for by being null, is indexed below without its nulls: SQLite would take an
    # index of them for a short way to few rows, and read the whole table by it.
    assignee = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned_tickets",
        db_index=False,
        verbose_name=_("assignee"),
    )
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="tickets", db_index=False, verbose_name=_("team")
    )
    follow_up_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="follow_ups",
        db_index=False,
        verbose_name=_("follows"),
    )
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="merged",
        db_index=False,
        verbose_name=_("merged into"),
    )

    opened_at = models.DateTimeField(_("opened"))
    first_response_at = models.DateTimeField(_("first response"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes"), null=True, blank=True)
    next_due_at = models.DateTimeField(_("next due"), default=FAR_FUTURE)
    # Set by an agent: the solution is due then, whatever the plan promises.
    manual_due_at = models.DateTimeField(_("due date"), null=True, blank=True)
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    last_activity_at = models.DateTimeField(_("last activity"))
    trashed_at = models.DateTimeField(_("in the trash since"), null=True, blank=True)
    close_reason = models.CharField(_("close reason"), max_length=10, choices=CloseReason, blank=True)
    entry_count = models.PositiveIntegerField(default=0)
    last_event_number = models.PositiveIntegerField(default=0)
    reopened_count = models.PositiveIntegerField(_("times reopened"), default=0)

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = [
            # Not `unique` on the field, which would add an index for LIKE that nothing uses.
            models.UniqueConstraint(fields=["number"], name="one_ticket_per_number"),
            models.CheckConstraint(
                condition=~Q(status=Status.ASSIGNED) | Q(assignee__isnull=False) | Q(team__isnull=False),
                name="assigned_has_agent_or_team",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.OPEN) | Q(assignee__isnull=True, team__isnull=True),
                name="open_has_neither_agent_nor_team",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.RESOLVED) | Q(resolved_at__isnull=False), name="resolved_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.CLOSED) | (Q(closed_at__isnull=False) & ~Q(close_reason="")),
                name="closed_has_time_and_reason",
            ),
        ]
        indexes = [
            # Queues "Open" and "Overdue" of a department, by the next deadline.
            models.Index(
                fields=["department", "next_due_at", "id"],
                name="ticket_working_by_department",
                condition=Q(status__in=WORKING, trashed_at=None, merged_into=None),
            ),
            # Queue "Mine", by the next deadline.
            models.Index(
                fields=["assignee", "next_due_at", "id"],
                name="ticket_working_by_assignee",
                condition=Q(status__in=WORKING, trashed_at=None, merged_into=None, assignee__isnull=False),
            ),
            # The same of a team.
            models.Index(
                fields=["team", "next_due_at", "id"],
                name="ticket_working_by_team",
                condition=Q(status__in=WORKING, trashed_at=None, merged_into=None, team__isnull=False),
            ),
            # Queues that hold a small part of a department's work, or that part which is due last.
            models.Index(
                fields=["department", "next_due_at", "id"],
                name="ticket_unassigned",
                condition=Q(status__in=WORKING, trashed_at=None, merged_into=None, assignee=None, team=None),
            ),
            models.Index(
                fields=["department", "next_due_at", "id"],
                name="ticket_snoozed",
                condition=Q(status__in=WORKING, trashed_at=None, merged_into=None, snoozed_until__isnull=False),
            ),
            models.Index(
                fields=["department", "awaiting", "next_due_at", "id"],
                name="ticket_awaiting",
                condition=Q(status__in=WORKING, trashed_at=None, merged_into=None),
            ),
            # All departments at once, by the next deadline; the sweep's check of what is overdue.
            models.Index(
                fields=["next_due_at", "id"],
                name="ticket_working_by_deadline",
                condition=Q(status__in=WORKING, trashed_at=None, merged_into=None),
            ),
            # Queues "Resolved" and "Closed": newest first.
            models.Index(
                fields=["status", "-last_activity_at", "-id"],
                name="ticket_by_status_activity",
                condition=Q(trashed_at=None, merged_into=None),
            ),
            # The same of one department, which may have had its last one years ago.
            models.Index(fields=["department", "status", "-last_activity_at", "-id"], name="ticket_by_department"),
            # Both of what came by one way, which may be a rare one.
            models.Index(
                fields=["source", "next_due_at", "id"],
                name="ticket_working_by_source",
                condition=Q(status__in=WORKING, trashed_at=None, merged_into=None),
            ),
            models.Index(
                fields=["source", "status", "-last_activity_at", "-id"],
                name="ticket_by_source",
                condition=Q(trashed_at=None, merged_into=None),
            ),
            # Both of what an agent or a team has; and whether anything was ever assigned to them, so that they stay.
            models.Index(
                fields=["assignee", "status", "-last_activity_at", "-id"],
                name="ticket_of_assignee",
                condition=Q(assignee__isnull=False),
            ),
            models.Index(
                fields=["team", "status", "-last_activity_at", "-id"],
                name="ticket_of_team",
                condition=Q(team__isnull=False),
            ),
            # What followed a ticket.
            models.Index(fields=["follow_up_of"], name="ticket_by_follow_up", condition=Q(follow_up_of__isnull=False)),
            # What was merged into a ticket: the database asks before one goes.
            models.Index(fields=["merged_into"], name="ticket_by_merged", condition=Q(merged_into__isnull=False)),
            # A requester's tickets, newest first.
            models.Index(fields=["requester", "-id"], name="ticket_by_requester"),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"

    def refresh_from_db(self, using: Any = None, fields: Any = None, from_queryset: Any = None) -> None:
        """Read the row anew, as any model does.

        django_fsm lifts the protection of `status` for that, of all tickets in all threads, and two threads at once
        trip over each other. Here the one status gives way that is read.
        """
        if fields is None:
            deferred = self.get_deferred_fields()
            self._prefetched_objects_cache: dict[str, Any] = {}
            fields = [field.attname for field in self._meta.concrete_fields if field.attname not in deferred]
        before = {"status": self.__dict__.pop("status")} if "status" in fields and "status" in self.__dict__ else {}
        try:
            models.Model.refresh_from_db(self, using=using, fields=fields, from_queryset=from_queryset)
        except BaseException:
            self.__dict__.update(before)
            raise

    @cached_property
    def clock_changes(self) -> list[dict[str, Any]]:
        """What became of clocks since the last event, which the next one is to tell (tickets.clocks)."""
        return []

    @property
    def is_working(self) -> bool:
        return self.status in WORKING

    @cached_property
    def first_entry(self) -> "ThreadEntry":
        """What it was opened with. Who opens it knows it already."""
        return self.entries.get(number=1)

    @property
    def waits(self) -> list[Wait]:
        """What it waits for, in the order of Wait. Resolved or closed it waits for nothing."""
        if not self.is_working:
            return []
        waits = {_WAITS[Awaiting(self.awaiting)], Wait.SNOOZED if self.snoozed_until else None}
        return [wait for wait in Wait if wait in waits]

    @property
    def held_by(self) -> User | Team | None:
        """The agent who has the ticket, else the team that has it."""
        return self.assignee or self.team

    @property
    def is_acknowledged(self) -> bool:
        """Say whether a mail confirms that it was opened (PARITY H05, D07, N10)."""
        places = (self.department, self.topic) if self.topic else (self.department,)
        return all(place.acknowledges for place in places) and SiteSettings.load().acknowledges

    @property
    def are_messages_acknowledged(self) -> bool:
        """Say whether a mail confirms to whoever writes a further message that it came (PARITY D07, N10)."""
        places = (self.department, self.topic) if self.topic else (self.department,)
        return SiteSettings.load().acknowledges_messages and all(place.acknowledges_messages for place in places)

    # --- Transitions: they change this row's fields only, and only actions call them --------------

    @transition(status, source=list(WORKING), target=Status.ASSIGNED)
    def assign(self, to: User | Team) -> None:
        """An agent or a team has it now. An agent leaves the team as it is: they take it for the team."""
        if isinstance(to, Team):
            self.team, self.assignee = to, None
        else:
            self.assignee = to

    @transition(status, source=Status.ASSIGNED, target=Status.OPEN)
    @transition(status, source=Status.REOPENED, target=Status.REOPENED)
    def release(self) -> None:
        """Nobody has it any more."""
        self.assignee = self.team = None

    @transition(status, source=[Status.OPEN, Status.ASSIGNED], target=Status.OPEN)
    @transition(status, source=Status.REOPENED, target=Status.REOPENED)
    def transfer(self, to: Department) -> None:
        """Another department's now, and nobody's in it yet."""
        self.department = to
        self.assignee = self.team = None

    @transition(status, source=list(WORKING), target=Status.RESOLVED)
    def resolve(self, at: datetime, close_after: timedelta) -> None:
        """Every question is answered; the requester may still object."""
        self.resolved_at = at
        self.snoozed_until = None
        self.closes_at = at + close_after
        self.awaiting = Awaiting.REQUESTER

    @transition(status, source=Status.RESOLVED, target=Status.CLOSED)
    def close(self, at: datetime, reason: CloseReason) -> None:
        """Done: confirmed, or not objected to."""
        self._end(at, reason)

    @transition(status, source=list(WORKING), target=Status.CLOSED)
    def close_unresolved(self, at: datetime, reason: CloseReason) -> None:
        """Done without an answer, such as spam."""
        self._end(at, reason)

    @transition(status, source=[Status.RESOLVED, Status.CLOSED], target=Status.REOPENED)
    def reopen(self) -> None:
        """Not solved after all. Whoever had it keeps it."""
        self.resolved_at = self.closed_at = self.closes_at = None
        self.close_reason = ""
        self.reopened_count += 1
        self.awaiting = Awaiting.AGENT

    def _end(self, at: datetime, reason: CloseReason) -> None:
        self.closed_at = at
        self.closes_at = self.snoozed_until = None
        self.close_reason = reason
