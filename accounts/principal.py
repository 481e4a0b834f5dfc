"""Principal: who looks or acts, and through which door. Built once per door, handed to everything below it."""

from dataclasses import dataclass
from enum import StrEnum

from accounts.models import User


class Face(StrEnum):
    DESK = "desk"
    PORTAL = "portal"
    LINK = "link"
    MAIL = "mail"
    ADMIN = "admin"
    API = "api"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is both agent and requester counts as what the face is for.

    `only_ticket_id` bounds a link, and a mail that answers, to its one ticket. `cause` says why the system acts, such
    as "timer:close_after", and is kept with the event. `viewer` is the administrator who looks through the
    agent's eyes: such a principal sees what the agent sees and does nothing.
    """

    user: User | None
    face: Face
    only_ticket_id: int | None = None
    cause: str = ""
    api_key_id: int | None = None
    viewer: User | None = None

    @classmethod
    def agent(cls, user: User) -> "Principal":
        return cls(user=user, face=Face.DESK)

    @classmethod
    def seen_by(cls, viewer: User, agent: User) -> "Principal":
        return cls(user=agent, face=Face.DESK, viewer=viewer)

    @classmethod
    def requester(cls, user: User) -> "Principal":
        return cls(user=user, face=Face.PORTAL)

    @classmethod
    def link(cls, user: User, ticket_id: int) -> "Principal":
        return cls(user=user, face=Face.LINK, only_ticket_id=ticket_id)

    @classmethod
    def mail(cls, user: User, ticket_id: int | None, cause: str) -> "Principal":
        """A person who wrote a mail; it proves nothing beyond the ticket that it answers."""
        return cls(user=user, face=Face.MAIL, only_ticket_id=ticket_id, cause=cause)

    @classmethod
    def administrator(cls, user: User) -> "Principal":
        return cls(user=user, face=Face.ADMIN)

    @classmethod
    def api(cls, key_id: int) -> "Principal":
        """A program with a key: it opens tickets for people, and sees none."""
        return cls(user=None, face=Face.API, cause=f"api:{key_id}", api_key_id=key_id)

    @classmethod
    def system(cls, cause: str) -> "Principal":
        return cls(user=None, face=Face.SYSTEM, cause=cause)

    @property
    def only_looks(self) -> bool:
        """Whether somebody else looks through this person's eyes: nothing may be done by it."""
        return self.viewer is not None

    @property
    def acts_as_agent(self) -> bool:
        return self.face == Face.DESK and self.user is not None and self.user.is_agent and self.user.is_active

    @property
    def acts_as_requester(self) -> bool:
        return self.face in {Face.PORTAL, Face.LINK, Face.MAIL} and self.user is not None and self.user.is_active
