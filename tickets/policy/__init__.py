"""Who may do what to a ticket. Doors ask to show or hide; actions ask again after the lock."""

from datetime import datetime

from django.db.models import Model

from accounts.models import Permission
from accounts.principal import Principal
from tickets.errors import NotAllowed
from tickets.models import Ticket
from tickets.policy.deeds import (
    AGENT_DEEDS,
    NOT_AT_THIS_DOOR,
    NOT_IN_ANY_ROLE,
    ONLY_LOOKING,
    UNSEEN,
    Deed,
    Verdict,
)
from tickets.policy.holding import departments_where, permissions_anywhere
from tickets.policy.judging import Standing, standing
from tickets.policy.reopening import is_past_reopening, reopens_until
from tickets.policy.targets import assignable, target_refusal, why_not_assigned

__all__ = [
    "AGENT_DEEDS",
    "UNSEEN",
    "Deed",
    "Standing",
    "Verdict",
    "allows",
    "assignable",
    "departments_where",
    "is_past_reopening",
    "may",
    "permissions_anywhere",
    "reopens_until",
    "require",
    "require_anywhere",
    "require_target",
    "standing",
    "why_not_assigned",
]


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


def require_anywhere(principal: Principal, permission: Permission) -> None:
    """Raise NotAllowed, with the reason, unless one of the agent's roles allows what belongs to no department."""
    if not (verdict := allows(principal, permission)):
        raise NotAllowed(verdict)


def require_target(deed: Deed, ticket: Ticket, to: Model) -> None:
    """Raise NotAllowed if the deed cannot lead to `to`, whoever does it."""
    if reason := target_refusal(deed, ticket, to):
        raise NotAllowed(Verdict(False, reason))
