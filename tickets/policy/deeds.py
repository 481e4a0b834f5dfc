"""What can be done to a ticket: by which permission, by whose part in it, in which states, and the words of each no."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Permission
from tickets.models import Status


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
    SET_DUE_DATE = "set_due_date"
    REMOVE_DUE_DATE = "remove_due_date"
    CHANGE_SOURCE = "change_source"
    MOVE_ENTRY = "move_entry"
    SNOOZE = "snooze"
    WAKE = "wake"
    AWAIT_THIRD_PARTY = "await_third_party"
    AWAIT_REQUESTER = "await_requester"
    STOP_WAITING = "stop_waiting"
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
    Deed.SET_DUE_DATE: Permission.EDIT,
    Deed.REMOVE_DUE_DATE: Permission.EDIT,
    Deed.CHANGE_SOURCE: Permission.EDIT,
    Deed.MOVE_ENTRY: Permission.EDIT,
    Deed.SNOOZE: Permission.REPLY,
    Deed.WAKE: Permission.REPLY,
    Deed.AWAIT_THIRD_PARTY: Permission.REPLY,
    Deed.AWAIT_REQUESTER: Permission.REPLY,
    Deed.STOP_WAITING: Permission.REPLY,
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
    Deed.SET_DUE_DATE,
    Deed.WAKE,
}

# Whoever a ticket was given to without working in its department may finish it. Who works there has a role,
# which alone decides.
HOLDER = frozenset({Permission.REPLY, Permission.NOTE, Permission.CLAIM, Permission.RELEASE, Permission.RESOLVE})
# Whoever manages a department may do to its tickets what can be done at all.
MANAGER = frozenset(permission for permission in Permission if permission.startswith("ticket."))
# A referral lets one read and note, not reply.
REFERRED = frozenset({Permission.NOTE})

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
    Deed.SET_DUE_DATE: WORKING,
    Deed.REMOVE_DUE_DATE: WORKING,
    Deed.CHANGE_SOURCE: WORKING,
    Deed.MOVE_ENTRY: EVERY,
    Deed.SNOOZE: WORKING,
    Deed.WAKE: WORKING,
    Deed.AWAIT_THIRD_PARTY: WORKING,
    Deed.AWAIT_REQUESTER: WORKING,
    Deed.STOP_WAITING: WORKING,
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
NO_DUE_DATE = _("This ticket has no due date of its own.")
NOT_SNOOZED = _("This ticket is not snoozed.")
AWAITS_NOBODY = _("It is your turn already: this ticket awaits nobody else.")
STATE_FORBIDS_CHANGE = _("A ticket that is resolved or closed cannot be changed. Reopen it first.")
