"""Who may do what to a ticket. Doors ask to show or hide; actions ask again after the lock."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from django.db.models import BooleanField, Case, Model, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Permission, Team, User
from accounts.principal import Principal
from core.models import SiteSettings
from tickets.errors import NotAllowed
from tickets.models import AssignableTo, Department, DepartmentAccess, Referral, Status, Ticket
from tickets.models.grants import grants_of


class Deed(StrEnum):
    VIEW = "view"
    MESSAGE = "message"
    REPLY = "reply"
    NOTE = "note"
    ASSIGN = "assign"
    CLAIM = "claim"
    RELEASE = "release"
    TRANSFER = "transfer"
    REFER = "refer"
    REMOVE_REFERRAL = "remove_referral"
    ADD_COLLABORATOR = "add_collaborator"
    REMOVE_COLLABORATOR = "remove_collaborator"
    LEAVE = "leave"
    CHANGE_PRIORITY = "change_priority"
    CHANGE_TOPIC = "change_topic"
    CHANGE_PLAN = "change_plan"
    RESOLVE = "resolve"
    CLOSE = "close"
    CLOSE_UNRESOLVED = "close_unresolved"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes or no, why in one sentence, and the grants by which the principal sees the ticket."""

    ok: bool
    reason: str = ""
    grants: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.ok


AGENT_DEEDS: Mapping[Deed, Permission] = {
    Deed.REPLY: Permission.REPLY,
    Deed.NOTE: Permission.NOTE,
    Deed.ASSIGN: Permission.ASSIGN,
    Deed.CLAIM: Permission.CLAIM,
    Deed.RELEASE: Permission.RELEASE,
    Deed.TRANSFER: Permission.TRANSFER,
    Deed.REFER: Permission.REFER,
    Deed.REMOVE_REFERRAL: Permission.REFER,
    Deed.ADD_COLLABORATOR: Permission.REPLY,
    Deed.REMOVE_COLLABORATOR: Permission.REPLY,
    Deed.CHANGE_PRIORITY: Permission.EDIT,
    Deed.CHANGE_TOPIC: Permission.EDIT,
    Deed.CHANGE_PLAN: Permission.EDIT,
    Deed.RESOLVE: Permission.RESOLVE,
    Deed.CLOSE: Permission.RESOLVE,
    Deed.REOPEN: Permission.RESOLVE,
    Deed.CLOSE_UNRESOLVED: Permission.CLOSE_UNRESOLVED,
}
REQUESTER_DEEDS = {Deed.MESSAGE, Deed.CLOSE, Deed.REOPEN, Deed.ADD_COLLABORATOR, Deed.REMOVE_COLLABORATOR}
COLLABORATOR_DEEDS = {Deed.MESSAGE, Deed.LEAVE}
# By these it is one's own ticket.
REQUESTER_GRANTS = frozenset({"requester", "link"})
SYSTEM_DEEDS = {
    Deed.MESSAGE,
    Deed.ADD_COLLABORATOR,
    Deed.CLOSE,
    Deed.RELEASE,
    Deed.ASSIGN,
    Deed.CHANGE_PRIORITY,
    Deed.NOTE,
}

# Whoever a ticket was given to without working in its department may finish it. Who works there has a role,
# which alone decides.
HOLDER = frozenset({Permission.REPLY, Permission.NOTE, Permission.CLAIM, Permission.RELEASE, Permission.RESOLVE})
# Whoever manages a department may do to its tickets what can be done at all.
MANAGER = frozenset(permission for permission in Permission if permission.startswith("ticket."))
# A referral lets one read and note, not reply.
REFERRED = frozenset({Permission.NOTE})

# An agent has a handful of roles; this many are looked at.
MOST_ROLES = 100
MOST_PLACES = 1000

# In which states a deed makes sense; every door shows the sentence behind it otherwise.
WORKING = frozenset({Status.OPEN, Status.ASSIGNED, Status.REOPENED})
EVERY = frozenset(Status)
STATES: Mapping[Deed, frozenset[Status]] = {
    Deed.VIEW: EVERY,
    Deed.MESSAGE: EVERY,
    Deed.REPLY: EVERY,
    Deed.NOTE: EVERY,
    Deed.ASSIGN: WORKING,
    Deed.CLAIM: WORKING,
    Deed.RELEASE: frozenset({Status.ASSIGNED, Status.REOPENED}),
    Deed.TRANSFER: WORKING,
    Deed.REFER: EVERY,
    Deed.REMOVE_REFERRAL: EVERY,
    Deed.ADD_COLLABORATOR: EVERY,
    Deed.REMOVE_COLLABORATOR: EVERY,
    Deed.LEAVE: EVERY,
    Deed.CHANGE_PRIORITY: WORKING,
    Deed.CHANGE_TOPIC: WORKING,
    Deed.CHANGE_PLAN: WORKING,
    Deed.RESOLVE: WORKING,
    Deed.CLOSE: frozenset({Status.RESOLVED}),
    Deed.CLOSE_UNRESOLVED: WORKING,
    Deed.REOPEN: frozenset({Status.RESOLVED, Status.CLOSED}),
}

UNSEEN = _("There is no such ticket, or it is not yours to see.")
NOT_IN_ROLE = _("Your role in this department does not include this.")
NOT_IN_ANY_ROLE = _("None of your roles includes this.")
NOT_FOR_REQUESTERS = _("Only agents can do this.")
NOT_FOR_COLLABORATORS = _("Only the person who opened this ticket can do this.")
ONLY_FOR_COLLABORATORS = _("Only a collaborator can leave a ticket.")
ONLY_WITH_A_PART = _("Only people who take part in this ticket can write to it.")
NOT_FOR_SYSTEM = _("This needs a person.")
ONLY_LOOKING = _("You are looking at the desk with somebody else's rights, so nothing can be done here.")
NOT_AT_THIS_DOOR = _("This cannot be done from here.")
PAST_REOPENING = _("This ticket was closed too long ago to be reopened. A new message opens a new ticket.")
NOT_FOR_AGENTS = _("Only the requester can do this.")
WRONG_STATE: Mapping[Deed, "str | Promise"] = {
    Deed.ASSIGN: _("A ticket that is resolved or closed cannot be assigned. Reopen it first."),
    Deed.CLAIM: _("A ticket that is resolved or closed cannot be claimed. Reopen it first."),
    Deed.RELEASE: _("Nobody has this ticket, so it cannot be given back."),
    Deed.TRANSFER: _("A ticket that is resolved or closed cannot be transferred. Reopen it first."),
    Deed.RESOLVE: _("This ticket is already resolved or closed."),
    Deed.CLOSE: _("Only a resolved ticket can be closed like this."),
    Deed.CLOSE_UNRESOLVED: _("This ticket is already resolved or closed."),
    Deed.REOPEN: _("This ticket is still being worked on, so there is nothing to reopen."),
}
STATE_FORBIDS_CHANGE = _("A ticket that is resolved or closed cannot be changed. Reopen it first.")


@dataclass(frozen=True, slots=True)
class Standing:
    """What one principal is to one ticket: asked once, it answers for every deed."""

    principal: Principal
    grants: tuple[str, ...]
    permissions: frozenset[str]
    # Whether this is an agent of the department to whom its tickets are not given (Department.assignable_to).
    is_passed_over: bool = False
    # What an agent's roles allow in some department or other (see `permissions_anywhere`).
    anywhere: frozenset[str] = frozenset()

    def may(self, deed: Deed, ticket: Ticket, *, to: Model | None = None, at: datetime | None = None) -> Verdict:
        """Say whether the deed is open, and why not. See `policy.may`."""
        reason = self._refusal(deed, ticket, at)
        if reason is None and to is not None:
            reason = _target_refusal(deed, ticket, to)
        return Verdict(reason is None, str(reason or ""), self.grants)

    def _refusal(self, deed: Deed, ticket: Ticket, at: datetime | None) -> "str | Promise | None":
        if not self.grants:
            return UNSEEN
        if deed == Deed.VIEW:
            return None
        if reason := ONLY_LOOKING if self.principal.only_looks else self._right_refusal(deed):
            return reason
        if ticket.status not in STATES[deed]:
            return WRONG_STATE.get(deed, STATE_FORBIDS_CHANGE)
        if deed == Deed.RELEASE and ticket.held_by is None:
            return WRONG_STATE[deed]
        if deed == Deed.CLAIM:
            return self._claim_refusal(ticket)
        if deed == Deed.REOPEN and self.principal.acts_as_requester and is_past_reopening(ticket, at):
            return PAST_REOPENING
        return None

    def _right_refusal(self, deed: Deed) -> "str | Promise | None":
        if "system" in self.grants:
            return None if deed in SYSTEM_DEEDS else NOT_FOR_SYSTEM
        if self.principal.acts_as_agent:
            if deed == Deed.MESSAGE:
                return NOT_FOR_AGENTS
            if deed == Deed.LEAVE:
                return ONLY_FOR_COLLABORATORS
            return None if AGENT_DEEDS[deed] in self.permissions else NOT_IN_ROLE
        return self._requester_refusal(deed) if self.principal.acts_as_requester else NOT_AT_THIS_DOOR

    def _requester_refusal(self, deed: Deed) -> "str | Promise | None":
        """Say why somebody on the requester's side may not. Whoever sees the ticket by another grant only reads."""
        asks, helps = not REQUESTER_GRANTS.isdisjoint(self.grants), "collaborator" in self.grants
        if (asks and deed in REQUESTER_DEEDS) or (helps and deed in COLLABORATOR_DEEDS):
            return None
        if deed == Deed.LEAVE:
            return ONLY_FOR_COLLABORATORS
        if deed == Deed.MESSAGE:
            return ONLY_WITH_A_PART
        return NOT_FOR_COLLABORATORS if deed in REQUESTER_DEEDS else NOT_FOR_REQUESTERS

    def _claim_refusal(self, ticket: Ticket) -> str | None:
        if ticket.assignee_id is None:
            # Who takes it for their team need not be of the department.
            is_passed_over = self.is_passed_over and "team" not in self.grants
            return _not_primary(self.principal.user, ticket.department) if is_passed_over else None
        if self.principal.user is not None and ticket.assignee_id == self.principal.user.pk:
            return _now("You already have this ticket.")
        sentence = (
            _now("%(name)s has this ticket. Assign it to yourself to take it over.")
            if Permission.ASSIGN in self.permissions
            else _now("%(name)s has this ticket.")
        )
        return sentence % {"name": ticket.assignee.display_name if ticket.assignee else ""}


def may(
    principal: Principal, deed: Deed, ticket: Ticket, *, to: Model | None = None, at: datetime | None = None
) -> Verdict:
    """Say whether `principal` may do `deed` to `ticket`, and why not.

    `to` is what the deed leads to (an agent or team to assign to, a department to transfer to); without it the
    question is whether the deed is open at all. `at` matters to deeds that a time limit ends: reopening by a requester.
    """
    return standing(principal, ticket).may(deed, ticket, to=to, at=at)


def require(
    principal: Principal, deed: Deed, ticket: Ticket, *, to: Model | None = None, at: datetime | None = None
) -> Verdict:
    """Return the verdict if it is yes, else raise NotAllowed with it."""
    verdict = may(principal, deed, ticket, to=to, at=at)
    if not verdict.ok:
        raise NotAllowed(verdict)
    return verdict


def allows(principal: Principal, permission: Permission) -> Verdict:
    """Say whether an agent may do what belongs to no department, such as looking people up: any role will do."""
    if not principal.acts_as_agent:
        return Verdict(False, str(NOT_AT_THIS_DOOR))
    if principal.only_looks and permission != Permission.PERSON_VIEW:
        return Verdict(False, str(ONLY_LOOKING))
    ok = permission in permissions_anywhere(principal)
    return Verdict(ok, "" if ok else str(NOT_IN_ANY_ROLE))


def permissions_anywhere(principal: Principal) -> frozenset[str]:
    """Return what an agent's roles allow in some department or other. One query.

    Who only looks with the agent's rights may look people up, if the agent may.
    """
    if not principal.acts_as_agent:
        return frozenset()
    roles = DepartmentAccess.objects.filter(agent=principal.user).values_list("role__permissions", flat=True)
    return _within_looking(principal, roles.distinct()[:MOST_ROLES])


def _within_looking(principal: Principal, roles: Iterable[Iterable[str]]) -> frozenset[str]:
    allowed = frozenset(name for permissions in roles for name in permissions)
    return allowed & {Permission.PERSON_VIEW} if principal.only_looks else allowed


def require_anywhere(principal: Principal, permission: Permission) -> None:
    """Raise NotAllowed, with the reason, unless one of the agent's roles allows what belongs to no department."""
    if not (verdict := allows(principal, permission)):
        raise NotAllowed(verdict)


def require_target(deed: Deed, ticket: Ticket, to: Model) -> None:
    """Raise NotAllowed if the deed cannot lead to `to`, whoever does it."""
    if reason := _target_refusal(deed, ticket, to):
        raise NotAllowed(Verdict(False, reason))


def standing(principal: Principal, ticket: Ticket) -> Standing:
    """Return what `principal` is to `ticket`. Three queries at most, whatever the number of grants."""
    grants = holding_grants(principal, ticket)
    permissions: set[str] = set()
    anywhere: frozenset[str] = frozenset()
    is_passed_over = False
    if principal.acts_as_agent and grants:
        role, anywhere = _roles(principal, ticket)
        # Asked for by the row, not by the grant: who sees only what is assigned to them works there all the same.
        if {"department", "assigned", "team"}.intersection(grants):
            permissions.update(HOLDER if role is None else role.permissions)
            only_primary = ticket.department.assignable_to == AssignableTo.PRIMARY
            is_passed_over = only_primary and role is not None and not role.is_primary
        if "manager" in grants:
            permissions |= MANAGER
            is_passed_over = False
        # It allows no more than this, so whoever may do it anyway need not be asked about.
        if "referral" in grants and not permissions.issuperset(REFERRED):
            permissions |= _referred_permissions(principal, ticket)
    return Standing(principal, grants, frozenset(permissions), is_passed_over, anywhere)


class _RoleHere(NamedTuple):
    permissions: Collection[str]
    is_primary: bool


def _roles(principal: Principal, ticket: Ticket) -> tuple[_RoleHere | None, frozenset[str]]:
    """Return the agent's role in the ticket's department, if any, and what their roles allow anywhere. One query."""
    elsewhere = Case(When(department=ticket.department_id, then=Value(0)), default=Value(1))
    rows = DepartmentAccess.objects.filter(agent=principal.user).order_by(elsewhere, "pk")
    found = list(rows.values_list("department", "role__permissions", "is_primary")[:MOST_PLACES])
    here = next((_RoleHere(*row[1:]) for row in found if row[0] == ticket.department_id), None)
    return here, _within_looking(principal, (row[1] for row in found))


def _referred_permissions(principal: Principal, ticket: Ticket) -> set[str]:
    """Return what referrals allow: to a department, no more than the agent's role in it does."""
    assert principal.user is not None  # acts_as_agent
    role = DepartmentAccess.objects.filter(agent=principal.user, department=OuterRef("department"))
    referrals = Referral.objects.held_by(principal.user).filter(ticket=ticket)
    rows = referrals.values_list("department", "department__manager", Subquery(role.values("role__permissions")[:1]))
    allowed: set[str] = set()
    for department, manager, permissions in rows:
        is_whole = department is None or manager == principal.user.pk
        allowed |= REFERRED if is_whole else REFERRED.intersection(permissions or ())
    return allowed


def holding_grants(principal: Principal, ticket: Ticket) -> tuple[str, ...]:
    """Return the names of the grants by which `principal` sees this ticket; empty if none.

    A ticket in the trash, or merged, is seen by nobody but the system.
    """
    grants = grants_of(principal)
    if not grants:
        return ()
    if "system" in grants:
        return ("system",)
    flags = {
        f"by_{name}": Case(When(grant, then=Value(True)), default=Value(False), output_field=BooleanField())
        for name, grant in grants.items()
    }
    row = Ticket.objects.visible_to(principal).filter(pk=ticket.pk).annotate(**flags).values(*flags).first()
    return tuple(name for name in grants if row[f"by_{name}"]) if row else ()


def reopens_until(ticket: Ticket) -> datetime | None:
    """Return until when the requester may reopen a closed ticket; None while it is not closed."""
    if ticket.closed_at is None:
        return None
    return ticket.closed_at + (ticket.department.reopen_within or SiteSettings.load().reopen_within)


def is_past_reopening(ticket: Ticket, at: datetime | None) -> bool:
    """Say whether the requester comes too late: a message now opens a new ticket that follows this one."""
    until = reopens_until(ticket)
    return until is not None and (at is None or at > until)


# --- What a deed leads to ------------------------------------------------------------------------


def assignable(department: Department) -> QuerySet[User]:
    """Return the agents to whom a ticket of `department` may be assigned, for pickers; `why_not_assigned` agrees."""
    return department.assignable_agents()


def why_not_assigned(department: Department, agent: User) -> str | None:
    """Return why a ticket of `department` cannot be assigned to `agent`, or None if it can."""
    if not (agent.is_agent and agent.is_active):
        return _now("%(name)s is not an active agent.") % {"name": agent}
    if agent.on_vacation:
        return _now("%(name)s is on vacation.") % {"name": agent}
    if department.assignable_to == AssignableTo.EVERYONE or department.manager_id == agent.pk:
        return None
    access = DepartmentAccess.objects.filter(agent=agent, department=department).values_list("is_primary").first()
    if access is None:
        return _now("%(name)s does not work in %(department)s. Transfer the ticket first.") % {
            "name": agent,
            "department": department,
        }
    if department.assignable_to == AssignableTo.PRIMARY and not access[0]:
        return _not_primary(agent, department)
    return None


def _not_primary(agent: User | None, department: Department) -> str:
    return _now(
        "Tickets of %(department)s are given only to agents who belong to it first of all, unlike %(name)s."
    ) % {
        "name": agent,
        "department": department,
    }


def _target_refusal(deed: Deed, ticket: Ticket, to: Model) -> str | None:
    if getattr(to, "archived_at", None) is not None:
        return _now("“%(name)s” is archived. Choose another.") % {"name": to}
    if getattr(to, "disabled_at", None) is not None:
        return _now("“%(name)s” is disabled. Choose another.") % {"name": to}
    if deed == Deed.REFER:
        return _referral_refusal(ticket, to)
    if isinstance(to, User) and ticket.assignee_id == to.pk:
        return _now("%(name)s already has this ticket.") % {"name": to}
    if isinstance(to, User):
        return why_not_assigned(ticket.department, to)
    if isinstance(to, Team) and ticket.team_id == to.pk and ticket.assignee_id is None:
        return _now("%(name)s already has this ticket.") % {"name": to}
    if isinstance(to, Department) and deed == Deed.TRANSFER and ticket.department_id == to.pk:
        return _now("This ticket is already in %(name)s.") % {"name": to}
    return None


def _referral_refusal(ticket: Ticket, to: Model) -> str | None:
    """Return why `to` needs no referral, or can have none."""
    name = {"name": to}
    if isinstance(to, Department):
        if ticket.department_id == to.pk:
            return _now("This ticket is already in %(name)s.") % name
        held = Q(department=to)
    elif isinstance(to, Team):
        held = Q(team=to)
    elif isinstance(to, User) and to.is_agent and to.is_active:
        if {"department", "manager", "assigned"}.intersection(holding_grants(Principal.agent(to), ticket)):
            return _now("%(name)s sees this ticket already.") % name
        held = Q(agent=to)
    else:
        return _now("%(name)s is not an active agent.") % name
    return _now("%(name)s has access already.") % name if ticket.referrals.filter(held).exists() else None
