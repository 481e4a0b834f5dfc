"""Outcome: what became of a mail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mail.models import IncomingMail, IncomingState, OutgoingMail, Reason
from tickets.models import ThreadEntry, Ticket
from tickets.thread import clean_text

# Codes of mail.models.Remark and of mail.parsing.remarks, each with what its sentence names.
Remarks: TypeAlias = list[tuple[str, dict[str, str]]]


@dataclass(slots=True)
class Outcome:
    """What became of a mail, and why."""

    state: IncomingState
    reason: Reason
    ticket: Ticket | None = None
    entry: ThreadEntry | None = None
    duplicate_of: IncomingMail | None = None
    bounced: OutgoingMail | None = None
    remarks: Remarks = field(default_factory=list)
    authentication: dict[str, str] = field(default_factory=dict)
    remote_images: Sequence[str] = ()
    error: str = ""


def told(remarks: Remarks) -> list[Any]:
    """Return remarks as they are kept: both databases refuse NUL and half characters in JSON."""
    return [[str(code), {name: clean_text(str(value)) for name, value in params.items()}] for code, params in remarks]
