"""People: who they are, how they are reached, what they may do."""

from accounts.models.address import Address
from accounts.models.organization import Organization
from accounts.models.role import Permission, Role
from accounts.models.team import Team
from accounts.models.user import Agent, User

__all__ = ["Address", "Agent", "Organization", "Permission", "Role", "Team", "User"]
