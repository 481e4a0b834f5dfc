"""Source: what the fetcher asks of a server, whichever protocol it speaks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mail.models import Door

# Larger mails come piece by piece, so that none fills the memory and each answer comes in time.
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail on the server. `place` names it in the ledger, "" where it has no lasting name; `key` to the server.

    `is_ours`: it is to be stored, if it is not. `is_done`: the server knows already all that we would tell it.
    """

    place: str
    key: int
    is_ours: bool = True
    is_done: bool = False

    @property
    def name(self) -> str:
        """By which it is known from turn to turn; without a place by its number, which may be another's by then."""
        return self.place or f"#{self.key}"


@dataclass(frozen=True, slots=True)
class About:
    """What the server says of one mail; a size of 0 is none."""

    size: int
    arrived_at: datetime | None = None


class Source(Protocol):
    """An open mailbox. Everything raises Trouble if the connection does not hold."""

    @property
    def door(self) -> Door: ...

    @property
    def count(self) -> int:
        """How many mails lie there."""

    @property
    def complaint(self) -> str:
        """What the administrator should know of it, as a sentence, though mails can be fetched."""

    def letters(self, *, through: bool) -> Sequence[Letter]:
        """Return what may have to be done, in order of arrival; with `through` everything that lies there."""

    def about(self, letters: Sequence[Letter]) -> Mapping[int, About]:
        """Return size and arrival by key. Who is missing has vanished."""

    def read(self, letter: Letter, *, size: int) -> Iterator[bytes]:
        """Yield a mail's bytes. Raises NotHandedOut, Vanished."""

    def read_head(self, letter: Letter) -> bytes:
        """Return the header lines alone. Raises NotHandedOut, Vanished."""

    def tell(self, letters: Sequence[Letter]) -> None:
        """Mark, move or delete what is stored, as the mailbox wants it. Raises CannotTell."""

    def close(self) -> None:
        """End the session, so that the server does what it does at the end. Raises nothing."""
