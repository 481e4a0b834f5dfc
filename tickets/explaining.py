"""Why somebody sees a ticket or does not, and who sees it at all: the grants in words, and read the other way round.

Whether a grant holds is asked of the policy. What stands here beside each only finds words for it, and the people
for whom it holds; tests/security/test_oracle.py compares these with the grants in many made-up worlds.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Members, Permission, Team, User
from accounts.principal import Face, Principal
from tickets import policy
from tickets.models import DepartmentAccess, Participant, Referral, Ticket
from tickets.models.people import Part
from tickets.policy import AGENT_DEEDS, Deed, Verdict

People = QuerySet[User]
# What is listed of referrals in a sentence.
MOST_NAMED = 5

LABELS: Mapping[str, "str | Promise"] = {
    "department": gettext_lazy("Works in the department"),
    "manager": gettext_lazy("Manages the department"),
    "assigned": gettext_lazy("Has the ticket"),
    "team": gettext_lazy("Is in the team that has it"),
    "referral": gettext_lazy("Reads along"),
    "requester": gettext_lazy("Asked"),
    "collaborator": gettext_lazy("Takes part"),
    "organisation": gettext_lazy("Is of the organisation that shares it"),
}
OF_FACE: Mapping[Face, tuple[str, ...]] = {
    Face.DESK: ("department", "manager", "assigned", "team", "referral"),
    Face.PORTAL: ("requester", "collaborator", "organisation"),
}
DEEDS: Mapping[Deed, "str | Promise"] = {
    Deed.VIEW: gettext_lazy("See the ticket"),
    Deed.MESSAGE: gettext_lazy("Write a message"),
    Deed.REPLY: Permission.REPLY.label,
    Deed.NOTE: Permission.NOTE.label,
    Deed.ASSIGN: gettext_lazy("Assign"),
    Deed.CLAIM: gettext_lazy("Claim"),
    Deed.RELEASE: gettext_lazy("Give back"),
    Deed.TRANSFER: gettext_lazy("Transfer"),
    Deed.REFER: gettext_lazy("Let others read along"),
    Deed.REMOVE_REFERRAL: gettext_lazy("Take that away again"),
    Deed.ADD_COLLABORATOR: gettext_lazy("Add a collaborator"),
    Deed.REMOVE_COLLABORATOR: gettext_lazy("Remove a collaborator"),
    Deed.LEAVE: gettext_lazy("Leave the ticket"),
    Deed.SNOOZE: gettext_lazy("Snooze"),
    Deed.WAKE: gettext_lazy("End the snooze"),
    Deed.AWAIT_THIRD_PARTY: gettext_lazy("Await a third party"),
    Deed.AWAIT_REQUESTER: gettext_lazy("Await the requester again"),
    Deed.STOP_WAITING: gettext_lazy("It is our turn"),
    Deed.CHANGE_PRIORITY: gettext_lazy("Change the priority"),
    Deed.CHANGE_TOPIC: gettext_lazy("Change the help topic"),
    Deed.CHANGE_PLAN: gettext_lazy("Change the SLA plan"),
    Deed.SET_DUE_DATE: gettext_lazy("Set the due date"),
    Deed.REMOVE_DUE_DATE: gettext_lazy("Remove the due date"),
    Deed.CHANGE_SOURCE: gettext_lazy("Change the source"),
    Deed.MOVE_ENTRY: gettext_lazy("Move a message to another ticket"),
    Deed.RESOLVE: gettext_lazy("Resolve"),
    Deed.CLOSE: gettext_lazy("Close once it is resolved"),
    Deed.CLOSE_UNRESOLVED: gettext_lazy("Close without an answer"),
    Deed.REOPEN: gettext_lazy("Reopen"),
}


# --- Why, or why not -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """One way to see the ticket: whether it is open to this person, and why."""

    name: str
    label: "str | Promise"
    holds: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Allowed:
    permission: Permission
    holds: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """`permissions` is empty for requesters, whose rights come from their part in the ticket alone."""

    verdict: Verdict
    ways: list[Way]
    permissions: list[Allowed]
    # What keeps everybody out, or this person everywhere: said first.
    obstacle: str

    @property
    def is_seen(self) -> bool:
        """Whether any way opens the ticket to the person, whatever they may do there."""
        return any(way.holds for way in self.ways)


def explain(principal: Principal, deed: Deed, ticket: Ticket, *, at: datetime) -> Explanation:
    """Return what the policy says, which grants held, and why the others did not."""
    standing = policy.standing(principal, ticket)
    user = principal.user
    assert user is not None
    ways = [
        Way(name, LABELS[name], name in standing.grants, WORDS[name](user, ticket)) for name in OF_FACE[principal.face]
    ]
    permissions = (
        [Allowed(one, one in standing.permissions) for one in Permission if one in AGENT_DEEDS.values()]
        if principal.face == Face.DESK
        else []
    )
    return Explanation(standing.may(deed, ticket, at=at), ways, permissions, _obstacle(principal, ticket))


def _obstacle(principal: Principal, ticket: Ticket) -> str:
    user = principal.user
    if ticket.trashed_at is not None:
        return _("The ticket is in the trash, where nobody sees it.")
    if ticket.merged_into_id is not None:
        return _("The ticket was merged into another, which is seen in its place.")
    if user is not None and not user.is_active:
        return _("%(name)s is switched off and sees nothing.") % {"name": user}
    if principal.face == Face.DESK and user is not None and not user.is_agent:
        return _("%(name)s is no agent, and the desk is for agents alone.") % {"name": user}
    return ""


def _department_words(user: User, ticket: Ticket) -> str:
    access = DepartmentAccess.objects.filter(agent=user, department=ticket.department_id).select_related("role").first()
    words = {"name": user, "department": ticket.department, "role": access.role if access else ""}
    if access is None:
        return _("%(name)s does not work in %(department)s.") % words
    if user.sees_only_assigned:
        return _("%(name)s works in %(department)s as “%(role)s”, but sees only what is assigned.") % words
    return _("%(name)s works in %(department)s as “%(role)s”.") % words


def _manager_words(user: User, ticket: Ticket) -> str:
    words = {"name": user, "department": ticket.department}
    if ticket.department.manager_id == user.pk:
        return _("%(name)s manages %(department)s.") % words
    return _("%(name)s does not manage %(department)s.") % words


def _assigned_words(user: User, ticket: Ticket) -> str:
    if ticket.assignee is None:
        return _("No agent has the ticket.")
    return _("%(name)s has the ticket.") % {"name": ticket.assignee}


def _team_words(user: User, ticket: Ticket) -> str:
    if ticket.team is None:
        return _("No team has the ticket.")
    words = {"name": user, "team": ticket.team}
    if ticket.team.members.filter(pk=user.pk).exists():
        return _("The team %(team)s has the ticket, and %(name)s is in it.") % words
    return _("The team %(team)s has the ticket, and %(name)s is not in it.") % words


def _referral_words(user: User, ticket: Ticket) -> str:
    named = ticket.referrals.select_related("agent", "team", "department").order_by("pk")
    held = [str(one.holder) for one in named.filter(pk__in=Referral.objects.held_by(user).values("pk"))[:MOST_NAMED]]
    if held:
        return _("It was referred to %(holders)s.") % {"holders": ", ".join(held)}
    others = [str(one.holder) for one in named[:MOST_NAMED]]
    if not others:
        return _("It was referred to nobody.")
    return _("It was referred to %(holders)s, which says nothing for %(name)s.") % {
        "holders": ", ".join(others),
        "name": user,
    }


def _requester_words(user: User, ticket: Ticket) -> str:
    return _("%(name)s opened the ticket, or it was opened for them.") % {"name": ticket.requester}


def _collaborator_words(user: User, ticket: Ticket) -> str:
    if _taking_part(ticket, Part.COLLABORATOR).filter(user=user).exists():
        return _("%(name)s was added to the ticket.") % {"name": user}
    return _("%(name)s was not added to the ticket.") % {"name": user}


def _organisation_words(user: User, ticket: Ticket) -> str:
    organization = ticket.organization
    words = {"name": user, "organisation": organization or ""}
    if organization is None:
        return _("The ticket belongs to no organisation.")
    if user.organization_id != organization.pk:
        return _("The ticket belongs to %(organisation)s, and %(name)s is not of it.") % words
    if organization.archived_at is not None:
        return _("%(organisation)s is archived and shares nothing.") % words
    match organization.sharing:
        case Members.ALL:
            return _("%(organisation)s shares its tickets with everybody in it.") % words
        case Members.PRIMARY if user.is_primary_contact:
            return _("%(organisation)s shares its tickets with its primary contacts, and %(name)s is one.") % words
        case Members.PRIMARY:
            return _("%(organisation)s shares its tickets with its primary contacts, and %(name)s is none.") % words
    return _("%(organisation)s does not share its tickets.") % words


WORDS: Mapping[str, Callable[[User, Ticket], str]] = {
    "department": _department_words,
    "manager": _manager_words,
    "assigned": _assigned_words,
    "team": _team_words,
    "referral": _referral_words,
    "requester": _requester_words,
    "collaborator": _collaborator_words,
    "organisation": _organisation_words,
}


# --- Who sees it -----------------------------------------------------------------------------------


def seers(name: str, ticket: Ticket) -> People:
    """Return the people who see the ticket by the grant of that name. Nobody, while it is in the trash or merged."""
    if ticket.trashed_at is not None or ticket.merged_into_id is not None:
        return User.objects.none()
    return SEERS[name](ticket)


def who_sees(ticket: Ticket, agents: Collection[int]) -> set[int]:
    """Return which of these agents see the ticket at the desk, by whatever grant.

    One grant after another is asked, of those who have none so far: mostly the first is enough for all.
    """
    found: set[int] = set()
    for name in OF_FACE[Face.DESK]:
        if missing := set(agents) - found:
            found.update(seers(name, ticket).filter(pk__in=missing).order_by().values_list("pk", flat=True))
    return found


def _taking_part(ticket: Ticket, part: Part) -> QuerySet[Participant]:
    return Participant.objects.filter(ticket=ticket, role=part)


def _working_there(ticket: Ticket) -> People:
    agents = User.objects.agents().filter(sees_only_assigned=False)
    return agents.filter(Exists(_access(OuterRef("pk")).filter(department=ticket.department_id)))


def _access(agent: Any) -> QuerySet[DepartmentAccess]:
    access: QuerySet[DepartmentAccess] = DepartmentAccess.objects.filter(agent=agent)
    return access


def _reading_along(ticket: Ticket) -> People:
    referrals = Referral.objects.filter(ticket=ticket)
    departments = referrals.filter(department__isnull=False).values("department")
    members = Team.members.through.objects.filter(team__in=referrals.filter(team__isnull=False).values("team"))
    works_there = Q(sees_only_assigned=False) & Q(Exists(_access(OuterRef("pk")).filter(department__in=departments)))
    return User.objects.agents().filter(
        Q(pk__in=referrals.filter(agent__isnull=False).values("agent"))
        | Q(pk__in=members.values("user"))
        | Q(pk__in=referrals.filter(department__manager__isnull=False).values("department__manager"))
        | works_there
    )


def _sharing(ticket: Ticket) -> People:
    organization = ticket.organization
    people = User.objects.filter(is_active=True, organization=ticket.organization_id)
    if organization is None or organization.archived_at is not None:
        return people.none()
    match organization.sharing:
        case Members.ALL:
            return people
        case Members.PRIMARY:
            return people.filter(is_primary_contact=True)
    return people.none()


def _participants(part: Part) -> Callable[[Ticket], People]:
    return lambda ticket: User.objects.filter(is_active=True, pk__in=_taking_part(ticket, part).values("user"))


SEERS: Mapping[str, Callable[[Ticket], People]] = {
    "department": _working_there,
    "manager": lambda ticket: User.objects.agents().filter(manages=ticket.department_id),
    "assigned": lambda ticket: User.objects.agents().filter(pk=ticket.assignee_id or 0),
    "team": lambda ticket: User.objects.agents().filter(teams=ticket.team_id or 0),
    "referral": _reading_along,
    "requester": _participants(Part.REQUESTER),
    "collaborator": _participants(Part.COLLABORATOR),
    "organisation": _sharing,
}


def roles_in(ticket: Ticket, people: list[User]) -> dict[int, str]:
    """Return the name of the role that each of these agents has in the ticket's department, as far as they have one."""
    access = DepartmentAccess.objects.filter(agent__in=people, department=ticket.department_id)
    return dict(access.values_list("agent", "role__name"))
