"""How handing a message over ended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from mail.models import Fault, MailState

HandOver = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Answer:
    """How it ended: sent, deferred (try again), bounced, failed or perhaps_sent; None when the claim was lost.

    `fault`: whose it is, where the answer says so; of our account, no recipient can help it. `is_certain`: trying
    again at once would only make it worse. `wait`: how long a service asks us to. `service_id`: its name for the mail.
    """

    state: MailState | None
    text: str = ""
    fault: Fault | None = None
    is_certain: bool = False
    wait: timedelta | None = None
    service_id: str = ""


LOST = Answer(None, "The claim was lost.")


def one_line(said: str) -> str:
    """Return it in one line that a database and a page take: of the other side's bytes anything may come."""
    return "".join(c if c.isprintable() else " " for c in said).strip()[:500]
