"""What one principal is to one ticket, and so what they may do."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext as _now

from accounts.models import Permission
from accounts.principal import Principal
from tickets.models import AssignableTo, Awaiting, Ticket
from tickets.policy.deeds import (
    AGENT_DEEDS,
    AWAITS_NOBODY,
    COLLABORATOR_DEEDS,
    HOLDER,
    MANAGER,
    NO_DUE_DATE,
    NOT_AT_THIS_DOOR,
    NOT_FOR_AGENTS,
    NOT_FOR_COLLABORATORS,
    NOT_FOR_REQUESTERS,
    NOT_FOR_SYSTEM,
    NOT_IN_ROLE,
    NOT_SNOOZED,
    ONLY_FOR_COLLABORATORS,
    ONLY_LOOKING,
    ONLY_WITH_A_PART,
    PAST_REOPENING,
    REFERRED,
    REQUESTER_DEEDS,
    REQUESTER_GRANTS,
    STATE_FORBIDS_CHANGE,
    STATES,
    SYSTEM_DEEDS,
    UNSEEN,
    WRONG_STATE,
    Deed,
    Verdict,
)
from tickets.policy.holding import holding_grants, referred_permissions, roles_of
from tickets.policy.reopening import is_past_reopening
from tickets.policy.targets import not_primary, target_refusal


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
            reason = target_refusal(deed, ticket, to)
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
        if deed == Deed.REMOVE_DUE_DATE and ticket.manual_due_at is None:
            return NO_DUE_DATE
        if deed == Deed.WAKE and ticket.snoozed_until is None:
            return NOT_SNOOZED
        if deed == Deed.STOP_WAITING and ticket.awaiting == Awaiting.AGENT:
            return AWAITS_NOBODY
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
            return not_primary(self.principal.user, ticket.department) if is_passed_over else None
        if self.principal.user is not None and ticket.assignee_id == self.principal.user.pk:
            return _now("You already have this ticket.")
        sentence = (
            _now("%(name)s has this ticket. Assign it to yourself to take it over.")
            if Permission.ASSIGN in self.permissions
            else _now("%(name)s has this ticket.")
        )
        return sentence % {"name": ticket.assignee.display_name if ticket.assignee else ""}


def standing(principal: Principal, ticket: Ticket) -> Standing:
    """Return what `principal` is to `ticket`. Three queries at most, whatever the number of grants."""
    grants = holding_grants(principal, ticket)
    permissions: set[str] = set()
    anywhere: frozenset[str] = frozenset()
    is_passed_over = False
    if principal.acts_as_agent and grants:
        role, anywhere = roles_of(principal, ticket)
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
            permissions |= referred_permissions(principal, ticket)
    return Standing(principal, grants, frozenset(permissions), is_passed_over, anywhere)
