"""Why a deed was not done. Doors translate these into a sentence, a status or a state of a mail."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from tickets.models import TicketEvent
    from tickets.policy import Verdict


class DeedRefused(Exception):
    """A deed that cannot be done; `str()` is one plain sentence for the person who tried."""


class NotAllowed(DeedRefused):
    """The policy said no."""

    def __init__(self, verdict: "Verdict") -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


class ChangedMeanwhile(DeedRefused):
    """Something happened to the ticket after the person's page was made. `events` says what, oldest first."""

    def __init__(self, events: "Sequence[TicketEvent]") -> None:
        super().__init__(
            _("This ticket changed while you were writing. Nothing was sent yet; look at what is new, then send again.")
        )
        self.events = list(events)


class CannedChanged(DeedRefused):
    """Somebody else saved a canned response after the person's form was made."""

    def __init__(self) -> None:
        super().__init__(
            _("This was changed while you were writing. Nothing was saved: look at what it says now, then save again.")
        )


class TakesPartAlready(DeedRefused):
    """Whoever is to be added to a ticket is on it already."""


class TooManyCollaborators(DeedRefused):
    """A ticket that has as many collaborators as one may have."""


class TooManyOpen(DeedRefused):
    """The person has as many open tickets as one may have at a time."""

    def __init__(self, number: str = "") -> None:
        """`number` was drawn for the ticket already, or is ""."""
        self.number = number
        super().__init__(
            _(
                "You have as many open tickets as one may have at a time. Answer one of them if it is about the same, "
                "or send this when one of them is solved: what you wrote and your files are still here."
            )
        )


class NothingWritten(DeedRefused):
    """A text that must not be empty is empty."""


class NotOffered(DeedRefused):
    """A choice that is archived, internal or unknown."""


class SenderNotOffered(NotOffered):
    """An address to write from that is gone, or is not for this agent."""


class DueDateRefused(NotOffered):
    """A due date that a ticket cannot have."""
