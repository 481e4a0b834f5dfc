"""The ledger's row of a mail that is being taken in: all that is written into it while one worker holds it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from core.models.work import holding
from core.prepared import Prepared, Question, whole
from mail.models import IncomingMail, IncomingState
from mail.outcome import Outcome, told
from tickets.models import ThreadEntry
from tickets.thread import clean_text

_HELD = Prepared(lambda pk, claim: holding(IncomingMail.objects.all(), pk, claim))
_STILL_HELD = Prepared(lambda pk, claim: holding(IncomingMail.objects.all(), pk, claim).values_list("pk", flat=True))
_SAME = Prepared(lambda identity: IncomingMail.objects.filter(identity=identity).values_list("pk", flat=True))


class ClaimLost(Exception):
    """Somebody else holds the mail by now; nothing of what was about to be done stands."""


class OneTooMany(Exception):
    """So many mails of its sender were taken in meanwhile that this one waits; nothing of it stands."""


@dataclass(slots=True)
class Held:
    """A mail that we hold under `claim`.

    `said` is what it says of itself, field → value, its identity among it. It is written together with what becomes of
    the mail, so that nearly every mail is one write; whatever is done before that must `claim_identity` first.
    """

    mail: IncomingMail
    claim: UUID
    said: dict[str, Any] = field(default_factory=dict)
    is_first: bool = False
    is_finished: bool = False

    def says(self, identity: str, said: dict[str, str]) -> None:
        """Note what the mail says of itself; nothing is written yet."""
        self.said = {"identity": identity, **said}
        for name, value in said.items():
            setattr(self.mail, name, value)

    def is_known(self) -> bool:
        """Say whether another mail has this one's identity already."""
        return any(pk != self.mail.pk for pk in _SAME.all(identity=self.said["identity"]))

    def question(self) -> Question:
        """Return what `is_known` asks."""
        return _SAME, {"identity": self.said["identity"]}

    def claim_identity(self) -> None:
        """Write what the mail says of itself, unless that is done. Raises as `finish` does."""
        if not self.is_first:
            with whole():
                self._write(self.said)
            self.is_first = True

    def be_second(self) -> IncomingMail | None:
        """Claim the identity; return the mail that had it before, which keeps it, if there is one. Raises ClaimLost."""
        try:
            self.claim_identity()
        except IntegrityError:
            identity = self.said.pop("identity")
            same = IncomingMail.objects.select_related("ticket", "entry").filter(identity=identity)
            return same.exclude(pk=self.mail.pk).get()
        return None

    def put_into(self, entry: ThreadEntry, limits: Question | None = None) -> None:
        """Write down what entry the mail became, before more is done with it. Raises as `finish` does."""
        self.put(limits, **self.said, entry=entry, ticket=entry.ticket)

    def put(self, limits: Question | None = None, **changes: Any) -> None:
        """Write something into the row, in the transaction of what it tells of. Raises as `finish` does."""
        self._write(changes, limits)

    def finish(self, outcome: Outcome, at: datetime, limits: Question | None = None) -> None:
        """Write down what became of the mail. Raises ClaimLost, IntegrityError if it came before.

        With `limits` (screening.within_limits) raises OneTooMany where they are passed by now.
        """
        changes: dict[str, Any] = {
            **self.said,
            "state": outcome.state,
            "reason": outcome.reason,
            "ticket": outcome.ticket,
            "entry": outcome.entry,
            "duplicate_of": outcome.duplicate_of,
            "bounced": outcome.bounced,
            "remarks": told(outcome.remarks),
            "remote_images": [clean_text(address) for address in outcome.remote_images],
            "authentication": outcome.authentication,
            "last_error": clean_text(outcome.error),
            "taken_in_at": at,
            "due_at": None,
            "claim": None,
        }
        if outcome.entry is None:
            # What was written before something failed stays known: taken in again, the mail is not written twice.
            del changes["entry"]
        self._write(changes, limits)
        self.is_finished = True
        for name, value in changes.items():
            setattr(self.mail, name, value)

    def as_stored(self) -> IncomingMail:
        """Return the mail as who could not take it in knows it: what was begun may have been rolled back."""
        self.mail.state, self.mail.reason = IncomingState.STORED, ""
        self.mail.ticket = self.mail.entry = None
        return self.mail

    def _write(self, changes: dict[str, Any], limits: Question | None = None) -> None:
        mine = {"pk": self.mail.pk, "claim": self.claim}
        rows, values = limits or (_HELD, mine)
        if rows.update(changes, **values):
            return
        if limits is not None and _STILL_HELD.all(**mine):
            raise OneTooMany
        raise ClaimLost
