"""Who takes part in a ticket: Participant (requester's side) and Referral (access kept or given at the desk)."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Address, Team, User
from core.prepared import Prepared, Question
from tickets.models.department import Department, DepartmentAccess


class Part(models.TextChoices):
    REQUESTER = "requester", _("Requester")
    COLLABORATOR = "collaborator", _("Collaborator")


class ParticipantQuerySet(models.QuerySet["Participant"]):
    def by_own_address(self) -> "ParticipantQuerySet":
        """Those who are not switched off and whose address is still theirs.

        It may have become somebody else's in the moment in which a rule added them by it (accounts.moving).
        """
        return self.filter(user__is_active=True, address__user=F("user"))

    def reached(self, ticket: Any) -> "ParticipantQuerySet":
        """Those who take part in the ticket and can be reached, with their addresses."""
        return self.by_own_address().filter(ticket=ticket).select_related("address").order_by("pk")


class Participant(models.Model):
    """A person on the requester's side, and the address they are reached at about this ticket."""

    ticket = models.ForeignKey("tickets.Ticket", models.PROTECT, related_name="participants", db_index=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="participations")
    address = models.ForeignKey(Address, models.PROTECT, related_name="participations")
    role = models.CharField(max_length=12, choices=Part, default=Part.REQUESTER)
    added_at = models.DateTimeField()

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        constraints = [
            # Also serves the people of a ticket.
            models.UniqueConstraint(fields=["ticket", "user"], name="one_part_per_person_and_ticket"),
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(role=Part.REQUESTER), name="one_requester_per_ticket"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.ticket}"

    @classmethod
    def requester_of(cls, ticket: Any) -> "Participant | None":
        """Return who asked, with their address; None if they are switched off."""
        return _REQUESTER.first(ticket=ticket)

    @classmethod
    def question(cls, ticket: Any) -> Question:
        """Return what `requester_of` asks."""
        return _REQUESTER, {"ticket": ticket}


_REQUESTER = Prepared(lambda ticket: Participant.objects.reached(ticket).filter(role=Part.REQUESTER))


class ReferralQuerySet(models.QuerySet["Referral"]):
    def held_by(self, agent: User) -> "ReferralQuerySet":
        return self.reaching(agent, sees_only_assigned=agent.sees_only_assigned)

    def reaching(self, agent: Any, *, sees_only_assigned: bool) -> "ReferralQuerySet":
        """Referrals to the agent, to a team of theirs, or to a department they work in or manage.

        To who sees only what is assigned to them, a referral to their department says nothing.
        """
        teams = Team.members.through.objects.filter(user=agent).values("team")
        managed = Department.objects.filter(manager=agent).values("pk")
        held = Q(agent=agent) | Q(team__in=teams) | Q(department__in=managed)
        if not sees_only_assigned:
            held |= Q(department__in=DepartmentAccess.objects.filter(agent=agent).values("department"))
        return self.filter(held)


class Referral(models.Model):
    """Access to a ticket outside one's departments: read and note. A transfer leaves one with the giver."""

    ticket = models.ForeignKey("tickets.Ticket", models.PROTECT, related_name="referrals")
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+", db_index=False)
    agent = models.ForeignKey(User, models.PROTECT, null=True, related_name="referrals", db_index=False)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+", db_index=False)
    referred_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = ReferralQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(department__isnull=False, agent__isnull=True, team__isnull=True)
                    | Q(department__isnull=True, agent__isnull=False, team__isnull=True)
                    | Q(department__isnull=True, agent__isnull=True, team__isnull=False)
                ),
                name="referral_to_exactly_one",
            ),
            # The holder comes first: these also serve what somebody was given access to.
            models.UniqueConstraint(
                fields=["department", "ticket"],
                condition=Q(department__isnull=False),
                name="one_referral_per_department",
            ),
            models.UniqueConstraint(
                fields=["agent", "ticket"], condition=Q(agent__isnull=False), name="one_referral_per_agent"
            ),
            models.UniqueConstraint(
                fields=["team", "ticket"], condition=Q(team__isnull=False), name="one_referral_per_team"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket} → {self.holder}"

    @property
    def holder(self) -> Department | User | Team:
        holder = self.department or self.agent or self.team
        assert holder is not None  # the check constraint above
        return holder
