"""People: who they are, how they are reached, what they may do."""

from accounts.models.address import Address
from accounts.models.audit import AuditEvent, AuditKind
from accounts.models.invitation import Invitation
from accounts.models.lock import Lock
from accounts.models.note import Note
from accounts.models.organization import Members, Organization, OrganizationDomain
from accounts.models.preferences import AfterReply, Confirms, PageSize, Preferences, Signs, ThreadOrder, UndoTime
from accounts.models.role import Permission, Role
from accounts.models.team import Team
from accounts.models.user import Agent, User

__all__ = [
    "Address",
    "AfterReply",
    "Agent",
    "AuditEvent",
    "AuditKind",
    "Confirms",
    "Invitation",
    "Lock",
    "Members",
    "Note",
    "Organization",
    "OrganizationDomain",
    "PageSize",
    "Permission",
    "Preferences",
    "Role",
    "Signs",
    "Team",
    "ThreadOrder",
    "UndoTime",
    "User",
]
